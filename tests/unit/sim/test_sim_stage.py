from __future__ import annotations

import hashlib
import hmac

import pytest

from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.sim.clock import FIRST_MORNING, HandClock
from safeconduct.sim.stage import Stage, corridor_file
from tests.stories.told import evening, journey, rules


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_fresh_stage_is_founded_consented_to_and_on_watch(stage: Stage) -> None:
    kinds = [parse_entry(entry).evt for entry in stage.entries()]
    assert [kind for kind in kinds if kind != "head"] == [
        "founding",
        *["consent"] * 2,
        *["key"] * 6,
        *["watch-start"] * 2,
    ]
    report = stage.audit()
    assert (report.exit_code, report.open_states, report.nature) == (0, (), "simulated")
    assert report.head is not None
    assert len(report.head.cosigned) == 3


def test_the_example_in_the_module_works(stage: Stage) -> None:
    journey(stage)
    evening(stage)
    assert stage.audit().exit_code == 0


def test_keys_and_salts_are_hmacs_of_the_seed_and_a_name(stage: Stage) -> None:
    assert stage.key("orva/root").seed == hmac.digest(b"stage", b"key/orva/root", "sha256")
    entry = parse_entry(stage.entries()[0])
    assert hashlib.sha256(entry.text).hexdigest() == stage.cor
    assert Stage().entries() == stage.entries()
    assert Stage("another").cor != stage.cor


def test_the_invented_corridor_says_that_it_is_invented() -> None:
    agreement = parse_agreement(corridor_file("agreement.toml"))
    route = parse_route(corridor_file("route.geojson"))
    assert "invented" in agreement.title
    assert route.schematic
    assert agreement.limits.publication_delay_s == 0
    assert agreement.seats == ("mission", "orva", "tessin")


def test_the_clock_is_moved_by_hand_alone() -> None:
    told: list[str] = []
    clock = HandClock(before_moving=lambda: told.append("settled"))
    assert (clock.now(), str(clock)) == (FIRST_MORNING, "2026-03-01T06:00:00Z")
    clock.tick(60)
    assert told == []
    clock.advance(days=1, hours=2, minutes=3, seconds=4)
    assert (str(clock), told) == ("2026-03-02T08:04:04Z", ["settled"])


def test_a_hand_without_a_network_keeps_what_it_signs(stage: Stage) -> None:
    post, size = stage.hand("south-gate"), stage.log.size
    post.offline = True
    first = stage.passage(traffic_class="resident").exit()
    stage.clock.advance(hours=1)
    assert (stage.log.size, len(post.kept)) == (size, 1)
    seen = post.seen
    post.connect()
    stage.clock.advance(hours=1)
    assert first.entry in stage.entries()
    assert post.seen != seen


def test_a_copied_hand_goes_on_from_where_it_was_copied(stage: Stage) -> None:
    post = stage.hand("south-gate")
    twin = post.copy()
    assert (twin.kid, twin.seq, twin.prev, twin.seen) == (post.kid, post.seq, post.prev, post.seen)


def test_any_bytes_can_be_logged_and_the_auditor_still_answers(stage: Stage) -> None:
    index = stage.log_raw(b"no record at all")
    stage.declare()
    report = stage.audit()
    assert rules(report) == {"record.spelling"}
    assert report.findings[0].entries == (index,)


def test_a_record_that_nobody_can_read_is_logged_without_its_disclosures(stage: Stage) -> None:
    stage.declare(people=-5)
    evening(stage)
    assert rules(stage.audit()) == {"record.schema"}


def test_a_stage_may_have_empty_seats_and_no_witness() -> None:
    stage = Stage(empty=("orva", "tessin"), consenting=(), witnesses=(), watching=False)
    report = stage.audit()
    assert report.exit_code == 0
    assert report.head is not None
    assert report.head.time is None
    assert [line.count("empty") for line in report.consents] == [0, 1, 1]


def head(stage: Stage, size: int, root: bytes) -> Note:
    text = Checkpoint(stage.log_key.name, size, root).print()
    return Note(text, (sign_note(text, stage.log_key, stage.key("log")),))


def test_a_witness_cosigns_what_goes_on_and_nothing_else(stage: Stage) -> None:
    witness, size = stage.witnesses[0], stage.log.size
    assert witness.cosign(head(stage, size, stage.root_at(size))) is not None
    assert witness.cosign(head(stage, size - 1, stage.root_at(size - 1))) is None
    assert witness.cosign(head(stage, size, b"\0" * 32)) is None
    witness.asleep = True
    assert witness.cosign(head(stage, size, stage.root_at(size))) is None


def test_a_witness_cosigns_no_head_that_another_log_signed(stage: Stage) -> None:
    other = Stage("another")
    assert stage.witnesses[0].cosign(Note.parse(other.head())) is None


def test_a_witness_that_colludes_cosigns_anything_of_its_log(stage: Stage) -> None:
    stage.witnesses[0].colludes = True
    assert stage.witnesses[0].cosign(head(stage, 3, b"\0" * 32)) is not None
