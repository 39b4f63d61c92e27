"""An archive over HTTP: audited like a folder, whatever the server does meanwhile."""

from __future__ import annotations

import gzip
import json
import ssl
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from safeconduct.adapters import http_get
from safeconduct.adapters.http_archive import open_http_archive
from safeconduct.adapters.http_get import Address
from safeconduct.adapters.workers import ForkWorkers, SerialWorkers
from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.core.tlog.tiles import split_bundle
from safeconduct.service.access import Readers
from safeconduct.sim.stage import Stage
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.report import Report
from tests.contracts.test_archives import files_of
from tests.http_server import FOLDER, Answer, Reply, Served, files, serving
from tests.unit.service.publish_targets import MemoryTarget
from tests.unit.service.test_publication import growing, put


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def stage() -> Stage:
    made = Stage("over http")
    passage = made.declare()
    passage.grant()
    passage.arrive()
    passage.enter()
    made.publish()
    return made


def audited(served: Served, stage: Stage, **more: Any) -> Report:
    with open_http_archive(served.url, **more) as archive:
        return audit(archive, workers=ForkWorkers(2), options=Options(corridor=stage.cor))


def opened(answer: Answer, path: str = "policy") -> bytes:
    with serving(answer) as served, open_http_archive(served.url) as archive:
        return archive.read(path)


def test_a_stranger_audits_over_http_as_from_the_folder(stage: Stage) -> None:
    for reader in ("orva", "public"):
        archive = stage.archive(reader)
        with serving(files(archive.files)) as served:
            assert audited(served, stage) == stage.audit(archive, corridor=stage.cor)
        assert {path for path in served.asked if path in archive.files} == archive.files.keys()
        assert len(served.asked) == len(archive.files) + (reader == "public"), "each file is fetched once"


def test_what_is_fetched_is_kept_nowhere_afterwards(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with serving(files(stage.archive("orva").files)) as served:
        audited(served, stage)
        with suppress(KeyError), open_http_archive(served.url):
            assert [*tmp_path.iterdir()]
            raise KeyError
    assert [*tmp_path.iterdir()] == []


def test_a_server_that_hangs_up_after_each_answer_is_read_too() -> None:
    archive = files_of()

    def answer(path: str, _: Mapping[str, str]) -> Reply | None:
        return Reply(archive[path], headers={"Connection": "close"}) if path in archive else None

    with serving(answer) as served, open_http_archive(served.url) as opened_archive:
        assert {path: opened_archive.read(path) for path in opened_archive.paths()} == archive


def test_a_changed_file_is_named_as_from_the_folder(stage: Stage) -> None:
    archive = stage.archive("orva")
    (path,) = (path for path in archive.files if path.startswith("tile/entries/"))
    data = bytearray(archive.files[path])
    data[200] ^= 1
    archive.files[path] = bytes(data)
    with serving(files(archive.files)) as served:
        report = audited(served, stage)
    assert report == stage.audit(archive, corridor=stage.cor)
    assert report.exit_code == 3


# The log goes on meanwhile


def test_a_head_that_moves_during_the_audit_confuses_nobody() -> None:
    scene, heads = growing(200, 300)
    target = MemoryTarget()
    put(scene, heads[0], target)
    before = dict(target.files)
    with serving(files(target.files)) as served, open_http_archive(served.url) as archive:
        put(scene, heads[1], target)  # the partial tiles are gone, their full ones are there
        assert "tile/entries/000.p/200" not in target.files
        assert {path: archive.read(path) for path in archive.paths()} == before
        assert len(split_bundle(archive.read("tile/entries/000.p/200"), 200)) == 200
        assert "tile/entries/000" in served.asked


def test_the_disclosures_are_fetched_before_the_head_that_covers_them(stage: Stage) -> None:
    with serving(files(stage.archive("orva").files)) as served, open_http_archive(served.url):
        assert served.asked == ["disclosures.jsonl", "checkpoint", "policy"]


def test_a_server_that_gives_another_file_the_second_time_is_not_asked_a_second_time() -> None:
    archive, times = files_of(), [0]

    def answer(path: str, _: Mapping[str, str]) -> Reply | None:
        times[0] += 1
        return Reply(archive[path] + bytes(times[0] > 4)) if path in archive else None

    with serving(answer) as served, open_http_archive(served.url) as one:
        assert [one.read("tile/entries/000.p/1") for _ in range(3)] == [archive["tile/entries/000.p/1"]] * 3


def test_two_processes_that_were_given_two_files_under_one_name_say_so() -> None:
    archive, times = files_of(), [0]

    def answer(path: str, _: Mapping[str, str]) -> Reply | None:
        if path.startswith("tile/entries"):
            times[0] += 1
            return Reply(archive[path] + bytes(times[0] - 1))
        return Reply(archive[path]) if path in archive else None

    with serving(answer) as served, open_http_archive(served.url) as one:
        with open_http_archive(served.url) as other:
            other.kept = one.kept
            other.read("tile/entries/000.p/1")
        with pytest.raises(Disproved, match="was not the same"):
            one._bring("tile/entries/000.p/1", "tile/entries/000.p/1")


# What a server may not do


def test_no_redirect_is_followed() -> None:
    for status in (301, 302, 303, 307, 308):
        with pytest.raises(Malformed, match="sends us elsewhere, to 'http://127"):
            opened(lambda _, __, status=status: Reply(b"", status, {"Location": "http://127.0.0.1/secret"}))  # type: ignore[misc]


def test_what_is_packed_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(10**6))
    with pytest.raises(Malformed, match="packed this file"):
        opened(lambda _, __: Reply(packed, headers={"Content-Encoding": "gzip"}))


