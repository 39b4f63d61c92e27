"""825 real voyages, replayed: one log in every hand, the findings that a human checked, and no word more."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.replay_folder import ReplayFolder
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.passage.judgement import Why
from safeconduct.core.passage.waits import median_waits
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.service.expected import compare, known, parse_expected
from safeconduct.service.export import export
from safeconduct.service.replay_source import Replayable, read_replayable
from safeconduct.service.timeline import timelines, told_until_s, waits_of
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.replay import Replay, replay
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.ports import Silent
from safeconduct.verify.report import Report

EXAMPLE = Path(__file__).parents[2] / "examples" / "black-sea-2022"
READERS = ("un", "russia", "turkiye", "ukraine", "public")


def source() -> Replayable:
    return read_replayable(ReplayFolder(EXAMPLE))


@cache
def log() -> Replay:
    return replay(source(), MemoryStore())


@cache
def archives() -> dict[str, MemoryArchive]:
    exported = export(log().sequencer, READERS, now=log().clock.now())
    return {archive.reader: MemoryArchive(dict(archive.files())) for archive in exported}


@cache
def report(reader: str) -> Report:
    return audit(archives()[reader], workers=SerialWorkers(), reporter=Silent(), options=Options())


@cache
def entries() -> tuple[Entry, ...]:
    archives()  # an export logs what each reader is shown, and comes last
    return tuple(map(parse_entry, log().sequencer.store.entries()))


def kinds() -> Counter[str]:
    return Counter(entry.evt for entry in entries())


@pytest.mark.parametrize("reader", READERS)
def test_every_archive_is_sound_and_has_the_same_head(reader: str) -> None:
    assert report(reader).sound
    assert report(reader).nature == "replay"
    assert report(reader).head == report("un").head


@pytest.mark.parametrize("reader", READERS[:4])
def test_each_delegation_finds_exactly_what_was_checked_by_hand(reader: str) -> None:
    expected = parse_expected((EXAMPLE / "expected_findings.json").read_text(encoding="utf-8"))
    found = [known(finding, entries().__getitem__) for finding in report(reader).findings]
    assert not compare(expected, found)
    assert report(reader).exit_code == 1


def test_the_public_finds_what_needs_no_ship_names_and_is_told_what_it_cannot_check() -> None:
    assert [finding.rule for finding in report("public").findings] == ["vehicle.imo_check_digit"] * 3
    assert any("vehicle.two_names" in what for what in report("public").not_checkable)


def test_nothing_is_recorded_that_the_source_does_not_tell() -> None:
    assert kinds() == {
        "founding": 1,
        "key": 5,
        "head": 3,
        "watch-start": 4,
        "declaration": 825,
        "entered": 825,
        "inspection": 825 - 27,
        "watch-end": 4,
        "disclosure": 4,
    }
    told = [entry for entry in entries() if entry.psg is not None]
    assert all(entry.at is not None and entry.at.via == "source" for entry in told)


def test_every_line_names_its_row_in_the_source() -> None:
    rows = [
        line["source_row"]
        for entry in entries()
        if entry.evt == "declaration"
        for line in entry.payload["lines"]
    ]
    assert sorted(rows) == list(range(2, 938))


def test_what_was_not_inspected_when_the_source_ends_is_open_and_no_finding() -> None:
    waiting = [state for state in report("un").open_states if state.why is Why.AWAITING_INSPECTION]
    assert (len(waiting), sum(state.lines for state in waiting)) == (27, 34)


def test_countersignatures_are_not_in_the_source_so_nobody_is_said_to_owe_one() -> None:
    assert "countersign" not in kinds()
    assert report("un").not_judged["countersign.short"] == 825


def test_rules_about_what_the_source_does_not_tell_are_counted_as_not_judged() -> None:
    judged = report("un").not_judged
    assert {"pass.missing", "seal.missing", "pair.never_exited"} <= judged.keys()
    assert not {"vehicle.imo_check_digit", "vehicle.two_names"} & judged.keys()


def test_median_waits_by_month_are_those_of_the_file_and_march_is_not_known() -> None:
    until = told_until_s(entries())
    assert until is not None
    months = median_waits(waits_of(timelines(entries())), told_until_s=until)
    known_days = [None if month.median_days is None else int(month.median_days) for month in months]
    assert known_days == [2, 2, 9, 14, 8, 8, 9, 10, None]
    march = months[-1]
    assert (march.month, march.begun, march.ended, march.median_days) == ("2023-03", 48, 21, None)


def test_the_same_source_and_seed_give_the_same_archive_to_the_byte() -> None:
    again = replay(source(), MemoryStore())
    exported = export(again.sequencer, READERS, now=again.clock.now())
    assert {archive.reader: dict(archive.files()) for archive in exported} == {
        reader: archive.files for reader, archive in archives().items()
    }


def test_a_replay_signs_nothing_that_the_agreement_does_not_allow() -> None:
    files = ReplayFolder(EXAMPLE)

    class Without:
        def text(self, name: str) -> str:
            return files.text(name).replace('inspection = ["post"]', 'inspection = ["liaison"]')

        def data(self, name: str) -> bytes:
            return files.data(name)

    with pytest.raises(Malformed, match="does not let istanbul/post sign inspection"):
        replay(read_replayable(Without()), MemoryStore())
