"""Dated heads, watches, passages and what the report says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safeconduct.core.kernel.errors import Fault
from safeconduct.core.passage.judgement import OpenState, Why
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.sim.hand import Hand, sign_anything
from safeconduct.sim.stage import Stage, corridor_file
from safeconduct.verify.files import CHECKPOINT
from safeconduct.verify.report import Report
from tests.unit.verify.verify_scene import archive_of, audit_of, head_of, named, open_rules, said


@pytest.fixture
def stage() -> Stage:
    return Stage()


def service(stage: Stage) -> Hand:
    """The service's key in our hands, going on from what it signed last."""
    hand = stage.stranger("log/service", "service")
    own = [entry for entry in map(parse_entry, stage.entries()) if entry.kid == hand.kid]
    hand.seq, hand.prev = own[-1].seq + 1, own[-1].leaf.hex()
    return hand


def test_head_records_that_are_no_heads_of_this_log_are_named_and_date_nothing(stage: Stage) -> None:
    hand = service(stage)
    entries = stage.entries()
    other = head_of(stage, [b"x" * 32] * 5).print()
    larger = head_of(stage, [b"x" * 32] * 500).print()
    notes = ["no note\n\n", other, larger, Note.parse(Stage("x").head()).print()]
    records = [hand.write("head", clear={"note": note}, seen=None).entry for note in notes]
    report = audit_of(stage, [*entries, *records])
    size = len(entries)
    assert sorted(named(report, "head.wrong")) == [(size,), (size + 1,), (size + 2,), (size + 3,)]
    assert report.rules == {"head.wrong"}


def test_heads_of_one_size_count_once_with_all_their_cosignatures(stage: Stage) -> None:
    hand = service(stage)
    entries = stage.entries()
    whole = head_of(stage, list(map(leaf_hash, entries)))
    parts = [Note(whole.text, (whole.signatures[0], line)).print() for line in whole.signatures[1:3]]
    records = [hand.write("head", clear={"note": note}).entry for note in parts]
    assert audit_of(stage, [*entries, *records]).rules == frozenset()
    one = audit_of(stage, [*entries, records[0]])
    assert named(one, "head.no_quorum") == [(len(entries),)]
    assert "1 of the 2 needed" in one.findings[0].found


def test_the_newest_head_without_its_quorum_is_named_by_its_last_entry(stage: Stage) -> None:
    entries = stage.entries()
    report = stage.audit(archive_of(stage, entries, cosigned=False))
    assert named(report, "head.no_quorum") == [(len(entries) - 1,)]
    assert report.head is not None
    assert report.head.time is None


def test_device_times_outside_what_the_heads_allow_are_named(stage: Stage) -> None:
    now, hand = stage.clock.now(), stage.hand("orva/liaison")
    for iat in (now + 10**6, now - 10**6):
        hand.record("offered", clear={"leaf": stage.founding.leaf}, iat=iat)
    report = stage.audit()
    assert report.rules == {"time.after_head", "time.before_seen", "time.backwards"}
    assert all(finding.touches == "orva/liaison" for finding in report.findings)


def test_a_record_may_claim_another_time_and_is_judged_by_its_device_time(stage: Stage) -> None:
    passage = stage.declare()
    passage.account("searched", at=stage.clock.now() - 10**6, via="paper")
    passage.account("waited", at=stage.clock.now() + 10**6, via="paper")
    assert stage.audit().rules == frozenset()


def test_a_shift_that_ended_waits_for_what_is_missing_before_its_end(stage: Stage) -> None:
    passage = stage.declare()
    passage.grant()
    passage.enter()
    stage.hand("south-gate").write("offered", clear={"leaf": stage.founding.leaf})
    stage.clock.advance(hours=8)
    stage.close_watches()
    early = stage.audit()
    assert "chain.hole" in open_rules(early)
    assert [finding.provisional for finding in early.findings] == [True], "the south gate has not handed in"
    stage.pass_time(days=2)
    late = stage.audit()
    assert late.rules == {"chain.hole"}
    assert (Why.UNKNOWN, "pair.never_exited") in {(state.why, state.rule) for state in late.open_states}


def test_an_open_watch_past_the_limit_is_the_posts(stage: Stage) -> None:
    stage.close_watches(["south-gate"])
    stage.pass_time(days=2)
    report = stage.audit()
    assert [(finding.rule, finding.touches) for finding in report.findings] == [
        ("watch.open_past_limit", "north-gate/post")
    ]


def test_shifts_of_one_key_share_what_it_handed_in_and_each_has_its_own_end_of_it(stage: Stage) -> None:
    stage.change_watches(["south-gate"])
    stage.hand("south-gate").write("offered", clear={"leaf": stage.founding.leaf})
    stage.close_watches()
    stage.pass_time(days=2)
    assert named(stage.audit(), "chain.hole")
    assert stage.audit().rules == {"chain.hole"}


def test_records_without_a_passage_belong_to_that_of_the_record_they_name(stage: Stage) -> None:
    declared = stage.passage().declare()
    liaison = stage.hand("orva/liaison")
    private = dict.fromkeys(("by", "words"))
    refusal = {"of": declared.leaf, "verdict": "refuses"}
    words = liaison.record("countersign", clear=refusal, private=private)
    liaison.record("countersign", clear={"of": words.leaf, "verdict": "agrees"}, private=private)
    liaison.record("countersign", clear={"of": stage.founding.leaf, "verdict": "agrees"}, private=private)
    report = stage.audit()
    assert report.rules == {"countersign.refused"}
    liaison.record("withdrawal", withdraws=words.leaf, private={"words": None})
    assert stage.audit().rules == frozenset()


