"""A mirror against a real web server: what it takes over, what it refuses, and what it never gives away."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.adapters import http_get, mirror_folder
from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.http_archive import open_files
from safeconduct.adapters.http_mirror import HttpSource
from safeconduct.adapters.keys import Ed25519Key
from safeconduct.adapters.mirror_folder import MirrorFolder
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.mirror import ASIDE, Mirrored, Outcome, mirror
from safeconduct.sim.stage import Stage
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.ports import Silent
from tests.contracts.test_publish_target import CALLS, WAYS, Kill, failing
from tests.http_server import Answer, Reply, files, serving
from tests.stories.told import journey
from tests.unit.service.test_publication import growing, whole


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", (0.0, 0.0, 0.0))


def on_disk(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def mirrored(answer: Answer, folder: Path, *, corridor: str | None = None, key: Any = None) -> Mirrored:
    with serving(answer) as served, open_files(served.url, key=key, corridor=corridor) as opened:
        spool = folder.parent / "spool"
        spool.mkdir(exist_ok=True)
        return mirror(HttpSource(opened, spool), MirrorFolder(folder), corridor=corridor, reporter=Silent())


@pytest.fixture(scope="module")
def heads() -> list[dict[str, bytes]]:
    """Archives of one log as it grew."""
    scene, grown = growing(5, 200, 256, 300, 600, 1030)
    return [whole(scene, head) for head in grown]


@pytest.fixture(scope="module")
def stage() -> Stage:
    made = Stage("mirror")
    journey(made)
    made.publish()
    return made


# What it takes over


def test_it_is_begun_then_grows_and_is_always_the_archive_that_is_served(
    heads: list[dict[str, bytes]], tmp_path: Path
) -> None:
    before = 0
    for archive in heads:
        done = mirrored(files(archive), tmp_path / "ours")
        assert (done.outcome, done.before) == (Outcome.NEW, before)
        assert on_disk(tmp_path / "ours") == archive
        before = done.head.checkpoint.size
    assert before == 1030


def test_what_is_there_is_not_asked_for_again(heads: list[dict[str, bytes]], tmp_path: Path) -> None:
    mirrored(files(heads[3]), tmp_path / "ours")
    with serving(files(heads[5])) as served, open_files(served.url) as opened:
        mirror(
            HttpSource(opened, tmp_path), MirrorFolder(tmp_path / "ours"), corridor=None, reporter=Silent()
        )
    assert sorted(served.asked) == sorted({"checkpoint", *(heads[5].keys() - heads[3].keys())})


def test_an_export_is_gone_on_from(stage: Stage, tmp_path: Path) -> None:
    for path, data in stage.archive("public").files.items():
        (tmp_path / "ours" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ours" / path).write_bytes(data)
    journey(stage)
    archive = stage.archive("public")
    assert mirrored(files(archive.files), tmp_path / "ours", corridor=stage.cor).outcome is Outcome.NEW
    report = audit(
        FolderArchive(tmp_path / "ours"), workers=SerialWorkers(), options=Options(corridor=stage.cor)
    )
    assert report == stage.audit(archive, corridor=stage.cor)


def test_a_head_that_did_not_change_is_asked_about_and_not_fetched(
    heads: list[dict[str, bytes]], tmp_path: Path
) -> None:
    sent: list[Mapping[str, str]] = []

    def answer(path: str, headers: Mapping[str, str]) -> Reply | None:
        if path == "checkpoint":
            sent.append(headers)
            if headers.get("If-None-Match") == '"one"':
                return Reply(b"", 304)
        marks = {"ETag": '"one"', "Last-Modified": "Tue, 24 Nov 2026 15:00:00 GMT"}
        return Reply(heads[1][path], headers=marks) if path in heads[1] else None

    assert mirrored(answer, tmp_path / "ours").outcome is Outcome.NEW
    assert mirrored(answer, tmp_path / "ours").outcome is Outcome.UNCHANGED
    assert [headers.get("If-None-Match") for headers in sent] == [None, '"one"']
    assert sent[1]["If-Modified-Since"] == "Tue, 24 Nov 2026 15:00:00 GMT"


def test_a_partial_tile_that_went_away_is_the_beginning_of_its_full_one(
    heads: list[dict[str, bytes]], tmp_path: Path
) -> None:
    gone = {"tile/0/001.p/44", "tile/entries/001.p/44"}
    served = {**heads[5], **{path: data for path, data in heads[3].items() if path not in gone}}
    assert mirrored(files(served), tmp_path / "ours").outcome is Outcome.NEW
    assert on_disk(tmp_path / "ours") == heads[3]


# What it refuses


def refused(answer: Answer, folder: Path, **more: Any) -> SafeconductError:
    before = on_disk(folder)
    with pytest.raises(SafeconductError) as error:
        mirrored(answer, folder, **more)
    assert on_disk(folder) == before, "nothing is written"
    return error.value


@pytest.mark.parametrize("begun", [False, True])
def test_every_file_that_is_not_the_signed_one_is_refused(
    heads: list[dict[str, bytes]], tmp_path: Path, *, begun: bool
) -> None:
    folder, new = tmp_path / "ours", heads[3].keys() - (heads[1].keys() if begun else set())
    if begun:
        mirrored(files(heads[1]), folder)
    for path in sorted({*new, "checkpoint"}):
        data = heads[3][path]
        for wrong in (data[:-1] + bytes([data[-1] ^ 1]), data + b"\n", b""):
            refused(files({**heads[3], path: wrong}), folder)
        refused(files({name: each for name, each in heads[3].items() if name != path}), folder)
    assert mirrored(files(heads[3]), folder).outcome is Outcome.NEW, "what was refused is in nobody's way"
    assert on_disk(folder) == heads[3]


def test_stale_and_mixed_tiles_are_refused_and_then_forgotten(
    heads: list[dict[str, bytes]], tmp_path: Path
) -> None:
    other = Stage("another")
    journey(other)
    theirs = other.archive("public").files
    folder = tmp_path / "ours"
    mirrored(files(heads[1]), folder)
    mixed = {path: theirs.get(path, data) for path, data in heads[5].items()}
    mixed |= {"checkpoint": heads[5]["checkpoint"], "tile/0/000": heads[5]["tile/0/001"]}
    assert isinstance(refused(files(mixed), folder), Disproved)
    stale = {**heads[5], "tile/entries/002": heads[5]["tile/entries/001"]}
    assert refused(files(stale), folder).rule == "log.altered"
    assert mirrored(files(heads[5]), folder).outcome is Outcome.NEW
    assert on_disk(folder) == heads[5]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_no_flipped_byte_is_ever_taken_over(data: st.DataObject, tmp_path_factory: Any) -> None:
    archive = _STAGE.archive("public").files
    path = data.draw(st.sampled_from(sorted(archive)))
    at = data.draw(st.integers(0, len(archive[path]) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    wrong = bytearray(archive[path])
    wrong[at] ^= bit
    folder = tmp_path_factory.mktemp("flip") / "ours"
    try:
        mirrored(files({**archive, path: bytes(wrong)}), folder, corridor=_STAGE.cor)
    except SafeconductError:
        assert not folder.exists()
    else:
        pytest.fail(f"{path}, byte {at}")


_STAGE = Stage("flip")


def test_another_corridor_is_refused_with_its_first_bundle(stage: Stage, tmp_path: Path) -> None:
    archive = stage.archive("public").files
    assert refused(files(archive), tmp_path / "ours", corridor="0" * 64).rule == "log.corridor"
    mirrored(files(archive), tmp_path / "ours", corridor=stage.cor)
    assert refused(files(archive), tmp_path / "ours", corridor="0" * 64).rule == "log.corridor"
    other = Stage("another").archive("public").files
    assert isinstance(refused(files(other), tmp_path / "ours"), SafeconductError)


def test_another_policy_than_that_of_entry_0_is_refused(stage: Stage, tmp_path: Path) -> None:
    archive = dict(stage.archive("public").files)
    archive["policy"] = archive["policy"].split(b"\n")[0] + b"\nquorum none\n"
    note = archive["checkpoint"].split(b"\n\n")
    archive["checkpoint"] = note[0] + b"\n\n" + note[1].split(b"\n")[0] + b"\n"
    assert refused(files(archive), tmp_path / "ours").rule == "policy.spelling"


def test_a_head_that_waits_for_its_quorum_is_kept_beside_and_not_taken(tmp_path: Path) -> None:
    made = Stage("stall")
    mirrored(files(made.archive("public").files), tmp_path / "ours")
    journey(made)
    archive = dict(made.archive("orva").files)
    text, lines = archive["checkpoint"].split(b"\n\n")
    archive["checkpoint"] = text + b"\n\n" + b"\n".join(lines.split(b"\n")[:2]) + b"\n"
    error = refused(files(archive), tmp_path / "ours")
    assert isinstance(error, Unavailable)
    assert error.rule == "head.no_quorum"
    (kept,) = (tmp_path / "ours.mirror").glob("head-*")
    assert kept.read_bytes() == archive["checkpoint"]


def test_redirects_are_not_followed_and_endless_answers_are_cut(
    heads: list[dict[str, bytes]], tmp_path: Path
) -> None:
    def elsewhere(path: str, _: Mapping[str, str]) -> Reply | None:
        return Reply(b"", 302, {"Location": "http://other.example/"})

    assert "elsewhere" in str(refused(elsewhere, tmp_path / "ours"))

    def pours(out: BinaryIO) -> None:
        out.write(b"HTTP/1.0 200 OK\r\n\r\n")
        out.writelines(bytes(2**16) for _ in range(99))

    def endless(path: str, _: Mapping[str, str]) -> Reply | None:
        if path == "policy":
            return Reply(heads[1][path])
        return Reply(write=pours)

    assert "larger than" in str(refused(endless, tmp_path / "ours"))
    assert not (tmp_path / "ours.mirror").exists()


def test_who_asks_to_be_left_alone_is_left_alone(heads: list[dict[str, bytes]], tmp_path: Path) -> None:
    error = refused(lambda *_: Reply(b"", 429, {"Retry-After": "120"}), tmp_path / "ours")
    assert isinstance(error, http_get.Busy)
    assert error.after_s == 120
    passing = iter([Reply(b"", 503), Reply(b"", 429, {"Retry-After": "1"})])
    answer: Answer = lambda path, headers: next(passing, None) or files(heads[1])(path, headers)  # noqa: E731
    assert mirrored(answer, tmp_path / "ours").outcome is Outcome.NEW


def test_a_folder_of_somebody_else_and_a_damaged_archive_are_left_alone(
    heads: list[dict[str, bytes]], tmp_path: Path
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "letter").write_bytes(b"dear")
    assert isinstance(refused(files(heads[1]), tmp_path / "ours"), Conflict)
    folder = tmp_path / "mine"
    mirrored(files(heads[1]), folder)
    (folder / "tile" / "0" / "000.p" / "200").write_bytes(bytes(200 * 32))
    assert refused(files(heads[2]), folder).rule == "log.altered"
    with pytest.raises(Malformed, match="as a folder"):
        mirror_folder.mirror_folder(tmp_path / "ours.zip")


def test_two_at_once_do_not_disturb_each_other(heads: list[dict[str, bytes]], tmp_path: Path) -> None:
    with MirrorFolder(tmp_path / "ours").alone(), pytest.raises(Unavailable, match="another program"):
        mirrored(files(heads[1]), tmp_path / "ours")


# Rollback and split view


def test_an_older_head_of_our_tree_changes_nothing(heads: list[dict[str, bytes]], tmp_path: Path) -> None:
    mirrored(files(heads[5]), tmp_path / "ours")
    for older in heads[:5]:
        done = mirrored(files(older), tmp_path / "ours")
        assert done.outcome is Outcome.OLDER
        assert on_disk(tmp_path / "ours") == heads[5]


def two_histories() -> tuple[Stage, Stage]:
    """One founding, one key, two logs."""
    one, other = Stage("split"), Stage("split")
    journey(one, people=3)
    journey(other, people=4)
    return one, other


@pytest.mark.parametrize("more", [0, 1, 2], ids=["smaller", "one more", "larger"])
def test_two_histories_stop_it_and_both_heads_are_kept(tmp_path: Path, more: int) -> None:
    one, other = two_histories()
    if not more:
        journey(one)
    for _ in range(more - 1):
        journey(other)
    ours, theirs = one.archive("public").files, other.archive("public").files
    mirrored(files(ours), tmp_path / "ours")
    for _ in range(2):  # a repeat says the same
        done = mirrored(files(theirs), tmp_path / "ours")
        assert done.outcome is Outcome.SPLIT
        assert on_disk(tmp_path / "ours") == ours
    notes = {name: (tmp_path / "ours.mirror" / name).read_bytes() for name in done.evidence}
    assert [*notes.values()] == [ours["checkpoint"], theirs["checkpoint"]]
    assert mirrored(files(ours), tmp_path / "ours").outcome is Outcome.UNCHANGED


# Disclosures


def lines_in(folder: Path) -> bytes:
    return (folder / "disclosures.jsonl").read_bytes()


def of_party(
    stage: Stage, folder: Path, archive: dict[str, bytes], key: Ed25519Key | None = None
) -> Mirrored:
    return mirrored(files(archive), folder, corridor=stage.cor, key=key or stage.key("orva/liaison"))


def test_a_partys_disclosures_come_along_and_audit(tmp_path: Path) -> None:
    stage, folder = Stage("party"), tmp_path / "ours"
    journey(stage)
    of_party(stage, folder, stage.archive("orva").files)
    journey(stage)
    archive = stage.archive("orva")
    done = of_party(stage, folder, archive.files)
    assert (done.outcome, done.aside, done.deleted) == (Outcome.NEW, 0, ())
    assert on_disk(folder) == archive.files
    assert "disclosures.digest" not in stage.audit(type(archive)(on_disk(folder))).rules


def erased(stage: Stage, archive: dict[str, bytes], *, by: str) -> tuple[str, dict[str, bytes]]:
    """A value that was disclosed is erased by a record; what is served then still holds it."""
    line = json.loads(archive["disclosures.jsonl"].split(b"\n")[0])
    digest = digest_of(line["disclosures"][0])
    stage.hand(by).record("erasure", clear={"digests": [digest]})
    return digest, {**stage.archive("public").files, "disclosures.jsonl": archive["disclosures.jsonl"]}


@pytest.mark.parametrize(("by", "goes"), [("mission/root", True), ("relief-one", False)])
def test_what_an_erasure_names_is_deleted_if_its_signer_may_erase(
    tmp_path: Path, by: str, *, goes: bool
) -> None:
    stage, folder = Stage("erase"), tmp_path / "ours"
    journey(stage)
    before = stage.archive("orva").files
    of_party(stage, folder, before)
    digest, after = erased(stage, before, by=by)
    done = of_party(stage, folder, after)
    assert (digest.encode() in lines_in(folder)) is goes
    assert [count for _, count in done.deleted] == ([1] if goes else [])
    assert (lines_in(folder) == before["disclosures.jsonl"]) is not goes
    left = b"".join(
        path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.name != "disclosures.jsonl" and path.is_file()
    )
    assert before["disclosures.jsonl"].split(b'"')[3] not in left, "nor is it anywhere beside"


def test_what_is_no_longer_served_and_erased_by_nobody_is_set_aside(tmp_path: Path) -> None:
    stage, folder = Stage("aside"), tmp_path / "ours"
    journey(stage)
    before = dict(stage.archive("orva").files)
    of_party(stage, folder, before)
    journey(stage)
    after = dict(stage.archive("orva").files)
    first, _ = before["disclosures.jsonl"].split(b"\n", 1)
    served = after["disclosures.jsonl"].replace(first + b"\n", b"")
    assert served != after["disclosures.jsonl"]
    done = of_party(stage, folder, {**after, "disclosures.jsonl": served})
    assert done.aside == first.count(b'","') + 1
    assert lines_in(folder) == served
    assert (tmp_path / "ours.mirror" / ASIDE).read_bytes() == first + b"\n"
    digest, erasing = erased(stage, before, by="mission/root")
    done = of_party(stage, folder, {**erasing, "disclosures.jsonl": served})
    assert [count for _, count in done.deleted] == [1]
    assert digest.encode() not in (tmp_path / "ours.mirror" / ASIDE).read_bytes()
    of_party(stage, folder, stage.archive("public").files)
    assert lines_in(folder) == served, "where none is served, ours stay"


def test_a_disclosure_of_another_value_is_refused(tmp_path: Path) -> None:
    stage = Stage("false")
    journey(stage)
    archive = dict(stage.archive("orva").files)
    lines = archive["disclosures.jsonl"].split(b"\n")
    wrongs = [
        archive["disclosures.jsonl"].replace(b'"entry":', b'"entry":1', 1),
        lines[1] + b"\n" + lines[0] + b"\n",
        archive["disclosures.jsonl"][:-1],
        b"{}\n",
        b"x" * 99,
        archive["disclosures.jsonl"].replace(b"}\n", b',"erased":["' + b"A" * 43 + b'"]}\n', 1),
    ]
    for wrong in wrongs:
        error = refused(
            files({**archive, "disclosures.jsonl": wrong}),
            tmp_path / "ours",
            corridor=stage.cor,
            key=stage.key("orva/liaison"),
        )
        assert isinstance(error, Malformed)


# Stopped anywhere


@pytest.mark.parametrize(
    ("way", "exchanges"), [*((way, True) for way in WAYS), *((way, False) for way in [*WAYS][:2])]
)
def test_stopped_at_any_call_a_whole_archive_is_there_and_a_repeat_does_the_rest(
    heads: list[dict[str, bytes]],
    tmp_path: Path,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    exchanges: bool,
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # counted all the same; nobody cuts the power here
    (how, done_first), stops, old, new = WAYS[way], 0, heads[0], heads[1]

    def put(folder: Path) -> None:
        mirror(MemorySource(new), MirrorFolder(folder), corridor=None, reporter=Silent())

    for left in range(1, 400, 2 if "killed" in way else 5):
        folder = tmp_path / str(left) / "ours"
        folder.parent.mkdir()
        for path, data in old.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        count = [left]
        wrap = failing(count, how, done_first=done_first)
        swap: Callable[..., Any] = mirror_folder.exchange if exchanges else lambda *_: False
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name in (*CALLS, "link"):
                    patch.setattr(os, name, wrap(getattr(os, name)))
                patch.setattr(mirror_folder, "exchange", swapping(swap, count, how, done_first=done_first))
                put(folder)
        except (Kill, SafeconductError):
            stops += 1
        if count[0] > 0:
            break
        if folder.exists():
            assert on_disk(folder) in (old, new), left
        else:
            assert not exchanges
        put(folder)
        assert on_disk(folder) == new, left
        assert [p.name for p in (folder.parent / "ours.mirror").iterdir()] in ([], ["version"])
    assert 5 < stops < left


@dataclass
class MemorySource:
    """Serves what it holds; no server could be slower than the disk."""

    archive: dict[str, bytes]
    discloses: bool = False

    def head(self, *, unless: str) -> bytes | None:
        del unless
        return self.archive["checkpoint"]

    def version(self) -> str:
        return "{}"

    def read(self, path: str) -> bytes | None:
        return self.archive.get(path)

    def disclosures(self) -> Iterator[bytes] | None:
        return None


def swapping(call: Any, count: list[int], how: Any, *, done_first: bool) -> Any:
    """Counted like the calls of the system; what it answers is no descriptor."""

    def instead(*arguments: Any) -> Any:
        count[0] -= 1
        if count[0] == 0 and not done_first:
            raise how()
        result = call(*arguments)
        if count[0] == 0:
            raise how()
        return result

    return instead
