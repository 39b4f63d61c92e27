"""Witnesses in the operator's hands: one that cosigns two histories, some with an old clock; and one that is not."""

from __future__ import annotations

import pytest

from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.proofs import consistency_proof
from safeconduct.core.tlog.witness import Cosigned, Decision
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.sim.clock import HandClock
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.verify.files import CHECKPOINT
from tests.stories.told import evening, journey, rules

HOUR_S = 3_600


def cosigners(stage: Stage, note: bytes) -> set[str]:
    """The seats whose witnesses stand under a head."""
    return {name.partition(".")[0] for name in stage.log.policy.check(Note.parse(note)).cosigned}


@pytest.mark.parametrize("twice", [(), ("orva",), ("orva", "tessin"), tuple(SEATS)], ids=len)
def test_a_witness_that_cosigns_two_histories_stands_under_both_heads(twice: tuple[str, ...]) -> None:
    """Below a quorum the archive shows it; from a quorum on only a head that was kept, and with it who did it."""
    stage = Stage()
    account = journey(stage).account("searched")
    evening(stage)
    kept = stage.head()
    stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=twice)
    other = stage.archive("orva")
    alone = stage.audit(other)
    assert rules(alone) == (set() if len(twice) >= 2 else {"head.no_quorum"})
    assert rules(stage.audit(other, heads=[kept])) == {"log.rollback"}
    assert cosigners(stage, kept) & cosigners(stage, other.files[CHECKPOINT]) == {*twice}


def test_of_one_history_every_witness_may_stand_under_all_heads() -> None:
    stage = Stage()
    kept = stage.head()
    journey(stage)
    evening(stage)
    archive = stage.archive("orva")
    assert rules(stage.audit(archive, heads=[kept])) == set()
    assert cosigners(stage, kept) & cosigners(stage, archive.files[CHECKPOINT]) == {*SEATS}


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "another history"])
def test_a_witness_that_keeps_to_the_rule_cosigns_no_second_history(*, cheats: bool) -> None:
    """Its program, whatever the log's operator sends it; what it refused is evidence."""
    stage = Stage()
    witness, memory = stage.witnesses[0], dict[str, Cosigned]()
    decision = Decision(witness.verifier, witness.key, (stage.log_key,))

    def ask(old: int) -> tuple[int, bool]:
        note = Note.parse(stage.head())
        proof = consistency_proof(stage.log.hashes.read, old=old, new=stage.store.size())
        answer = decision.answer(print_request(old, proof, note), memory.get, now=stage.clock.now())
        if answer.kept:
            memory[answer.kept.head.origin] = answer.kept
        return answer.status, answer.evidence is not None

    account = journey(stage).account("searched")
    stage.publish()
    assert ask(0) == (200, False)
    size = stage.store.size()
    if cheats:
        stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=SEATS)
    evening(stage)
    assert ask(size) == ((422, True) if cheats else (200, False))


@pytest.mark.parametrize(
    ("old", "named"), [(0, set()), (1, set()), (2, {"time.after_head"}), (3, {"time.after_head"})]
)
def test_one_old_clock_dates_nothing_and_a_quorum_of_them_is_contradicted_by_what_devices_signed(
    old: int, named: set[str]
) -> None:
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    stage.clock.advance(minutes=10)
    stopped = HandClock(stage.clock.now())
    stage.clock.advance(hours=5)
    passage.account("waited")
    for witness in stage.witnesses[:old]:
        witness.clock = stopped
    report = stage.audit()
    assert rules(report) == named
    assert report.head is not None
    assert report.head.time is not None
    assert (report.head.time < stage.clock.now() - HOUR_S) == bool(named)


def test_a_quorum_whose_clocks_are_old_by_less_than_the_tolerance_is_not_told_from_an_honest_one() -> None:
    """The lack: what devices sign bounds the witnesses no closer than their own clocks may be off."""
    stage = Stage()
    stage.clock.advance(minutes=10)
    stage.declare().account("waited")
    for witness in stage.witnesses:
        witness.clock = HandClock(stage.clock.now() - 240)
    report = stage.audit()
    assert rules(report) == set()
    assert report.head is not None
    assert report.head.time == stage.clock.now() - 240


@pytest.mark.parametrize("back_s", [0, HOUR_S], ids=["right", "put back"])
def test_a_witness_whose_clock_was_put_back_says_so_and_dates_nothing(back_s: int) -> None:
    stage = Stage()
    witness = stage.witnesses[0]
    decision = Decision(witness.verifier, witness.key, (stage.log_key,))
    request, now = print_request(0, (), Note.parse(stage.head())), stage.clock.now()
    answer = decision.answer(request, lambda _: None, now=now - back_s, latest=now)
    assert (answer.status, answer.kept is None) == ((503, True) if back_s else (200, False))
