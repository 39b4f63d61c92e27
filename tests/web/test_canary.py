"""Planted private values go in by the API, and come out nowhere but to those who may read them.

First they are found where they are; then nowhere else; then the scanner is shown to find a leak of each sort, where a
guard is off, or something is planted in what was just found clean.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import logging
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.kernel.spelling import parse_base64url
from safeconduct.service.access import SCHEME
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage
from safeconduct.web import logs
from safeconduct.wiring.offline import open_store
from tests.web.leaks import leaks
from tests.web.running import COMMAND, Answer, Running, running
from tests.web.served import founded, item

PLATE, DRIVER, SEAL, WORDS = "ZQ 80417", "Planted Person", "SEAL 99 PLANTED", "she carried a planted letter"
SHOWN = "PlantedTokenOfNobody"


@dataclass
class Scene:
    """What was captured, by where it was."""

    folder: Path
    surfaces: dict[str, bytes]
    planted: tuple[str, ...]
    written: list[Written]


def journey(stage: Stage) -> list[Written]:
    """One movement, with every private field that this scene plants."""
    passage = stage.passage(plate=PLATE, goods=[("1101", 20_000, "KGM")])
    return [
        passage.declare(private={"driver": DRIVER}),
        passage.grant(),
        passage.arrive(),
        passage.inspect(private={"words": WORDS}),
        passage.affix_seal(SEAL),
        passage.enter(),
        passage.exit(),
    ]


def opened(disclosure: str) -> list[object]:
    """Salt, name and value."""
    found: list[object] = json.loads(parse_base64url(disclosure, where="a disclosure"))
    return found


def seen(answer: Answer) -> bytes:
    """All of an answer: body and headers."""
    return answer.body + "".join(f"\n{name}: {value}" for name, value in answer.headers.items()).encode()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("canary") / "corridor"
    stage = founded(folder)
    written = journey(stage)
    disclosures = [text for one in written for text in one.disclosures]
    salts = tuple(str(opened(text)[0]) for text in disclosures)
    surfaces: dict[str, bytes] = {}
    with running(folder) as served:
        answer = served.hand_in(*written)
        assert [one["status"] for one in answer.document["records"]] == [201] * len(written), answer
        served.until_published()
        surfaces["api: receipts"] = seen(answer)
        for one in written:
            path = f"/api/records/{one.payload['jti']}"
            surfaces[f"api: {one.payload['evt']}"] = seen(served.get(path))
        surfaces |= {f"api: {name}": seen(answer) for name, answer in turned_away(served, written)}
        surfaces["api: openapi"] = seen(served.get("/api/openapi.json"))
        surfaces |= crawled(served)
        surfaces["ready"] = seen(served.get("/ready"))
        said = json.dumps(served.said).encode()
    surfaces["log"] = (folder.parent / "corridor.log").read_bytes() + said
    surfaces |= at_rest(folder)
    return Scene(folder, surfaces, (PLATE, DRIVER, SEAL, WORDS, SHOWN, *salts, *disclosures), written)


def turned_away(served: Running, written: list[Written]) -> Iterator[tuple[str, Answer]]:
    """Every way in which an answer might repeat what was sent."""
    first, other = item(written[0]), item(written[2])
    yield "wrong disclosures", served.post({**first, "disclosures": other["disclosures"]})
    yield "disclosures twice", served.post({**first, "disclosures": first["disclosures"] * 2})
    yield "no disclosure", served.post({**first, "disclosures": [PLATE, DRIVER]})
    yield "no record", served.post({**first, "record": f"{PLATE}.{DRIVER}.{SEAL}"})
    yield "values beside", served.post({**first, "nature": DRIVER})
    yield "half", served.post(json.dumps(first).encode()[:-9])
    yield "no JSON", served.post(f'{{"record": {PLATE}'.encode())
    yield "another type", served.ask("POST", "/api/records", DRIVER.encode(), content_type="text/plain")
    yield "path", served.get(f"/{quote(PLATE)}")
    yield "path of the API", served.get(f"/api/records/{quote(DRIVER)}")
    yield "path of a passage", served.get(f"/passages/{quote(PLATE)}")
    yield "token", served.get("/archive/checkpoint", authorization=f"{SCHEME} {SHOWN}")
    yield "method", served.ask("PURGE", "/api/records")
    served.get(
        f"/passages/?q={quote(PLATE)}"
    )  # its answer repeats the question to who asked; its log line must not


def crawled(served: Running) -> dict[str, bytes]:
    """Every page that the first one leads to, and every file of the public's archive."""
    found: dict[str, bytes] = {}
    waiting = ["/", "/public/checkpoint", "/public/policy"]
    while waiting and len(found) < 150:
        path = waiting.pop()
        name = f"page {path}"
        if name in found:
            continue
        answer = served.get(path)
        assert answer.status in (200, 404, 503), (path, answer)
        found[name] = seen(answer)
        if "text/html" in answer.headers.get("content-type", ""):
            waiting += re.findall(r'(?:href|src|action)="(/[^"#]*)"', answer.body.decode())
    assert len(found) > 20
    return found


