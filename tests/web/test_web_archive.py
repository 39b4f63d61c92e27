"""Archives over HTTP: who reads what, how long it may be kept, and that nothing else is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client, override_settings

from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.core.kernel.spelling import parse_base64url
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.tiles import Tile, split_bundle, tiles_of
from safeconduct.service.access import access_token
from safeconduct.service.ports import Clock, Store
from safeconduct.service.publication import PUBLIC_HEAD, Publication
from safeconduct.service.sequence import Sequencer
from safeconduct.service.shown import size_of
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import Stage, corridor_file
from safeconduct.web.archive.parties import Corridor
from safeconduct.web.archive.views import routes

YEAR = "max-age=31536000, immutable"
_NUMBERS = count(1)
current: Corridor | None = None


def corridor() -> Corridor:
    assert current is not None
    return current


class TheirTime:
    """Readers live in the corridor's time here."""

    def now(self) -> int:
        return corridor().clock.now()


urlpatterns = routes(corridor, readers_clock=TheirTime())


@dataclass
class Open:
    """A simulated corridor as a server has it, with its clock moved by hand."""

    stage: Stage
    folder: Path
    stopped: SafeconductError | None = None
    is_alone: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store: Store = self.stage.store
        self.founding: Founding = self.stage.founding
        self.clock: Clock = self.stage.clock
        self.sequencer: Sequencer | None = self.stage.log
        self.publication = Publication(self.store, self.founding, PublishFolder(self.folder))
        self.client = Client(enforce_csrf_checks=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        self.is_alone.append(True)
        yield

    def publish(self) -> None:
        self.stage.publish()
        self.publication.publish(self.stage.log)

    def get(self, path: str, *, by: str | None = None, method: str = "GET", **headers: str) -> Any:
        """As somebody who holds this key; nobody knows who it is without."""
        if by is not None:
            jti = f"019ca9f0-0000-7000-8000-{next(_NUMBERS):012x}"
            headers["authorization"] = access_token(
                self.stage.key(by),
                cor=self.stage.cor,
                path=path,
                now=self.clock.now(),
                jti=jti,
                method=method,
            )
        return self.client.generic(method, path, headers=headers)

    def archive(self, where: str, *, by: str | None = None) -> dict[str, bytes]:
        """A whole archive, as who fetches it has it: the disclosures before the head."""
        first = self.get(f"{where}disclosures.jsonl", by=by)
        files = {"disclosures.jsonl": first.content} if first.status_code == 200 else {}
        files["checkpoint"] = self.get(f"{where}checkpoint", by=by).content
        for path in ("policy", *(tile.path for tile in tiles_of(size_of(files["checkpoint"])))):
            answer = self.get(where + path, by=by)
            assert answer.status_code == 200, (path, answer.content)
            files[path] = answer.content
        return files


def problem(response: Any, status: int, rule: str = "") -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    document: dict[str, Any] = json.loads(response.content)
    assert (document["type"], document["status"], document["rule"]) == ("about:blank", status, rule)
    assert document["next_step"]
    return document


@contextmanager
def served(folder: Path, **made: Any) -> Iterator[Open]:
    global current  # noqa: PLW0603 - the corridor of the moment
    at_once = corridor_file("agreement.toml")
    delayed = at_once.replace(
        '[limits.publication_delay]\nvalue = "0 s"', '[limits.publication_delay]\nvalue = "1 d"'
    )
    assert delayed != at_once
    stage = Stage("archives", agreement=delayed, **made)
    here = Open(stage, folder)
    before, current = current, here
    with override_settings(ROOT_URLCONF=__name__):
        yield here
    current = before


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Open]:
    with served(tmp_path / "published") as opened:
        opened.stage.declare(plate="KM 4711").grant()
        opened.publish()
        yield opened


# Parties


def test_each_party_reads_a_whole_archive_that_its_auditor_finds_sound(here: Open) -> None:
    for seat in ("orva", "tessin"):
        files = here.archive("/archive/", by=f"{seat}/liaison")
        assert b"KM 4711" in decoded(files["disclosures.jsonl"])
        report = here.stage.audit(MemoryArchive(files), corridor=here.stage.cor)
        assert report.sound
        assert "disclosures.digest" not in report.rules


def decoded(data: bytes) -> bytes:
    return b"".join(
        parse_base64url(text) for line in data.splitlines() for text in json.loads(line)["disclosures"]
    )


def test_all_parties_read_the_same_bytes_at_once(here: Open) -> None:
    here.stage.declare(plate="KM 4712")
    here.publish()
    paths = ["checkpoint", "policy", *(tile.path for tile in tiles_of(here.store.size()))]
    answers = {
        by: [here.get(f"/archive/{path}", by=by) for path in paths]
        for by in ("orva/liaison", "tessin/liaison", "tessin/root", "mission/officer")
    }
    said = {
        by: [(each.status_code, each.content, sorted(each.headers.items())) for each in found]
        for by, found in answers.items()
    }
    assert all(found == said["orva/liaison"] for found in said.values())
    assert all(status == 200 for status, _, _ in said["orva/liaison"])
    assert answers["orva/liaison"][0].content == here.store.published()[-1].note