def test_passages_that_begin_alike_are_told_apart(stage: Stage) -> None:
    first, second = stage.passage(), stage.passage()
    second.psg = first.psg[:8] + second.psg[8:]
    for passage in (first, second):
        passage.declare()
        passage.grant()
        passage.arrive()
    for passage in (first, second):
        passage.enter()
        passage.exit()
    late = stage.audit()
    assert (late.exit_code, late.checked.passages) == (0, 2)
    zeros = stage.passage()
    zeros.psg = "0" * 8 + zeros.psg[8:]
    zeros.declare()
    assert stage.audit().checked.passages == 3


def test_a_passage_of_records_that_are_no_evidence_is_none(stage: Stage) -> None:
    stage.declare(by="orva/liaison")
    assert stage.audit().checked.passages == 0


def test_a_trip_of_two_passages_is_judged_over_all(stage: Stage) -> None:
    out, back = stage.passage(trip="out"), stage.passage(trip="back", direction="out")
    out.declare(clear={"trip_tag": "7" * 32})
    out.grant()
    out.enter()
    out.exit()
    back.declare(clear={"trip_tag": "7" * 32})
    back.grant()
    waiting = stage.audit()
    assert open_rules(waiting).count("pair.never_returned") == 1
    back.enter("south-gate")
    back.exit("north-gate")
    assert "pair.never_returned" not in open_rules(stage.audit())


def test_a_record_that_names_one_of_a_passage_without_telling_of_it_is_not_told_there(stage: Stage) -> None:
    passage = stage.declare()
    stage.revoke(stage.hand("relief-one"), last=passage.declaration)
    report = stage.audit()
    assert (report.exit_code, report.checked.passages) == (0, 1)


def test_an_agreement_that_names_vehicles_by_imo_number_needs_disclosures_for_their_names() -> None:
    text = corridor_file("agreement.toml").replace(
        'vehicle_identifier = "plate"', 'vehicle_identifier = "imo"'
    )
    stage = Stage(agreement=text)
    assert any("vehicle.two_names" in what for what in stage.audit(stage.archive("public")).not_checkable)


def test_without_witnesses_nothing_has_a_time() -> None:
    report = Stage(witnesses=()).audit()
    assert report.exit_code == 0
    assert any("no head of this log has a quorum" in what for what in report.not_checkable)
    assert any("dated by nobody" in line for line in report.lines())


# What the report says


def test_a_sound_report_says_for_which_corridor_and_with_what_it_was_compared(stage: Stage) -> None:
    alone, named_one = list(stage.audit().lines()), list(stage.audit(corridor=stage.cor).lines())
    assert alone[0] == f"✓ sound for corridor {stage.cor}; compare with the signed paper"
    assert named_one[0] == f"✓ sound for corridor {stage.cor}"
    assert any("This corridor is simulated" in line for line in alone)
    assert any("Compared with nothing kept outside" in line for line in alone)
    assert any("There are no disclosures" in line for line in stage.audit(stage.archive("public")).lines())


def test_findings_open_states_and_what_was_not_judged_are_said(stage: Stage) -> None:
    liaison = stage.hand("orva/liaison")
    record = liaison.write("offered", clear={"leaf": "0" * 64})
    newer = sign_anything({**record.payload, "evt": "tally"}, liaison.key)
    passage = stage.passage()
    passage.arrive()
    report = audit_of(stage, [*stage.entries(), newer, b"no record"])
    text = "\n".join(report.lines())
    assert text.startswith("✗ sound for corridor")
    assert "✗ record.spelling: entries" in text
    assert "not judged: kind tally (1)" in text
    assert report.exit_code == 1
    touched = replace(
        report,
        nature="live",
        findings=(replace(report.findings[0], entries=(), touches="orva/liaison", provisional=True),),
        not_checkable=("something",),
        open_states=(OpenState(Why.UNKNOWN, "pair.never_exited", (1,), "says"),) * 2,
    )
    text = "\n".join(touched.lines())
    assert "simulated" not in text
    assert "✗ record.spelling, provisional: entries none" in text
    assert "touches orva/liaison" in text
    assert "not checkable here: something" in text
    assert "open: unknown (pair.never_exited): 2" in text
    assert touched.to_json()["open"][0]["why"] == "unknown"


@pytest.mark.parametrize(("failed", "says"), [(2, "malformed"), (3, "a proof of the log fails")])
def test_a_report_that_ends_early_vouches_for_nothing(failed: int, says: str) -> None:
    fault = Fault("it is not there", CHECKPOINT, "Ask again", "archive.missing")
    report = Report(faults=(fault,), failed=failed)
    assert said(report) == (failed, {"archive.missing"})
    assert not report.sound
    lines = list(report.lines())
    assert lines[0].startswith("✗ Not sound")
    assert says in lines[0]
    assert lines[1] == "  archive.missing: checkpoint: it is not there. Ask again."
    assert report.to_json()["head"] is None
    assert not any("Head:" in line for line in Report().lines())
