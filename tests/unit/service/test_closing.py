"""A log that is closed, at its door, at its sequencer, and where archives are made of it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from safeconduct.core.agreement.closing import RUNS_ON
from safeconduct.core.kernel.errors import Conflict
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.closing import End, closed, counts_in
from safeconduct.service.disclosing import disclose
from safeconduct.service.export import export
from safeconduct.service.refusal import read_refusal
from safeconduct.service.sequence import Submission
from safeconduct.sim.hand import Written, sign_anything
from safeconduct.sim.stage import Stage
from tests.unit.service.admission_scene import Door, check, door, offer, rules

__all__ = ["door"]


def closing_in(door: Door) -> Written:
    """A closing that lacks one consent."""
    return door.stage.propose_closing()


def consent_to(door: Door, closing: Written) -> Written:
    return door.stage.hand("orva/root").write("consent", clear={"of": closing.leaf})


def closed_door(door: Door) -> Door:
    door.hand_in(consent_to(door, closing_in(door)))
    return door


def test_5_once_closed_an_observation_is_refused_with_a_signature_that_says_where_to_go(door: Door) -> None:
    stage = closed_door(door).stage
    (since,) = [index for index, kind in enumerate(door.kinds()) if kind == "consent"][-1:]
    late = stage.hand("north-gate").write(
        "arrival",
        passage="ab" * 16,
        clear={"post": "north-gate", "direction": "in", "class": "humanitarian"},
    )
    outcome = door.answer(late)
    assert rules(outcome) == ["closing.after"]
    assert outcome.error is not None
    assert f"closed since record {since}" in outcome.error.faults[0].where
    assert "successor" in outcome.error.faults[0].next_step
    assert outcome.refusal is not None
    refusal = read_refusal(outcome.refusal, stage.founding.service_key)
    assert (refusal.rule, refusal.leaf) == ("closing.after", late.leaf)
    assert f"closed since record {since}" in refusal.why


def test_5_whoever_nobody_knows_is_told_of_the_end_first(door: Door) -> None:
    stranger = closed_door(door).stage.stranger("relief-two/declarant")
    assert rules(door.answer(stranger.write("offered", clear={"leaf": "0" * 64}))) == ["closing.after"]


def test_5_what_stands_behind_the_last_consent_in_one_batch_is_after_the_end(door: Door) -> None:
    closing = closing_in(door)
    before, consent, after = offer(door, "1"), consent_to(door, closing), offer(door, "2")
    said = door.admit(before, consent, after)
    assert [outcome.error is None for outcome in said] == [True, True, False]
    assert rules(said[2]) == ["closing.after"]
    check(door, door.answer(before), before)
    assert door.stage.audit().findings == ()


def test_5_a_repeat_gets_its_receipt_after_the_end_too(door: Door) -> None:
    told = offer(door)
    check(door, door.answer(told), told)
    closed_door(door)
    outcome = door.answer(told)
    assert outcome.repeated
    check(door, outcome, told)


def test_5_an_erasure_enters_by_whoever_may_sign_it(door: Door) -> None:
    stage = closed_door(door).stage
    good = stage.hand("mission/root").write("erasure", clear={"digests": ["A" * 43]})
    check(door, door.answer(good), good)
    other = stage.hand("orva/liaison").write("erasure", clear={"digests": ["A" * 43]})
    assert rules(door.answer(other)) == ["key.power"]


def test_7_a_lapse_without_effect_is_refused(door: Door) -> None:
    lapse = door.stage.hand("orva/root").write("lapse", clear={"of": "ab" * 32, "runs_on": []})
    assert rules(door.answer(lapse)) == ["agreement.lapse"]


@pytest.mark.parametrize("guarded", [True, False])
def test_8_nothing_is_appended_to_a_closed_log_and_without_the_guard_it_was(
    monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    stage = Stage()
    stage.close()
    size = stage.store.size()
    late = Submission(stage.hand("north-gate").write("offered", clear={"leaf": "0" * 64}).entry)
    if guarded:
        with pytest.raises(Conflict, match="this log is closed since record"):
            stage.log.submit([late])
    else:
        monkeypatch.setattr(End, "check", lambda *_: None)
        stage.log.submit([late])
    assert (stage.store.size() == size) == guarded


def test_8_a_sequencer_that_starts_anew_or_reads_what_another_closed_knows_it() -> None:
    stage = Stage()
    first = stage.log
    stage.open_log()
    stage.close()
    assert first.closed_from is None
    first.settle()
    assert first.closed_from == stage.log.closed_from == stage.store.size() - 1
    stage.open_log()
    with pytest.raises(Conflict, match="nothing was appended"):
        stage.log.submit_own([("bulletin", {})])


def test_a_closing_that_is_only_proposed_closes_nothing() -> None:
    stage = Stage()
    stage.close(agreeing=())
    assert stage.log.closed_from is None
    assert closed(stage.founding, stage.store) is None
    stage.close(agreeing=["tessin"])
    ring = closed(stage.founding, stage.store)
    assert ring is not None
    assert ring.closed_from == stage.log.closed_from
    assert closed(stage.founding, stage.store, stage.store.size() - 1) is None


def exported(stage: Stage, readers: Iterable[str]) -> int:
    """How many records that took."""
    before = stage.store.size()
    export(stage.log, list(readers), now=stage.clock.now())
    return stage.store.size() - before


def test_who_was_shown_all_of_it_before_the_end_is_shown_it_again_without_a_record() -> None:
    stage = Stage()
    stage.declare()
    stage.mirror("orva")
    stage.close()
    head = stage.head()
    assert exported(stage, ["orva"]) == 0
    assert stage.head() == head
    assert exported(stage, ["mission", "orva"]) == 2, "a head record, and one of what the mission is shown"
    assert exported(stage, ["mission", "orva"]) == 0
    data, _ = disclose(stage.log, "orva")
    assert data
    assert stage.audit().findings == ()
    assert stage.audit(stage.archive("orva")).findings == ()


def test_an_erasure_after_the_end_is_in_the_archives_that_follow() -> None:
    stage = Stage()
    made = stage.declare().declaration
    assert made is not None
    stage.close()
    text = next(one for one in made.disclosures if digest_of(one) in made.payload["plate"]["_sd"])
    stage.hand("mission/root").record("erasure", clear={"digests": [digest_of(text)]})
    archive = stage.archive("orva")
    assert digest_of(text).encode() in archive.files["disclosures.jsonl"]
    assert text.encode() not in archive.files["disclosures.jsonl"]
    report = stage.audit(archive)
    assert report.findings == ()
    assert any("erased by record" in what for what in report.not_checkable)


def test_what_is_counted_is_each_record_that_can_be_read() -> None:
    stage = Stage()
    entries = [*stage.entries(), b"nothing that anybody could read"]
    counts = {one["kind"]: one["count"] for one in counts_in(entries)}
    assert sum(counts.values()) == len(entries) - 1
    assert [*counts] == sorted(counts)
    assert counts["founding"] == 1
    assert RUNS_ON & counts.keys() == {"head"}


def test_invented_kinds_are_left_out_where_a_record_has_no_room_for_them() -> None:
    stage = Stage()
    known = counts_in(stage.entries())
    told = stage.hand("north-gate").write("offered", clear={"leaf": "0" * 64}).payload
    key = stage.key("north-gate/post")
    invented = [sign_anything({**told, "evt": f"kind-{number}"}, key) for number in range(300)]
    assert len(counts_in([*stage.entries(), *invented[:10]])) == len(known) + 10
    assert counts_in([*stage.entries(), *invented]) == known