def at_rest(folder: Path) -> dict[str, bytes]:
    """Public files, projections, database, and what a backup prints and writes for the log."""
    found = {
        f"public file {path.name}": path.read_bytes()
        for path in (folder / "published").rglob("*")
        if path.is_file()
    }
    with closing(sqlite3.connect(folder / "projections.db")) as database:
        found["projections"] = "\n".join(database.iterdump()).encode()
    for path in folder.glob("*.db*"):
        if path.name != "vault.db":
            found[f"database file {path.name}"] = path.read_bytes()
    found["database file vault.db"] = (folder / "vault.db").read_bytes()
    copies = folder.parent / "copies"
    said = subprocess.run(
        [*backup_command(), str(folder), str(copies / "log.db"), "--json"], capture_output=True, check=True
    )
    names = "\n".join(str(path.relative_to(copies)) for path in copies.rglob("*"))
    found["backup list"] = said.stdout + said.stderr + names.encode()
    found["backup of the log"] = (copies / "log.db").read_bytes()
    return found


def backup_command() -> list[str]:
    """`safeconduct backup`."""
    return [
        *COMMAND[:2],
        COMMAND[2].replace("'serve'", "'backup': 'safeconduct.cli.backup', 'serve'"),
        "backup",
    ]


def test_the_values_are_where_they_belong(scene: Scene) -> None:
    with open_store(scene.folder) as store:
        held = "\n".join(text for _, text in store.disclosures()).encode()
    assert {value for _, value in leaks({"sealed": held}, scene.planted)} == {*scene.planted} - {SHOWN}


def test_and_nowhere_else(scene: Scene) -> None:
    assert leaks(scene.surfaces, scene.planted) == []
    sorts = {name.split(":")[0].split(" ")[0] for name in scene.surfaces}
    assert sorts >= {"api", "page", "ready", "log", "public", "projections", "database", "backup"}


SORTS = [
    ("page /", "in a page"),
    ("api: receipts", "in an answer or a header"),
    ("api: wrong disclosures", "in an error"),
    ("log", "in a line of the log"),
    ("public file checkpoint", "in a public file"),
    ("projections", "in a row of the projections"),
    ("backup list", "in the list of a backup"),
    ("database file corridor.db", "in the database"),
]
HIDDEN: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "without spaces": lambda value: value.replace(" ", "").encode(),
    "in a path": lambda value: f"GET /{quote(value)} HTTP/1.1".encode(),
    "base64url": lambda value: base64.urlsafe_b64encode(f'["salt","plate","{value}"]'.encode()).rstrip(b"="),
    "base64url twice": lambda value: base64.urlsafe_b64encode(
        base64.urlsafe_b64encode(f"--{value}--".encode())
    ),
    "hex": lambda value: value.encode().hex().encode(),
}


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("name", "where"), SORTS, ids=[where for _, where in SORTS])
def test_a_leak_is_found(scene: Scene, name: str, where: str, hidden: str) -> None:
    clean = scene.surfaces[name]
    for value in (PLATE, SEAL):
        leaking = {name: clean + b'\n"' + HIDDEN[hidden](value) + b'"\n'}
        assert leaks(leaking, scene.planted) == [(name, value)]


def test_a_leak_in_a_packed_answer_is_found() -> None:
    assert leaks({"page": gzip.compress(DRIVER.encode())}, [DRIVER]) == [("page", DRIVER)]


def test_with_the_seal_off_the_database_tells_everything(scene: Scene, tmp_path: Path) -> None:
    """The same records in a store that seals nothing."""
    stage = Stage("unsealed", watching=False)
    path = tmp_path / "corridor.db"
    with SqliteStore(path, create=True) as store:
        told = Stage("unsealed", store=store, watching=False)
        journey(told)
        told.publish()
    del stage
    found = {value for _, value in leaks({"database": path.read_bytes()}, scene.planted)}
    assert found >= {PLATE, DRIVER, SEAL, WORDS}


def test_with_an_ordinary_log_the_path_is_told(scene: Scene) -> None:
    """What Django says of a path that is not there, by an ordinary handler and by ours."""
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "Not Found: %s", (f"/{PLATE}",), None
    )
    for formatter, found in ((logging.Formatter(), [("log", PLATE)]), (logs.Line(), [])):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        handler.emit(record)
        assert stream.getvalue()
        assert leaks({"log": stream.getvalue().encode()}, scene.planted) == found
