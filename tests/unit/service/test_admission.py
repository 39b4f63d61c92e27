"""What is handed in is judged item by item; permissions are decided, observations enter."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.agreement.enrolment import rotation_message
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.service.admission import Admission, HandedIn, Read, Refused, admit
from safeconduct.service.ports import Row
from safeconduct.service.refusal import Refusal, read_refusal, sign_refusal
from safeconduct.service.sequence import Submission
from safeconduct.sim.day import play_day
from safeconduct.sim.hand import Written, sign_anything
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from tests.unit.service.admission_scene import Door, check, door, offer, rules

__all__ = ["door"]


# Rules 1 to 4 and 6


def test_1_all_faults_of_a_record_are_named(door: Door) -> None:
    wrong = door.stage.hand("north-gate").write(
        "watch-start", clear={"post": "A b", "kinds": 3, "present": []}
    )
    outcome = door.answer(wrong)
    assert isinstance(outcome.error, Malformed)
    assert rules(outcome) == ["record.schema", "record.schema"]
    assert [fault.where for fault in outcome.error.faults] == ["$.kinds", "$.post"]
    assert rules(door.admission.admit([Submission(b"x")])[0]) == ["record.spelling"]
    assert rules(door.admission.admit([Submission(b"x" * 70_000)])[0]) == ["record.too_long"]


def test_1_a_disclosure_opens_a_field_of_its_record_once(door: Door) -> None:
    record = door.stage.passage().arrive
    door.stage.hand("north-gate").hand_in = lambda _: None
    written = record()
    first = written.disclosures[0]
    for disclosures, rule in (
        (("e30",), "disclosures.spelling"),
        (door.stage.passage(plate="KM 1").arrive().disclosures, "disclosures.false"),
        ((first, first), "disclosures.twice"),
    ):
        (outcome,) = door.admission.admit([Submission(written.entry, tuple(disclosures))])
        assert rules(outcome) == [rule]
    check(door, door.answer(written), written)
    stored = {text for _, text in door.stage.store.disclosures()}
    assert set(written.disclosures) <= stored


@pytest.mark.parametrize(
    ("nature", "ok"), [("simulated", True), ("live", False), ("replay", False), (None, False)]
)
def test_2_a_log_takes_records_of_its_own_nature_only(nature: str | None, ok: bool, door: Door) -> None:  # noqa: FBT001
    (outcome,) = door.admission.admit([HandedIn(offer(door).entry, (), nature)])
    assert (outcome.receipt is not None) == ok
    if not ok:
        assert rules(outcome) == ["record.nature"]


@pytest.mark.parametrize(("nature", "ok"), [("live", True), (None, True), ("simulated", False)])
def test_2_a_live_log_need_not_be_named(nature: str | None, ok: bool, door: Door) -> None:  # noqa: FBT001
    door.stage.log._founding = replace(door.stage.founding, nature="live")
    (outcome,) = door.admission.admit([HandedIn(offer(door).entry, (), nature)])
    assert (outcome.receipt is not None) == ok


def test_3_a_record_of_another_corridor_is_refused(door: Door) -> None:
    assert rules(door.answer(offer(door, cor="c0" * 32))) == ["record.corridor"]


def test_4_the_same_bytes_get_the_same_receipt_and_other_bytes_a_conflict(door: Door) -> None:
    record = offer(door)
    other = offer(door, "1", jti=record.payload["jti"])
    first, twice, second = door.admit(record, record, other)
    check(door, first, record)
    assert (first.repeated, twice.repeated, twice.receipt) == (False, True, first.receipt)
    assert rules(second) == ["record.repeated"]
    assert isinstance(second.error, Conflict)
    size = door.stage.store.size()
    again, conflict = door.admit(record, other)
    assert (again.receipt, again.repeated) == (first.receipt, True)
    assert isinstance(conflict.error, Conflict)
    assert door.stage.store.size() == size


def test_6_a_signature_by_another_hand_is_refused(door: Door) -> None:
    one, other = offer(door), offer(door, "1")
    mixed = one.entry.rpartition(b".")[0] + b"." + other.entry.rpartition(b".")[2]
    (outcome,) = door.admission.admit([Submission(mixed)])
    assert rules(outcome) == ["record.signature"]
    assert isinstance(outcome.error, Malformed)


def test_6_a_key_that_was_found_early_is_the_one_that_the_batch_knows_or_counts_for_nothing(
    door: Door,
) -> None:
    one, other = offer(door), offer(door, "1")
    mixed = one.entry.rpartition(b".")[0] + b"." + other.entry.rpartition(b".")[2]
    assert door.admission.read(Submission(one.entry)).signed_by == b""  # no batch yet: it knows no key
    door.answer(other)
    known = door.admission.read(Submission(one.entry)).signed_by
    assert known == door.stage.hand(parse_entry(one.entry).iss).key.public_key
    assert door.admission.read(Submission(mixed)).signed_by == b""
    early = [
        Read(Submission(mixed), parse_entry(mixed), b"another key"),
        door.admission.read(Submission(one.entry)),
    ]
    false, good = door.admission.admit(early)
    assert rules(false) == ["record.signature"]
    check(door, good, one)


# Rule 5


def test_5_an_unknown_key_gets_a_signed_refusal_and_a_known_one_its_receipt(door: Door) -> None:
    stranger = door.stage.stranger("relief-two/declarant")
    record = stranger.write("offered", clear={"leaf": "0" * 64})
    outcome = door.answer(record)
    assert rules(outcome) == ["key.unknown"]
    assert isinstance(outcome.error, Refused)
    assert outcome.refusal is not None
    assert read_refusal(outcome.refusal, door.stage.founding.service_key) == Refusal(
        aud=door.stage.cor,
        leaf=record.leaf,
        iat=door.stage.clock.now(),
        rule="key.unknown",
        why=f"key {stranger.kid}: key.unknown of agreement version 1",
    )
    clear = {"cnf": {"jwk": jwk_of(stranger.key.public_key)}, "holder": stranger.iss}
    enrolment = door.stage.hand("mission/root").write("key", clear=clear)
    for outcome, written in zip(door.admit(enrolment, record), (enrolment, record), strict=True):
        check(door, outcome, written)
    assert not door.stage.audit().findings


def test_5_an_enrolment_that_was_refused_enrols_nobody_later_in_its_batch(door: Door) -> None:
    stranger = door.stage.stranger("relief-two/declarant")
    clear = {"cnf": {"jwk": jwk_of(stranger.key.public_key)}, "holder": stranger.iss}
    enrolment = door.stage.hand("orva/liaison").write("key", clear=clear)
    record = stranger.write("offered", clear={"leaf": "0" * 64})
    assert [rules(outcome) for outcome in door.admit(enrolment, record)] == [["key.power"], ["key.unknown"]]


def test_a_refusal_is_read_back_and_one_by_somebody_else_is_not() -> None:
    stage = Stage()
    service, other = stage.key("service"), stage.key("log")
    refusal = Refusal("c0" * 32, "ab" * 32, 5, "key.unknown", "key ä: key.unknown")
    text = sign_refusal(refusal, service)
    assert read_refusal(text, service.public_key) == refusal
    head, body, signature = text.split(".")
    foreign = sign_refusal(refusal, other).split(".")[2]
    with pytest.raises(Disproved):
        read_refusal(f"{head}.{body}.{foreign}", service.public_key)
    for bad in ("", "a.b", sign_refusal(refusal, other), f"{head}.{body}.{signature}=", f"{text}.{body}"):
        with pytest.raises(Malformed):
            read_refusal(bad, service.public_key)
    short = sign_refusal(replace(refusal, iat="5"), service)  # type: ignore[arg-type]
    with pytest.raises(Malformed, match="claims"):
        read_refusal(short, service.public_key)


# Rule 7: observations


def test_7_observations_enter_whatever_they_say(door: Door) -> None:
    stage, movement = door.stage, door.stage.passage()
    movement.exit(), movement.enter(), movement.arrive(people=99)  # in no order, without a pass
    movement.inspect(results={7: "prohibited"})
    stage.hand("orva/liaison").record("entered", passage=movement.psg, clear=crossing(movement))  # no power
    movement.arrive(iss="south-gate/post")  # not its name
    movement.arrive(agr=9), movement.arrive(seq=400, prev="ab" * 32), movement.arrive(iat=1)
    gate = stage.hand("north-gate")
    weather = {**gate.write("offered", clear={"leaf": "0" * 64}).payload, "evt": "weather"}
    door.hand_in(Written(sign_anything(weather, gate.key), "", {}, ()))  # known to nobody yet
    assert [outcome.error for outcome in door.said] == [None] * len(door.said)
    assert len(door.said) == 10
    named = {finding.rule for finding in stage.audit().findings}
    assert {"key.power", "key.issuer", "agreement.version", "time.before_seen"} <= named


def crossing(movement: Movement) -> dict[str, Any]:
    return {"post": "north-gate", "direction": movement.direction}


def test_7_an_observation_by_a_revoked_key_enters_and_a_permission_does_not(door: Door) -> None:
    officer = door.stage.hand("mission/officer")
    passage = door.stage.declare()
    door.stage.revoke(officer)
    record = officer.write("offered", clear={"leaf": "0" * 64})
    check(door, door.answer(record), record)
    passage.grant()
    assert rules(door.said[-1]) == ["key.revoked"]


# Rule 8, and the whole


def test_8_good_items_enter_although_others_fail(door: Door) -> None:
    good, last = offer(door), offer(door, "2")
    bad = Written(b"nonsense", "", {}, ())
    foreign = offer(door, cor="c0" * 32)
    outcomes = door.admit(good, bad, foreign, good, last)
    check(door, outcomes[0], good)
    check(door, outcomes[4], last)
    assert [outcome.error is None for outcome in outcomes] == [True, False, False, True, True]


def test_8_receipts_made_together_are_those_that_the_log_gives(door: Door) -> None:
    records = [offer(door, claim) for claim in "0123456789"]
    door.admit(*[offer(door) for _ in range(300)])
    for outcome, record in zip(door.admit(*records), records, strict=True):
        assert outcome.receipt is not None
        check(door, outcome, record)
        assert outcome.receipt == door.stage.log.receipt(outcome.receipt.index)


def test_8_a_failed_commit_leaves_nothing_behind_and_the_repeat_enters(door: Door, monkeypatch: Any) -> None:
    stranger = door.stage.stranger("relief-two/declarant")
    clear = {"cnf": {"jwk": jwk_of(stranger.key.public_key)}, "holder": stranger.iss}
    enrolment = door.stage.hand("mission/root").write("key", clear=clear)
    record = stranger.write("offered", clear={"leaf": "0" * 64})
    size = door.stage.store.size()

    def full(*_: object) -> bytes:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "append", full)
        with pytest.raises(Unavailable):
            door.admit(enrolment, record)
    assert door.stage.store.size() == size
    assert rules(door.answer(record)) == ["key.unknown"]
    check(door, door.answer(enrolment), enrolment)
    check(door, door.answer(record), record)


def test_8_a_crash_after_the_commit_is_settled_by_the_repeat(door: Door, monkeypatch: Any) -> None:
    record = offer(door)

    def crash() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(door.stage.log, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            door.answer(record)
    door.stage.open_log()
    again = Admission(door.stage.log, service=door.stage.key("service"), clock=door.stage.clock)
    (outcome,) = again.admit([Submission(record.entry)])
    check(door, outcome, record)
    assert outcome.repeated


def test_8_receipts_are_right_although_somebody_else_appended_in_between(door: Door) -> None:
    log = door.stage.log
    append = log.append
    between, record, later = offer(door), offer(door, "1"), offer(door, "2")

    def late(rows: Sequence[Row]) -> None:
        log.append = append  # type: ignore[method-assign]
        log.submit([Submission(between.entry)])
        append(rows)

    log.append = late  # type: ignore[method-assign]
    check(door, door.answer(record), record)
    check(door, door.answer(later), later)


def test_what_others_append_is_read_on(door: Door) -> None:
    passage = door.stage.declare()
    passage.grant()
    raw = door.stage.hand("relief-one").write("offered", clear={"leaf": "0" * 64}).entry + b"~"
    door.stage.log_raw(raw)
    stranger = door.stage.stranger("relief-two/declarant")
    clear = {"cnf": {"jwk": jwk_of(stranger.key.public_key)}, "holder": stranger.iss}
    enrolment = door.stage.hand("mission/root").write("key", clear=clear)
    bad_jwk = {"crv": "Ed25519", "kty": "OKP", "x": "A" * 43}
    wrong = door.stage.hand("mission/root").write(
        "key", clear={"cnf": {"jwk": bad_jwk}, "holder": "a/declarant"}
    )
    revocation = passage.revoke
    door.stage.hand("mission/officer").hand_in = lambda _: None
    revoked = revocation()
    others = (enrolment, wrong, revoked)
    door.stage.log.submit([Submission(one.entry, one.disclosures) for one in others])
    stranger.seen = None
    check(door, door.answer(record := stranger.write("offered", clear={"leaf": "0" * 64})), record)
    door.stage.hand("mission/officer").hand_in = door.hand_in
    door.stage.publish()
    passage.revoke()
    assert rules(door.said[-1]) == ["pass.revoked"]


def test_a_key_that_was_enrolled_here_governs_in_what_others_append(door: Door) -> None:
    root = door.stage.hand("orva/root")
    heir = door.stage.stranger("orva/root", "orva's new root")
    message = rotation_message(door.stage.cor, "orva", root.kid, heir.kid)
    clear = {
        "cnf": {"jwk": jwk_of(heir.key.public_key)},
        "holder": "orva/root",
        "replaces": root.kid,
        "proof": print_base64url(heir.key.sign(message)),
    }
    rotation = root.write("key", clear=clear)
    check(door, door.answer(rotation), rotation)
    clerk = door.stage.stranger("orva/clerk")
    claims = {"cnf": {"jwk": jwk_of(clerk.key.public_key)}, "holder": "orva/clerk"}
    heir.prev = rotation.leaf
    enrolment = heir.write("key", clear=claims)
    door.stage.log.submit([Submission(enrolment.entry)])
    record = clerk.write("offered", clear={"leaf": "0" * 64})
    check(door, door.answer(record), record)


def test_what_is_no_evidence_in_the_log_decides_nothing(door: Door) -> None:
    stage = door.stage
    root, officer = stage.hand("mission/root"), stage.hand("mission/officer")
    passage = stage.declare()
    assert passage.declaration is not None
    passage.grant()
    clerk = stage.stranger("mission/clerk")
    key = {"cnf": {"jwk": jwk_of(clerk.key.public_key)}, "holder": clerk.iss}
    enrolments = [root.write("key", clear=key) for _ in range(2)]
    forged = enrolments[0].entry.rpartition(b".")[0] + b"." + enrolments[1].entry.rpartition(b".")[2]
    officer.hand_in = lambda _: None
    foreign = passage.revoke(cor="c0" * 32)
    officer.iss, officer.key = "mission/officer", clerk.key  # who says so is nobody
    by_nobody = passage.revoke()
    stage.log.submit([Submission(entry) for entry in (forged, foreign.entry, by_nobody.entry)])
    unknown = clerk.write("offered", clear={"leaf": "0" * 64})
    assert rules(door.answer(unknown)) == ["key.unknown"]
    officer.key, officer.hand_in = stage.key("mission/officer"), door.hand_in
    correction = stage.hand("north-gate").write("correction", clear={"of": "0" * 64})
    admitting = root.write("correction", clear={"of": "0" * 64, "admits": True})
    for said in door.admit(correction, admitting):
        assert said.error is None
    again = Admission(stage.log, service=stage.key("service"), clock=stage.clock)  # reads all of it
    revocation = passage.revoke
    officer.hand_in = lambda _: None
    good = revocation()
    assert again.admit([Submission(good.entry, good.disclosures)])[0].error is None


def test_a_simulated_day_goes_through_the_door_record_by_record() -> None:
    """And gives the same records, whether in one batch or in many."""
    played = play_day(vehicles=46)
    stage = Stage("a normal day", store=MemoryStore(), watching=False, bulk=True)
    theirs = [entry for entry in played.entries() if parse_entry(entry).iss != "log/service"]
    ours = {entry for entry in stage.entries() if parse_entry(entry).iss != "log/service"}
    stage.clock.tick(10**6)
    admission = Admission(stage.log, service=stage.key("service"), clock=stage.clock)
    new = [Submission(entry) for entry in theirs if entry not in ours]
    outcomes = [outcome for at in range(0, len(new), 100) for outcome in admission.admit(new[at : at + 100])]
    assert [outcome.error for outcome in outcomes] == [None] * len(new)
    logged = [entry for entry in stage.entries() if parse_entry(entry).iss != "log/service"]
    assert sorted(logged) == sorted(theirs)


def test_an_empty_log_has_no_door_yet() -> None:
    stage = Stage()
    stage.store = MemoryStore()
    stage.open_log()
    record = stage.hand("orva/root").write("offered", clear={"leaf": "0" * 64})
    (outcome,) = admit(stage.log, [Submission(record.entry)])
    assert isinstance(outcome.error, Unavailable)


def test_the_door_of_a_log_is_kept_between_batches(door: Door) -> None:
    record = offer(door)
    first = admit(door.stage.log, [Submission(record.entry)])
    assert admit(door.stage.log, [Submission(record.entry)])[0].receipt == first[0].receipt
    assert admit(door.stage.log, []) == []


def test_a_log_that_is_gone_is_not_held() -> None:
    one, other = Stage("one"), Stage("other")
    admit(one.log, [])
    gone = weakref.ref(one.log)
    admit(other.log, [])
    del one
    gc.collect()
    assert gone() is None


def test_a_refusal_is_an_error_that_ends_a_command_with_one() -> None:
    assert issubclass(Refused, SafeconductError)
    assert Refused("x").exit_code == 1
