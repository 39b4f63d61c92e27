"""The end of a corridor: proposed, agreed to, counted; what is added or counted falsely is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeconduct.core.kernel.errors import Conflict, Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.closing import counts_in
from safeconduct.sim.hand import Hand, Written, sign_anything
from safeconduct.sim.stage import Stage
from safeconduct.verify.closing import Closed
from tests.stories.told import evening, journey, open_rules, rules, under_way

Count = list[dict[str, Any]]


def at_its_end(**told: Any) -> tuple[Stage, Written]:
    """One journey, and two days later the corridor is closed."""
    stage = Stage()
    journey(stage)
    evening(stage)
    return stage, stage.close(**told)


def of_a_newer_kind(hand: Hand) -> bytes:
    """A record of a kind that this version does not know."""
    written = hand.write("offered", clear={"leaf": "0" * 64})
    return sign_anything({**written.payload, "evt": "tollbooth"}, hand.key)


def said(stage: Stage) -> Closed:
    (closing,) = stage.audit().closings
    return closing


def test_a_corridor_that_ends_as_agreed_is_sound_and_its_report_says_how() -> None:
    stage, _ = at_its_end()
    report = stage.audit()
    assert rules(report) == set()
    (closing,) = report.closings
    assert closing.since is not None
    assert closing.time is not None
    assert dict(closing.counts)["exited"] == 1
    assert sum(closing.counts.values()) == closing.since + 1
    lines = "\n".join(report.lines())
    assert f"Closed by record {closing.since}, on " in lines
    assert "Archives: mission, orva, tessin" in lines
    assert "Runs on: answers" in lines
    assert "The closing, Orva (party): consented by record" in lines
    assert "The closing, Tessin (party): has not answered" in lines


def test_what_somebody_saw_after_the_end_is_turned_away_and_where_it_is_logged_all_the_same_named() -> None:
    stage, _ = at_its_end()
    late = stage.hand("north-gate").write(
        "arrival",
        passage="ab" * 16,
        clear={"post": "north-gate", "direction": "in", "class": "humanitarian"},
    )
    stage.hand_in(late)
    with pytest.raises(Conflict, match="this log is closed since record") as refused:
        stage.publish()
    assert refused.value.rule == "closing.after"
    stage._waiting.clear()
    before = stage.audit()
    assert rules(before) == set()
    stage.log_raw(late.entry)
    after = stage.audit()
    assert rules(after) == {"closing.after"}
    (finding,) = after.findings
    assert finding.found == "1, the first of kind arrival"
    assert finding.touches == "north-gate/post"
    assert after.checked.passages == before.checked.passages, "it is no evidence"


def test_all_that_is_added_after_the_end_is_one_finding_whatever_it_is() -> None:
    stage, _ = at_its_end()
    root, last = stage.hand("mission/root"), {"kid": stage.hand("orva/liaison").kid, "last": None}
    stage.log_raw(root.write("revocation", clear={**last, "reason": "late"}).entry)
    stage.log_raw(of_a_newer_kind(root))
    stage.log_raw(b"nothing that anybody could read")
    report = stage.audit()
    found = [one.found for one in report.findings if one.rule == "closing.after"]
    assert found == ["3, the first of kind revocation"]
    assert "key.revoked" not in rules(report), "keys stay as they stood at the end"


def test_the_last_head_gets_its_quorum_without_another_record() -> None:
    stage = Stage()
    stage.close_watches()
    closing = stage.propose_closing()
    stage.mirror("mission")
    for witness in stage.witnesses[1:]:
        witness.asleep = True
    stage.hand("orva/root").record("consent", clear={"of": closing.leaf})
    stage.publish()
    size = stage.store.size()
    waiting = stage.audit()
    assert rules(waiting) == {"head.no_quorum"}
    assert waiting.closings[0].time is None
    with pytest.raises(Unavailable, match="waits for its quorum"):
        stage.mirror("orva")
    for witness in stage.witnesses:
        witness.asleep = False
    stage.log.publish()
    ended = stage.audit()
    assert rules(ended) == set()
    assert ended.closings[0].time is not None
    assert stage.store.size() == size
    for witness in stage.witnesses[1:]:
        witness.asleep = True
    stage.mirror("orva")
    later = stage.audit()
    assert rules(later) == {"head.no_quorum"}, "of a later head"
    assert later.closings == ended.closings, "the end keeps its own"


def test_erasures_run_on_and_so_does_the_record_of_who_was_shown_what() -> None:
    stage, _ = at_its_end()
    before = stage.audit()
    plate = next(text for _, text in stage.store.disclosures())
    stage.hand("mission/root").record("erasure", clear={"digests": [digest_of(plate)]})
    stage.mirror("orva")
    stage.pass_time(days=30)
    report = stage.audit()
    assert rules(report) == set()
    assert report.head is not None
    assert before.head is not None
    assert report.head.size > before.head.size
    assert report.closings == before.closings


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_what_is_open_at_the_end_stays_open_and_is_nobodys_fault(*, closed: bool) -> None:
    """The twin without an end: the same hole is a finding once the limit has passed."""
    stage = Stage()
    passage = under_way(stage)
    stage.hand("relief-one").write(
        "account", passage=passage.psg, clear={"what": "arrived", "post": "south-gate"}
    )
    passage.account("left", "south-gate")
    if closed:
        stage.close()
        stage.clock.advance(hours=20)
        stage.hand("mission/root").record("erasure", clear={"digests": ["A" * 43]})
    stage.pass_time(days=3)
    report = stage.audit()
    assert ("chain.hole" in rules(report)) != closed
    assert (("chain.hole", "not handed in yet") in open_rules(report)) == closed
    assert any("What was open then stays open" in line for line in report.lines()) == closed


def one_less(counts: Count) -> Count:
    return [{**one, "count": one["count"] - (one["kind"] == "key")} for one in counts]


def one_left_out(counts: Count) -> Count:
    return [one for one in counts if one["kind"] != "exited"]


def one_made_up(counts: Count) -> Count:
    return sorted([*counts, {"kind": "gift", "count": 3}], key=lambda one: str(one["kind"]))


@pytest.mark.parametrize(
    ("falsified", "kind"), [(one_less, "key"), (one_left_out, "exited"), (one_made_up, "gift")]
)
def test_false_counts_are_named_however_many_agreed_to_them(
    falsified: Callable[[Count], Count], kind: str
) -> None:
    stage = Stage()
    journey(stage)
    evening(stage)
    assert stage.newest is not None
    true = counts_in(stage.entries()[: stage.newest.size])
    stage.close(clear={"counts": falsified(true)})
    report = stage.audit()
    assert [one.rule for one in report.findings] == ["closing.counts"]
    assert f"of kind {kind} in the first" in report.findings[0].expected


def test_counts_up_to_a_head_that_never_was_are_named_for_that() -> None:
    stage = Stage()
    assert stage.newest is not None
    stage.close(seen={"size": stage.newest.size, "root": "ab" * 32})
    assert rules(stage.audit()) == {"seen.wrong"}


def test_newer_kinds_and_what_nobody_can_read_are_counted_as_they_stand() -> None:
    stage = Stage()
    stage.log_raw(of_a_newer_kind(stage.hand("orva/liaison")))
    stage.log_raw(b"nothing that anybody could read")
    stage.clock.advance(minutes=10)
    stage.close()
    report = stage.audit()
    assert "closing.counts" not in rules(report)
    assert dict(report.closings[0].counts)["tollbooth"] == 1


def test_a_kind_that_nobody_knows_may_be_left_out_and_not_be_counted_falsely() -> None:
    stage = Stage()
    stage.log_raw(of_a_newer_kind(stage.hand("orva/liaison")))
    stage.clock.advance(minutes=10)
    assert stage.newest is not None
    true = counts_in(stage.entries()[: stage.newest.size])
    stage.propose_closing(clear={"counts": [one for one in true if one["kind"] != "tollbooth"]})
    assert "closing.counts" not in rules(stage.audit())
    told = [{**one, "count": one["count"] + (one["kind"] == "tollbooth")} for one in true]
    seen = {"size": stage.newest.size, "root": stage.newest.root}
    stage.propose_closing(clear={"counts": told}, seen=seen)
    assert "closing.counts" in rules(stage.audit())


def test_a_closing_that_is_not_agreed_to_has_no_effect() -> None:
    stage = Stage()
    stage.close(agreeing=())
    journey(stage)
    evening(stage)
    report = stage.audit()
    assert rules(report) == set()
    (closing,) = report.closings
    assert (closing.since, closing.time) == (None, None)
    assert any("A closing is proposed by record" in line for line in report.lines())


def refused(stage: Stage, closing: Written) -> None:
    stage.hand("orva/root").record("refusal", clear={"of": closing.leaf, "reason": "not-yet"})


def withdrawn(stage: Stage, closing: Written) -> None:
    """Consented to, and withdrawn before anybody else consented: the proposer has taken its own word back first."""
    refusal = stage.hand("mission/root").record("refusal", clear={"of": closing.leaf, "reason": "not-yet"})
    consent = stage.hand("orva/root").record("consent", clear={"of": closing.leaf})
    assert refusal.leaf != consent.leaf
    stage.hand("orva/root").record("withdrawal", withdraws=consent.leaf)
    stage.hand("tessin/root").record("consent", clear={"of": closing.leaf})


@pytest.mark.parametrize("act", [refused, withdrawn])
def test_a_seat_that_does_not_agree_or_no_longer_agrees_closes_nothing(
    act: Callable[[Stage, Written], None],
) -> None:
    stage = Stage()
    act(stage, stage.close(agreeing=()))
    evening(stage)
    assert rules(stage.audit()) == set()
    assert said(stage).since is None


# A consent ends


def consented_for_an_hour(stage: Stage) -> Written:
    until = stage.clock.now() + 3_600
    return stage.hand("orva/root").record("consent", clear={"of": stage.founding.leaf, "until": until})


def sentence(stage: Stage, seat: str = "Orva") -> str:
    report = stage.audit()
    assert rules(report) == set()
    return next(line for line in report.consents if line.startswith(seat))


def test_a_consent_for_a_term_lapses_by_a_record_that_says_what_runs_on() -> None:
    stage = Stage()
    consent = consented_for_an_hour(stage)
    evening_before = stage.clock.now()
    assert "consented by record" in sentence(stage)
    assert ", until " in sentence(stage)
    stage.close_watches()
    stage.clock.set(evening_before + 7_200)
    stage.mirror("orva")
    assert sentence(stage).endswith("which has passed; no record of that says what runs on")
    stage.hand("mission/root").record("lapse", clear={"of": consent.leaf, "runs_on": ["answers"]})
    assert "its consent has lapsed by record" in sentence(stage)
    assert sentence(stage).endswith("; runs on: answers")


def before_its_term(stage: Stage) -> Written:
    return consented_for_an_hour(stage)


def without_a_term(stage: Stage) -> Written:
    return stage.hand("orva/root").record("consent", clear={"of": stage.founding.leaf})


def renewed(stage: Stage) -> Written:
    first = consented_for_an_hour(stage)
    without_a_term(stage)
    stage.clock.advance(hours=2)
    return first


def of_a_record_that_is_none(stage: Stage) -> Written:
    return stage.watches["north-gate"]


@pytest.mark.parametrize("told", [before_its_term, without_a_term, renewed, of_a_record_that_is_none])
def test_a_consent_that_still_stands_does_not_lapse_because_somebody_says_so(
    told: Callable[[Stage], Written],
) -> None:
    stage = Stage()
    of = told(stage)
    stage.hand("tessin/root").record("lapse", clear={"of": of.leaf, "runs_on": []})
    stage.close_watches()
    report = stage.audit()
    assert rules(report) == {"agreement.lapse"}
    assert next(line for line in report.consents if line.startswith("Orva")).startswith(
        "Orva (party): consented by record"
    )


@pytest.mark.parametrize(
    ("claims", "says"), [({}, "nothing is named"), ({"runs_on": ["answers"]}, "answers")]
)
def test_a_consent_that_is_withdrawn_leaves_a_record_of_what_runs_on(
    claims: dict[str, Any], says: str
) -> None:
    stage = Stage()
    consent = without_a_term(stage)
    stage.hand("orva/root").record("withdrawal", clear=claims, withdraws=consent.leaf)
    stage.close_watches()
    assert "withdrew its consent by record" in sentence(stage)
    assert sentence(stage).endswith(f"; runs on: {says}")


def test_who_withdraws_an_older_consent_still_stands_by_the_newer_one() -> None:
    stage = Stage()
    first = without_a_term(stage)
    without_a_term(stage)
    stage.hand("orva/root").record("withdrawal", withdraws=first.leaf)
    stage.close_watches()
    assert "consented by record" in sentence(stage)


def test_an_end_that_was_agreed_to_stays_whoever_has_second_thoughts() -> None:
    stage = Stage()
    closing = stage.propose_closing()
    consent = stage.hand("orva/root").record("consent", clear={"of": closing.leaf})
    stage.publish()
    regret = stage.hand("orva/root").write("withdrawal", withdraws=consent.leaf)
    stage.log_raw(regret.entry)
    report = stage.audit()
    assert "closing.after" in rules(report)
    (told,) = report.closings
    assert told.since == stage.index_of(consent)
    assert any(line.startswith("Orva (party): consented") for line in told.consents)