def test_what_is_disclosed_is_recorded_first_and_a_repeat_records_nothing(here: Open) -> None:
    size = here.store.size()
    answer = here.get("/archive/disclosures.jsonl", by="orva/liaison")
    assert answer["Cache-Control"] == "no-store"
    assert int(answer["Safeconduct-Size"]) == here.store.size() == size + 2, (
        "a head record, and the disclosure"
    )
    record = parse_entry(next(here.store.entries(size + 1)))
    assert (record.evt, record.payload["reader"]) == ("disclosure", "orva")
    assert size_of(here.get("/archive/checkpoint", by="tessin/liaison").content) == here.store.size()
    again = here.get("/archive/disclosures.jsonl", by="orva/root")
    assert (again.content, again["Safeconduct-Size"]) == (answer.content, answer["Safeconduct-Size"])
    assert here.is_alone == [True, True]


def test_where_nothing_can_be_appended_nothing_is_disclosed_and_the_rest_is_served(here: Open) -> None:
    here.stopped = Unavailable(
        "an old copy was put back", where="/var/lib/corridor", next_step="Bring back the newest"
    )
    assert here.get("/archive/checkpoint", by="orva/liaison").status_code == 200
    said = problem(here.get("/archive/disclosures.jsonl", by="orva/liaison"), 503)
    assert "/var" not in json.dumps(said)
    here.stopped, here.sequencer = None, None
    problem(here.get("/archive/disclosures.jsonl", by="orva/liaison"), 503)


def test_who_shows_no_key_of_a_seat_reads_nothing(here: Open) -> None:
    for path in ("checkpoint", "policy", "tile/0/000", "disclosures.jsonl", "nothing", ""):
        answer = here.get(f"/archive/{path}")
        problem(answer, 401, "access.token")
        assert answer["WWW-Authenticate"] == "Safeconduct"
    problem(here.get("/archive/checkpoint", by="a stranger"), 401, "access.token")
    problem(here.get("/archive/checkpoint", by="north-gate/post"), 403, "access.seat")
    assert here.store.size() == here.publication.parties().size, "nothing was recorded"


def test_a_token_opens_its_path_once(here: Open) -> None:
    path = "/archive/checkpoint"
    jti = f"019ca9f0-0000-7000-8000-{next(_NUMBERS):012x}"
    token = access_token(
        here.stage.key("orva/liaison"), cor=here.stage.cor, path=path, now=here.clock.now(), jti=jti
    )
    problem(here.get("/archive/policy", authorization=token), 401, "access.token")
    assert here.get(path, authorization=token).status_code == 200
    assert "used already" in problem(here.get(path, authorization=token), 401, "access.token")["detail"]


# The public


def test_before_any_head_is_old_enough_the_public_is_told_when_one_will_be(tmp_path: Path) -> None:
    with served(tmp_path, watching=False) as here:
        assert "nothing is published yet" in problem(here.get("/public/checkpoint"), 503)["detail"]
        here.publish()
        answer = here.get("/public/checkpoint")
        said = problem(answer, 503)
        assert "no head is old enough for the public. Repeat at 20" in said["detail"]
        assert 80_000 < int(answer["Retry-After"]) <= 86_400
        here.stage.clock.advance(seconds=int(answer["Retry-After"]))
        assert here.get("/public/checkpoint").status_code == 200


def test_the_public_reads_an_archive_that_its_auditor_finds_sound(here: Open) -> None:
    here.stage.pass_time(days=3)
    here.publish()
    files = here.archive("/public/")
    assert "disclosures.jsonl" not in files
    report = here.stage.audit(MemoryArchive(files), corridor=here.stage.cor)
    assert report.sound


def test_the_public_never_sees_beyond_the_delay(here: Open) -> None:
    here.stage.pass_time(days=3)
    here.stage.declare(plate="KM 4799")
    here.publish()
    public, parties = (
        size_of(here.get(path, by=by).content)
        for path, by in (("/public/checkpoint", None), ("/archive/checkpoint", "orva/liaison"))
    )
    assert 0 < public < parties
    hidden = list(here.store.entries(public, parties))
    for level in (None, 0, 1):
        for width in (*range(1, 256), 256):
            tile = Tile(level, 0, width)
            answer = here.get(f"/public/{tile.path}")
            shown = width <= public >> 8 * (level or 0)
            assert answer.status_code == (200 if shown else 404), tile.path
            if level is None and shown:
                assert set(split_bundle(answer.content, width)).isdisjoint(hidden)
            if not shown:
                problem(answer, 404, "archive.path")
    problem(here.get("/public/tile/entries/000"), 404, "archive.path")
    problem(here.get("/public/disclosures.jsonl"), 404, "archive.path")


