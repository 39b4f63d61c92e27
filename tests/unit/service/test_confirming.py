"""A party confirms an erasure by a record of its mirror's own key: once, whatever interrupts it, without a fork."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from safeconduct.adapters.mirror_folder import MirrorFolder
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.archive_store import ArchiveStore, open_copy
from safeconduct.service.confirming import Confirming
from safeconduct.service.sequence import Submission
from safeconduct.sim.stage import Stage


@dataclass
class LogsDesk:
    """Hands in to the log itself; `silent`: takes them, and the answer is lost; `closed`: takes none."""

    stage: Stage
    silent: bool = False
    closed: bool = False
    asked: list[tuple[bytes, ...]] = field(default_factory=list)

    def hand_in(self, records: Sequence[bytes], nature: str) -> None:
        assert nature == self.stage.founding.nature
        self.asked.append(tuple(records))
        if not self.closed:
            self.stage.log.submit([Submission(text) for text in records])
        if self.silent or self.closed:
            raise Unavailable("no answer")


@pytest.fixture
def stage() -> Stage:
    made = Stage("confirming", watching=False)
    made.enrol("orva/observer", "mirror")
    return made


def erase(stage: Stage) -> tuple[int, str]:
    """Somebody's plate is erased; which record does it, and its leaf."""
    declared = stage.declare().declaration
    assert declared is not None
    digests = [digest_of(text) for text in declared.disclosures]
    leaf = stage.hand("mission/root").record("erasure", clear={"digests": digests}).leaf
    return next(n for n, text in enumerate(stage.entries()) if parse_entry(text).leaf.hex() == leaf), leaf


def copy_of(stage: Stage) -> ArchiveStore:
    return open_copy(stage.archive("orva"), where="ours")


def confirm(stage: Stage, desk: LogsDesk, notes: MirrorFolder, key: str = "mirror") -> tuple[int, ...]:
    """A program that begins, confirms, and ends."""
    with notes.alone():
        return Confirming(stage.key(key), desk, stage.clock, stage.chance).confirm(copy_of(stage), notes)


def said(stage: Stage) -> list[tuple[str, int, str]]:
    """Who confirmed what, in the log."""
    records = [parse_entry(text) for text in stage.entries()]
    return [(one.iss, one.seq, one.payload["of"]) for one in records if one.evt == "erased"]


def test_each_erasure_is_confirmed_once_and_the_auditor_says_who_did(stage: Stage, tmp_path: Path) -> None:
    desk, notes = LogsDesk(stage), MirrorFolder(tmp_path / "ours")
    assert confirm(stage, desk, notes) == ()
    first, leaf = erase(stage)
    assert confirm(stage, desk, notes) == (first,)
    assert confirm(stage, desk, notes) == ()
    second, other = erase(stage)
    assert confirm(stage, desk, notes) == (second,)
    assert confirm(stage, desk, notes) == ()
    assert said(stage) == [("orva/observer", 0, leaf), ("orva/observer", 1, other)]
    report = stage.audit()
    assert report.exit_code == 0
    assert [line.partition("erased by ")[2] for line in report.not_checkable] == [
        f"record {index}; deleted, as they say, by orva/observer" for index in (first, second)
    ]


@pytest.mark.parametrize("what", ["silent", "closed"])
def test_what_was_interrupted_is_handed_in_again_to_the_byte(stage: Stage, tmp_path: Path, what: str) -> None:
    desk, notes = (
        LogsDesk(stage, silent=what == "silent", closed=what == "closed"),
        MirrorFolder(tmp_path / "ours"),
    )
    _, leaf = erase(stage)
    old = copy_of(stage)
    for _ in range(2):  # the archive has not seen it yet
        with pytest.raises(Unavailable), notes.alone():
            Confirming(stage.key("mirror"), desk, stage.clock, stage.chance).confirm(old, notes)
    assert desk.asked[0] == desk.asked[1]
    _, later = erase(stage)
    desk.silent = desk.closed = False
    confirm(stage, desk, notes)
    confirm(stage, desk, notes)
    assert said(stage) == [("orva/observer", 0, leaf), ("orva/observer", 1, later)]
    assert not {"chain.fork", "chain.prev", "chain.hole"} & stage.audit().rules


def test_an_erasure_by_whoever_may_not_erase_is_not_confirmed(stage: Stage, tmp_path: Path) -> None:
    declared = stage.declare().declaration
    assert declared is not None
    digest = digest_of(declared.disclosures[0])
    stage.hand("orva/liaison").record("erasure", clear={"digests": [digest]})
    desk = LogsDesk(stage)
    assert confirm(stage, desk, MirrorFolder(tmp_path / "ours")) == ()
    assert desk.asked == []


def test_a_key_that_signs_other_records_or_is_not_enrolled_confirms_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    erase(stage)
    desk, notes = LogsDesk(stage), MirrorFolder(tmp_path / "ours")
    with pytest.raises(Malformed, match="--confirm: this key is not enrolled"):
        confirm(stage, desk, notes, "nobody's")
    stage.hand("orva/liaison").record("offered", clear={"leaf": "0" * 64})
    with pytest.raises(Malformed, match="--confirm: this key signs 'offered', too"):
        confirm(stage, desk, notes, "orva/liaison")
    assert desk.asked == []
