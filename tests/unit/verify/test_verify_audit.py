from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pytest

from safeconduct.adapters.workers import ForkWorkers, SerialWorkers
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.tlog.note import sign_note
from safeconduct.core.tlog.tiles import Tile, pack_bundle, split_bundle
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.day import play_day
from safeconduct.sim.stage import Stage
from safeconduct.verify.audit import Options, audit
from tests.unit.verify.verify_scene import archive_of, audit_of, said


@cache
def a_day() -> MemoryArchive:
    """More than four bundles, so that there is more than one task."""
    return play_day(vehicles=300).archive("mission")


@cache
def _told() -> tuple[Stage, tuple[tuple[str, bytes], ...]]:
    stage = Stage()
    stage.declare().grant()
    return stage, tuple(stage.archive().files.items())


def told() -> tuple[Stage, MemoryArchive]:
    stage, files = _told()
    return stage, MemoryArchive(dict(files))


@dataclass
class Steps:
    steps: list[tuple[str, int, int]] = field(default_factory=list)

    def step(self, name: str, done: int, total: int) -> None:
        self.steps.append((name, done, total))


@pytest.mark.parametrize("workers", [ForkWorkers(1), ForkWorkers(2), ForkWorkers(3)], ids=repr)
def test_the_report_does_not_depend_on_the_number_of_workers(workers: ForkWorkers) -> None:
    alone = audit(a_day(), workers=SerialWorkers())
    assert alone.exit_code == 0
    assert alone.head is not None
    assert alone.head.size > 5 * 256
    assert audit(a_day(), workers=workers).to_json() == alone.to_json()


def test_whoever_wants_to_know_is_told_how_far_it_is() -> None:
    reporter = Steps()
    audit(a_day(), workers=SerialWorkers(), reporter=reporter)
    last = {name: (done, total) for name, done, total in reporter.steps}
    assert list(last) == ["keys", "entries", "tree", "passages"]
    assert all(done <= total for done, total in last.values())
    assert all(last[name][0] == last[name][1] for name in ("keys", "entries", "tree", "passages"))


def test_an_honest_archive_is_sound_for_its_corridor() -> None:
    stage, archive = told()
    report = stage.audit(archive, corridor=stage.cor)
    assert (report.exit_code, report.sound, report.rules) == (0, True, frozenset())
    assert report.corridor == stage.cor
    assert json.loads(json.dumps(report.to_json()))["checked"]["disclosures"] > 0


@pytest.mark.parametrize("path", sorted(told()[1].files))
def test_a_file_that_is_missing_is_named(path: str) -> None:
    stage, archive = told()
    del archive.files[path]
    report = stage.audit(archive)
    if path == "disclosures.jsonl":
        assert (report.exit_code, report.checked.disclosures) == (0, None)
    else:
        assert (report.exit_code, report.faults[0].where) == (2, path)
        assert report.rules == {"archive.missing"}


def test_strays_are_named_and_so_are_tiles_of_other_widths() -> None:
    stage, archive = told()
    archive.files |= {"tile/0/000.p/1": bytes(32), "x": b""}
    report = stage.audit(archive)
    assert report.exit_code == 2
    assert [(fault.where, fault.rule) for fault in report.faults] == [
        ("tile/0/000.p/1", "archive.stray"),
        ("x", "archive.stray"),
    ]


def test_any_size_can_be_signed_and_nobody_counts_to_it() -> None:
    stage, archive = told()
    note = archive.files["checkpoint"].decode()
    lines = note.split("\n")
    text = f"{lines[0]}\n{2**62}\n{lines[2]}\n"
    archive.files["checkpoint"] = f"{text}\n{sign_note(text, stage.log_key, stage.key('log'))}".encode()
    report = stage.audit(archive)
    assert said(report) == (2, {"archive.missing"})
    assert len(report.faults) == 20


