"""`safeconduct witness`: a process of its own, asked over HTTP, killed, stopped, looked at."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from safeconduct.adapters.witness_store import Jump
from safeconduct.cli.main import main
from safeconduct.core.tlog.note import Note, VerifierKey
from safeconduct.core.tlog.witness import monitoring_path, received_at
from safeconduct.sim.stage import Stage
from safeconduct.wiring.witness import open_witness
from tests.cli.typed import COMMAND
from tests.http_server import files, serving
from tests.unit.adapters.witness_scene import LOG_KEY, ORIGIN, Tree

NAME = "orva.example/witness"
MOST_KIB = 100_000


@dataclass
class Running:
    process: subprocess.Popen[str]
    said: Any

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        parts = urlsplit(self.said["url"])
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def memory_kib(self) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@contextmanager
def served(folder: Path, *words: str | Path) -> Iterator[Running]:
    process = subprocess.Popen(
        [str(COMMAND), "witness", "serve", str(folder), "--listen", "127.0.0.1:0", "--json", *map(str, words)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        with process.stdout as out:
            text = ""
            while not text.endswith("\n}\n"):
                line = out.readline()
                assert line, text
                text += line
            yield Running(process, json.loads(text))
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy").write_text(f"log {LOG_KEY}\nquorum none\n")
    assert (
        main(["witness", "init", str(tmp_path / "w"), "--name", NAME, "--policy", str(tmp_path / "policy")])
        == 0
    )
    return tmp_path / "w"


def command(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["witness", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_what_was_cosigned_survives_a_kill_and_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = Tree()
    with served(folder) as running:
        for old, size in ((0, 7), (7, 300), (300, 1_000)):
            assert running.ask("POST", "/add-checkpoint", tree.request(old, size))[0] == 200
        running.process.kill()
        assert running.process.wait(20) == -signal.SIGKILL
    with served(folder) as running:
        assert running.ask("POST", "/add-checkpoint", tree.request(7, 300)) == (409, b"1000\n")
        status, shown = running.ask("GET", monitoring_path(ORIGIN))
        assert (status, Note.parse(shown).text) == (200, tree.head(1_000).text)
        assert running.ask("POST", "/add-checkpoint", Tree(forked_at=900).request(1_000, 1_100))[0] == 422
        assert running.memory_kib() < MOST_KIB
        code, status_now = command(capsys, "status", folder)  # while it is served
        assert (code, status_now["logs"][0]["size"]) == (1, 1_000)
        assert [one["origin"] for one in status_now["evidence"]] == [ORIGIN]
        assert main(["witness", "serve", str(folder), "--listen", ":0"]) == 5
    assert (folder / "witness.jwk").stat().st_mode & 0o777 == 0o600
    out = folder.parent / "out"
    code, _ = command(capsys, "status", folder, "--export", out)
    assert code == 1
    assert sorted(path.name.partition("-")[0] for path in out.iterdir()) == ["held", "offers", "refused"]
    capsys.readouterr()
    assert main(["witness", "status", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "refused and kept: it was not shown that this head goes on" in said
    assert f"{ORIGIN}: 1000 entries, cosigned 20" in said


def test_offers_of_keys_that_the_archive_knows_get_a_signed_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage("offers", watching=False)
    archive = tmp_path / "archive"
    for path, content in stage.archive().files.items():
        (archive / path).parent.mkdir(parents=True, exist_ok=True)
        (archive / path).write_bytes(content)
    code, made = command(capsys, "init", tmp_path / "w", "--name", NAME, "--policy", archive / "policy")
    assert (code, made["follows"]) == (0, [str(stage.log_key)])
    key = VerifierKey.parse(made["verifier_key"])
    record = stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
    with served(tmp_path / "w", "--archive", archive) as running:
        status, answer = running.ask("POST", "/offered", record.entry)
        assert status == 200
        assert received_at(Note.parse(answer), record.entry, key) > 1_700_000_000
        stranger = stage.stranger("nobody/liaison").write("offered", clear={"leaf": "0" * 64})
        assert running.ask("POST", "/offered", stranger.entry)[0] == 403
        assert running.memory_kib() < MOST_KIB
    assert command(capsys, "status", tmp_path / "w", "--export", tmp_path / "out")[1]["offers"] == 1
    leaf, _, time = (tmp_path / "out" / "offers").read_text().strip().partition(" ")
    assert (leaf, time[-1]) == (record.leaf, "Z")


def test_the_policy_may_come_from_where_the_corridor_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = {"policy": f"log {LOG_KEY}\nquorum none\n".encode()}
    with serving(files(archive)) as corridor:
        code, made = command(capsys, "init", tmp_path / "w", "--name", NAME, "--corridor", corridor.url)
        assert (code, made["follows"]) == (0, [str(LOG_KEY)])
        assert command(capsys, "follow", tmp_path / "w", "--corridor", corridor.url)[0] == 0
        archive.clear()
        assert main(["witness", "follow", str(tmp_path / "w"), "--corridor", corridor.url]) == 5


def test_a_clock_that_is_behind_and_one_that_jumped_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ahead = 4_000_000_000
    with open_witness(folder) as here:
        here.memory.jumped(Jump(ahead, 900))
        here.memory._db.execute(
            "INSERT INTO heads VALUES (?, 1, ?, ?, ?)", (ORIGIN, bytes(32), ahead, note_of())
        )
    capsys.readouterr()
    assert main(["witness", "status", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "✗ clock: the clock says 20" in said
    assert "2096-10-02T07:06:40Z the clock jumped by 900 s" in said


def note_of() -> bytes:
    return Tree().head(1).print().encode()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("init w --name orva.example/witness", 4, "this is there already"),
        ("init x --name with+plus", 2, "not a key name"),
        ("init x --name n --policy nowhere", 5, "no such file"),
        ("init x --name n --policy w/name", 2, "no line of a policy"),
        ("init x --name n --policy policy --corridor http://x/", 2, "not allowed with"),
        ("follow w", 2, "required"),
        ("follow x --policy policy", 5, "no such file"),
        ("serve x", 5, "no such file"),
        ("serve w --listen nowhere", 2, "no place to listen"),
        ("status x", 5, "no such file"),
        ("status w --export w", 4, "there already"),
    ],
)
def test_what_cannot_be_done_is_said(  # noqa: PLR0917 - fixtures and a row
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    before = {*folder.parent.rglob("*")}
    assert main(["witness", *words.split()]) == code
    assert said in capsys.readouterr().err
    assert [
        path
        for path in folder.parent.rglob("*")
        if path not in before and not path.name.endswith(("-wal", "-shm"))
    ] == []