# What may be kept, and for how long


def test_what_never_changes_may_be_kept_for_a_year_and_what_moves_for_seconds(here: Open) -> None:
    here.stage.pass_time(days=3)
    here.publish()
    size = size_of(here.get("/public/checkpoint").content)
    for tile in tiles_of(size):
        public = here.get(f"/public/{tile.path}")
        assert public["Cache-Control"] == f"public, {YEAR}"
        assert public["Content-Type"] == "application/octet-stream"
        assert "Vary" not in public
        private = here.get(f"/archive/{tile.path}", by="orva/liaison")
        assert private["Cache-Control"] == f"private, {YEAR}", "no cache on the way hands it to the public"
        assert private["Vary"] == "Authorization"
        assert private.content == public.content
    for path in ("checkpoint", "policy"):
        public = here.get(f"/public/{path}")
        assert public["Cache-Control"] == "public, max-age=5"
        assert public["Content-Type"] == "text/plain; charset=utf-8"
        assert here.get(f"/archive/{path}", by="orva/liaison")["Cache-Control"] == "private, no-cache"
    assert all(
        here.get(path)["X-Content-Type-Options"] == "nosniff" for path in ("/public/policy", "/public/no")
    )


def test_a_head_that_is_known_is_not_sent_again(here: Open) -> None:
    first = here.get("/archive/checkpoint", by="orva/liaison")
    tag = first["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = here.get("/archive/checkpoint", by="tessin/liaison", **{"if-none-match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        assert again["Cache-Control"] == first["Cache-Control"]
    for other in ('"other"', "noise", ""):
        assert (
            here.get("/archive/checkpoint", by="orva/liaison", **{"if-none-match": other}).status_code == 200
        )
    here.stage.declare()
    here.publish()
    moved = here.get("/archive/checkpoint", by="orva/liaison", **{"if-none-match": tag})
    assert moved.status_code == 200
    assert moved["ETag"] != tag
    policy = here.get("/archive/policy", by="orva/liaison")["ETag"]
    same = here.get("/archive/policy", by="orva/liaison", **{"if-none-match": policy})
    assert same.status_code == 304


# Nothing else is served


def test_a_head_request_says_how_long_and_gives_nothing(here: Open) -> None:
    got = here.get("/archive/checkpoint", by="orva/liaison")
    head = here.get("/archive/checkpoint", by="orva/liaison", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head["Content-Length"]) == len(got.content)
    size = here.store.size()
    answer = here.get("/archive/disclosures.jsonl", by="orva/liaison", method="HEAD")
    assert (answer.status_code, answer["Allow"]) == (405, "GET")
    assert here.store.size() == size


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_an_archive_is_only_read(here: Open, method: str) -> None:
    for path in ("/archive/checkpoint", "/public/checkpoint"):
        answer = here.get(path, method=method)
        problem(answer, 405, "archive.method")
        assert answer["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "../corridor.db", "../keys/log.jwk", "%2e%2e/keys/log.jwk", "..%2fkeys%2flog.jwk",
        "/etc/passwd", "//etc/passwd", "tile/../../keys/log.jwk", "tile/0/../../checkpoint", "checkpoint/",
        "checkpoint%00", "checkpoint%0a", "policy\\", "./policy", "POLICY", "tile/0/0", "tile/0/000/", "tile/00/000",
        "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/entries/x000/000", "tile", "tile/0", ".new",
        "tile/64/000", PUBLIC_HEAD, "tile/0/%D9%A0%D9%A0%D9%A0", "keys/log.jwk", "corridor.db",
        "tile/0/" + "x001/" * 99,
    ],
)  # fmt: skip
def test_nothing_outside_the_archive_is_ever_served(here: Open, path: str) -> None:
    here.stage.pass_time(days=3)
    here.publish()
    (here.folder.parent / "keys").mkdir()
    (here.folder.parent / "keys" / "log.jwk").write_text("secret")
    (here.folder.parent / "corridor.db").write_text("secret")
    assert here.get("/public/checkpoint").status_code == 200
    problem(here.get(f"/public/{path}"), 404, "archive.path")
    jti = f"019ca9f0-0000-7000-8000-{next(_NUMBERS):012x}"
    token = access_token(
        here.stage.key("orva/liaison"),
        cor=here.stage.cor,
        path=f"/archive/{unquote(path)}",
        now=here.clock.now(),
        jti=jti,
    )
    answer = here.get(f"/archive/{path}", authorization=token)
    assert answer.status_code in (401, 404)
    assert b"secret" not in answer.content


def test_a_damaged_file_of_ours_is_told_without_its_place(here: Open) -> None:
    (here.folder / "checkpoint").write_bytes(b"noise")
    said = problem(here.get("/archive/checkpoint", by="orva/liaison"), 503)
    assert "operator" in said["next_step"]
    assert str(here.folder) not in json.dumps(said)
