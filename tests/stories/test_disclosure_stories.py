"""What a reader holds: a false value, one more than was recorded, one less."""

from __future__ import annotations

import json

import pytest

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.record.disclosure import disclose
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import Stage
from tests.stories.told import evening, journey, rules

DISCLOSURES = "disclosures.jsonl"


@pytest.fixture(scope="module")
def stage() -> Stage:
    stage = Stage()
    journey(stage)
    evening(stage)
    return stage


def test_what_the_mission_and_a_party_hold_is_what_was_recorded(stage: Stage) -> None:
    for reader in ("mission", "orva", "public"):
        assert rules(stage.audit(stage.archive(reader))) == set()


def test_a_false_value_disclosed_is_named(stage: Stage) -> None:
    archive = stage.archive()
    lines = archive.files[DISCLOSURES].splitlines()
    line = json.loads(lines[0])
    line["disclosures"] = sorted([*line["disclosures"][1:], disclose(b"\0" * 16, "KM 4712")])
    archive.files[DISCLOSURES] = b"\n".join((canonical(line), *lines[1:], b""))
    report = stage.audit(archive)
    assert "disclosures.false" in rules(report)
    assert report.exit_code > 0


def test_a_disclosure_that_was_not_recorded_is_named(stage: Stage) -> None:
    """One line of what only the mission may see, in a party's hands; then one line less than was recorded."""
    mission, orva = stage.archive("mission"), stage.archive("orva")
    more, fewer = (dict(enumerate(orva.files[DISCLOSURES].splitlines(keepends=True))) for _ in range(2))
    more[0] = mission.files[DISCLOSURES].splitlines(keepends=True)[0]
    assert more[0] != fewer.pop(0)
    for lines in (more, fewer):
        changed = MemoryArchive({**orva.files, DISCLOSURES: b"".join(lines.values())})
        assert rules(stage.audit(changed)) == {"disclosures.digest"}


def test_what_the_mission_hands_on_whole_is_not_told_from_its_own(stage: Stage) -> None:
    """The lack: nobody sees a disclosure outside the system; a copy is as good as the archive."""
    mission, orva = stage.archive("mission"), stage.archive("orva")
    copied = MemoryArchive({**orva.files, DISCLOSURES: mission.files[DISCLOSURES]})
    assert rules(stage.audit(copied)) == set()


def test_without_any_disclosures_the_report_says_so(stage: Stage) -> None:
    """The lack: what needs a disclosure is not checked, and nothing else is missing."""
    archive = stage.archive()
    del archive.files[DISCLOSURES]
    report = stage.audit(archive)
    assert rules(report) == set()
    assert any("no disclosures in this archive" in line for line in report.lines())