@pytest.mark.parametrize(
    ("path", "old", "new", "rule", "code"),
    [
        ("policy", b"log ", b"log  ", "policy.spelling", 2),
        ("policy", b"log ", b"lag ", "policy.spelling", 2),
        ("policy", b"quorum witnesses", b"quorum none", "policy.spelling", 2),
        ("checkpoint", b"\n\n", b"\n", "archive.spelling", 2),
        ("checkpoint", b"\n\n", b"\nmore\n\n", "archive.spelling", 2),
        ("checkpoint", b"log.corridor.example\n", b"log.elsewhere\n", "log.signature", 3),
        ("checkpoint", "\n— mission".encode(), "\n— mussion".encode(), "note.unknown_line", 2),
    ],
)
def test_policy_and_head_have_one_spelling(path: str, old: bytes, new: bytes, rule: str, code: int) -> None:
    stage, archive = told()
    assert old in archive.files[path]
    archive.files[path] = archive.files[path].replace(old, new, 1)
    report = stage.audit(archive)
    assert said(report) == (code, {rule})
    assert report.faults[0].where.startswith(path)


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (1, 0, 2, 3), (0, 1, 1, 2)])
def test_the_lines_of_the_head_stand_in_order_and_once(order: tuple[int, ...]) -> None:
    stage, archive = told()
    text, _, lines = archive.files["checkpoint"].partition(b"\n\n")
    each = lines.splitlines(keepends=True)
    archive.files["checkpoint"] = text + b"\n\n" + b"".join(each[place] for place in order)
    assert stage.audit(archive).rules == {"note.unknown_line"}


def bundle_of(archive: MemoryArchive) -> tuple[str, list[bytes]]:
    path = next(path for path in archive.files if path.startswith("tile/entries/"))
    return path, split_bundle(archive.files[path], Tile.parse(path).width)


@pytest.mark.parametrize(
    ("change", "rule", "code"),
    [
        (lambda entries: pack_bundle([*entries[:3], *entries[4:]]), "log.dropped", 3),
        (lambda entries: pack_bundle([*entries[:3], *entries[4:], entries[1]]), "log.dropped", 3),
        (
            lambda entries: pack_bundle([*entries[:3], entries[4], entries[3], *entries[5:]]),
            "log.reordered",
            3,
        ),
        (lambda entries: pack_bundle([*entries[:3], b"x", *entries[4:]]), "log.altered", 3),
        (lambda entries: pack_bundle([b"x", *entries[1:]]), "log.altered", 3),
        (lambda entries: pack_bundle([*entries, b"x"]), "archive.spelling", 2),
        (lambda entries: pack_bundle(entries)[:-1], "archive.spelling", 2),
        (lambda _: b"", "log.dropped", 3),
    ],
)
def test_a_changed_bundle_is_named(change: Callable[[list[bytes]], bytes], rule: str, code: int) -> None:
    stage, archive = told()
    path, entries = bundle_of(archive)
    archive.files[path] = change(entries)
    report = stage.audit(archive)
    assert said(report) == (code, {rule})
    assert report.faults[0].where == path
    assert not report.sound


def test_a_tile_of_another_length_is_malformed() -> None:
    day = MemoryArchive(dict(a_day().files))
    day.files["tile/1/000.p/5"] += b"x"
    report = audit(day, workers=SerialWorkers())
    assert said(report) == (2, {"archive.spelling"})


def test_an_empty_log_and_one_without_a_founding_record_are_no_corridor() -> None:
    stage, _ = told()
    empty = audit_of(stage, [])
    assert said(empty) == (2, {"founding.place"})
    assert empty.faults[0].where == "checkpoint"
    entries = stage.entries()
    for first in (entries[1], b"no record"):
        report = audit_of(stage, [first, *entries])
        assert report.exit_code == 2
        assert report.faults[0].where.startswith("tile/entries/000.p/")


def test_another_corridor_than_the_one_asked_for_is_refused() -> None:
    stage, archive = told()
    report = stage.audit(archive, corridor="0" * 64)
    assert said(report) == (3, {"log.corridor"})


def test_a_policy_of_somebody_else_is_not_the_corridors() -> None:
    stage, other = told()[0], Stage("another")
    archive = archive_of(other, stage.entries())
    report = stage.audit(archive)
    assert said(report) == (2, {"policy.spelling"})
    assert report.faults[0].where == "policy"


def test_what_cannot_be_read_just_now_is_no_fault_of_the_archive() -> None:
    class Away(MemoryArchive):
        def read(self, path: str) -> bytes:
            raise Unavailable("the disk is away", where=path, next_step="Repeat")

    with pytest.raises(Unavailable):
        audit(Away(dict(told()[1].files)), workers=SerialWorkers(), options=Options())