def endless(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        out.write(b"10000\r\n" + bytes(65_536) + b"\r\n")


def test_a_body_without_an_end_is_cut_at_what_the_file_can_have() -> None:
    archive = files_of()

    def answer(path: str, _: Mapping[str, str]) -> Reply | None:
        return Reply(write=endless) if path == "policy" else Reply(archive[path]) if path in archive else None

    with pytest.raises(Malformed, match="policy is larger than 1048576 bytes"):
        opened(answer)


def test_a_body_shorter_than_it_says_is_asked_for_again_and_never_taken() -> None:
    archive, times = files_of(), [0]

    def short(out: BinaryIO) -> None:
        times[0] += 1
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    def answer(path: str, _: Mapping[str, str]) -> Reply | None:
        return Reply(write=short) if path == "policy" else Reply(archive[path]) if path in archive else None

    with pytest.raises(Unavailable, match="no whole answer"):
        opened(answer)
    assert times == [4]


def drip(out: BinaryIO, what: bytes) -> None:
    out.write(what)
    for _ in range(1_000):
        out.write(b"x")
        out.flush()
        time.sleep(0.02)


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["status", "headers", "body", "chunks"],
)
def test_an_answer_that_drips_is_given_up(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", ())
    monkeypatch.setattr(http_get, "STALLED_S", 0.3)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no whole answer"):
        opened(lambda _, __: Reply(write=lambda out: drip(out, begun)))
    assert time.monotonic() - began < 5


def test_an_answer_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", ())
    monkeypatch.setattr(http_get, "SILENT_S", 0.2)
    with pytest.raises(Unavailable, match="no whole answer"):
        opened(lambda _, __: Reply(write=lambda _: time.sleep(1)))


NOISE: dict[str, bytes] = {
    "noise": b"\x00\xff" * 100,
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a long line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcde",
    "nothing": b"",
}


@pytest.mark.parametrize("name", NOISE)
def test_what_is_no_answer_gives_one_of_our_errors(name: str) -> None:
    def odd(out: BinaryIO) -> None:
        out.write(NOISE[name])

    with pytest.raises(SafeconductError):
        opened(lambda _, __: Reply(write=odd))


def test_a_head_of_a_size_that_nobody_counts_to_is_refused() -> None:
    archive = files_of()
    archive["checkpoint"] = archive["checkpoint"].replace(b"\n1\n", b"\n9223372036854775807\n")
    with serving(files(archive)) as served, open_http_archive(served.url) as opened_archive:
        with pytest.raises(Malformed, match="more than 1048576 files"):
            opened_archive.paths()
        report = audit(opened_archive, workers=SerialWorkers())
    assert report.exit_code == 2


def test_only_files_of_the_archive_are_asked_for() -> None:
    with serving(files(files_of())) as served, open_http_archive(served.url) as archive:
        served.asked.clear()
        for path in ("tile/0/001", "secret", "batches/x"):
            with pytest.raises(Unavailable, match="no such file"):
                archive.read(path)
        for path in ("../policy", "/policy", "a b/../c"):
            with pytest.raises(Malformed):
                archive.read(path)
        assert served.asked == []


# What passes by itself


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_asked_for_again(status: int) -> None:
    archive, times = files_of(), [0]

    def answer(path: str, _: Mapping[str, str]) -> Reply | None:
        times[0] += 1
        if times[0] % 3:
            return Reply(b"wait", status)
        return Reply(archive[path]) if path in archive else None

    assert opened(answer) == archive["policy"]


def test_a_server_that_says_when_is_believed_and_told_further() -> None:
    said = {"detail": "no head is old enough for the public. Repeat at 2026-03-02T06:00:00Z."}
    headers = {"Content-Type": "application/problem+json", "Retry-After": "86400"}
    with serving(lambda _, __: Reply(json.dumps(said).encode(), 503, headers)) as served:
        with (
            pytest.raises(Unavailable, match=r"answers 503: no head is old enough.*2026-03-02"),
            open_http_archive(served.url),
        ):
            pass
        assert len(served.asked) == 1


def test_what_another_document_says_is_not_repeated() -> None:
    for body in (b"<h1>secret</h1>", b"[" * 50_000, b'{"detail": 5}', b"\xff"):
        for kind in ("text/html", "application/problem+json"):
            with pytest.raises(Unavailable) as refused:
                opened(lambda _, __, body=body, kind=kind: Reply(body, 501, {"Content-Type": kind}))  # type: ignore[misc]
            assert refused.value.faults[0].message == "the server answers 501"


def test_where_no_archive_is_and_where_nobody_is() -> None:
    for status in (403, 404, 410):
        with pytest.raises(Unavailable, match="there is no archive here"):
            opened(lambda _, __, status=status: Reply(b"no", status))  # type: ignore[misc]
    with serving(files({})) as served:
        pass
    with pytest.raises(Unavailable, match="no whole answer"), open_http_archive(served.url):
        pass


def test_a_missing_policy_is_missing_from_the_archive() -> None:
    archive = {path: data for path, data in files_of().items() if path != "policy"}
    with serving(files(archive)) as served, open_http_archive(served.url) as opened_archive:
        assert "policy" not in opened_archive.paths()
        report = audit(opened_archive, workers=SerialWorkers())
    assert report.rules == {"archive.missing"}


def test_a_disk_that_is_full_is_not_the_servers_fault() -> None:
    class Full:
        name = "/dev/full"

        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

        def seek(self, _: int) -> None: ...

        def truncate(self) -> None: ...

    with serving(files(files_of())) as served:
        wire = http_get.HttpFiles(Address.parse(served.url))
        with pytest.raises(Unavailable, match="no space left"):
            wire.fetch("policy", Full(), most=1_000)  # type: ignore[arg-type]
        wire.close()
        assert len(served.asked) == 1


# Parties


def guarded(stage: Stage, archive: Mapping[str, bytes]) -> Answer:
    """As the server does it: each request with its own token."""
    readers = Readers(stage.founding, stage.store)

    def answer(path: str, headers: Mapping[str, str]) -> Reply | None:
        try:
            readers.seat_of(
                headers.get("Authorization", ""), method="GET", path=FOLDER + path, now=int(time.time())
            )
        except SafeconductError as error:
            body = json.dumps({"detail": str(error)}).encode()
            return Reply(body, 401, {"Content-Type": "application/problem+json"})
        return Reply(archive[path]) if path in archive else None

    return answer


def test_a_party_audits_its_archive_with_a_token_for_each_request(stage: Stage) -> None:
    archive = stage.archive("orva")
    with serving(guarded(stage, archive.files)) as served:
        report = audited(served, stage, key=stage.key("orva/liaison"), corridor=stage.cor)
    assert report == stage.audit(archive, corridor=stage.cor)
    tokens = [headers["Authorization"] for headers in served.sent]
    assert len({*tokens}) == len(tokens) == len(archive.files)


def test_without_a_key_a_party_is_told_to_name_it_and_a_strange_key_why_it_is_none(stage: Stage) -> None:
    with serving(guarded(stage, {})) as served:
        with pytest.raises(Unavailable, match="--key FILE"), open_http_archive(served.url):
            pass
        stranger: dict[str, Any] = {"key": stage.key("a stranger"), "corridor": stage.cor}
        with (
            pytest.raises(Unavailable, match="401: Authorization: the token's key is not enrolled"),
            open_http_archive(served.url, **stranger),
        ):
            pass


def test_a_key_is_for_a_named_corridor_and_no_open_line(stage: Stage) -> None:
    key = stage.key("orva/liaison")
    with (
        pytest.raises(Malformed, match="--corridor ID"),
        open_http_archive("https://host.example/archive/", key=key),
    ):
        pass
    with (
        pytest.raises(Malformed, match="not fetched over an open line"),
        open_http_archive("http://host.example/archive/", key=key, corridor=stage.cor),
    ):
        pass


# Addresses


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("https://host.example", "https://host.example/"),
        ("https://host.example/public", "https://host.example/public/"),
        ("https://host.example/a/b/", "https://host.example/a/b/"),
        ("http://[::1]:8000/public/", "http://[::1]:8000/public/"),
        ("HTTP://Host.Example:80", "http://host.example:80/"),
    ],
)
def test_an_address_is_a_host_and_a_folder(url: str, printed: str) -> None:
    assert str(Address.parse(url)) == printed


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/", "file:///etc/", "https://", "https:///x", "host/public", "https://user@host/",
        "https://a:b@host/", "https://host/?q", "https://host/#f", "https://host:0/", "https://host:99999/", "https://host:x/",
        "https://ho st/",
        "https://host/a\nb", "https://host/é", "https://[::1/", "",
    ],
)  # fmt: skip
def test_anything_else_is_none(url: str) -> None:
    with pytest.raises(Malformed):
        Address.parse(url)


def test_a_certificate_that_does_not_hold_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ssl.SSLCertVerificationError(1, "certificate verify failed")

    times = [0]

    def counted(self: http_get.HttpFiles, place: str, unless: http_get.Version) -> Any:
        times[0] += 1
        refuse()

    monkeypatch.setattr(http_get.HttpFiles, "_ask", counted)
    with (
        pytest.raises(Unavailable, match="certificate does not hold"),
        open_http_archive("https://host.example/"),
    ):
        pass
    assert times == [1]
