"""Proofs of a lie: two parties compare their copies, and hand what shows it to a third, who trusts neither.

Each story has its honest twin, of which nothing can be shown; and where a proof takes what nobody kept, its lack.
"""

from __future__ import annotations

import pytest

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.witness import receive
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.hand import Hand, Written, sign_anything
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.compare import Compared, Copy, compare
from safeconduct.verify.evidence.check import Evidence, InArchive
from safeconduct.verify.evidence.made import of_findings
from safeconduct.verify.evidence.shown import Shown
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import Silent
from safeconduct.verify.receipts import beside
from tests.stories.told import evening, journey
from tests.unit.verify.verify_scene import archive_of


def compared(one: MemoryArchive, other: MemoryArchive) -> Compared:
    return compare(Copy.of_archive(one, "orva's"), Copy.of_archive(other, "tessin's"))


def told_to_a_third(stage: Stage, evidence: Evidence | None) -> Shown:
    """The file alone is handed on; the third has the policy of the paper that all of them signed."""
    assert evidence is not None
    policy = Policy.parse(stage.founding.policy().encode())
    return Evidence.parse(evidence.print()).check(policy)


def made(
    stage: Stage, archive: MemoryArchive, offers: bytes = b"", answers: tuple[bytes, ...] = ()
) -> list[tuple[str, Evidence | None]]:
    """What an audit finds, as files."""
    kept = (Kept("offers", offers),) if offers else ()
    report = audit(archive, workers=SerialWorkers(), options=Options(offers=kept))
    return list(of_findings(report, archive, kept, [Kept("answer", answer) for answer in answers]))


def in_archive(evidence: Evidence, archive: MemoryArchive) -> Shown:
    return InArchive(archive, SerialWorkers(), Silent()).check(evidence)


# Two copies


@pytest.mark.parametrize("colluding", [(), ("mission",), tuple(SEATS)])
def test_of_a_split_view_two_parties_convince_a_third(colluding: tuple[str, ...]) -> None:
    stage = Stage()
    account = journey(stage).account("searched")
    evening(stage)
    orva = stage.archive("orva")
    stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=colluding)
    journey(stage)
    tessin = stage.archive("tessin")
    found = compared(orva, tessin)
    assert found.verdict == "split"
    shown = told_to_a_third(stage, found.evidence)
    assert shown.proved
    assert f"the log {stage.log_key.name} signed two heads that no one log can have" in shown.proves[0]
    assert shown.keys[0] == str(stage.log_key)
    said = {
        name
        for name in SEATS
        if any(f"{name}.example/witness cosigned both" in each for each in shown.proves)
    }
    assert said >= {*colluding}


def test_two_logs_of_one_size_are_a_split_too() -> None:
    stage = Stage()
    stage.declare()
    entries = stage.entries()
    orva, tessin = archive_of(stage, entries), archive_of(stage, [*entries[:-2], entries[-1], entries[-2]])
    found = compared(orva, tessin)
    assert [head.checkpoint.size for head in found.heads] == [len(entries)] * 2
    assert found.verdict == "split"
    assert told_to_a_third(stage, found.evidence).proved


def test_of_an_honest_log_two_copies_are_the_same_or_one_is_ahead() -> None:
    stage = Stage()
    journey(stage)
    orva = stage.archive("public")
    again = compared(orva, stage.archive("public"))
    assert (again.verdict, again.evidence) == ("same", None)
    evening(stage)
    found = compared(stage.archive("tessin"), orva)
    assert (found.verdict, found.smaller.name, found.evidence) == ("ahead", "tessin's", None)


def test_a_head_that_was_kept_stands_for_an_archive() -> None:
    stage = Stage()
    account = journey(stage).account("searched")
    evening(stage)
    head = stage.head()
    honest = stage.archive()
    assert compare(Copy.of_head(head, "kept"), Copy.of_archive(honest, "ours")).verdict == "ahead"
    stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=SEATS)
    journey(stage)
    found = compare(Copy.of_head(head, "kept"), Copy.of_archive(stage.archive(), "ours"))
    assert found.verdict == "split"
    assert told_to_a_third(stage, found.evidence).proved
    with pytest.raises(Malformed, match="two heads, and no archive"):
        compare(Copy.of_head(head, "kept"), Copy.of_head(head, "kept too"))


def test_an_older_head_that_is_only_served_proves_nothing_and_a_forgetful_witness_proves_itself() -> None:
    """A rollback that no party can show; and the one witness that cosigned the old head again, later."""
    stage = Stage()
    stage.declare()
    stage.publish()
    older = stage.archive("public")
    journey(stage)
    newer = stage.archive("public")
    assert compared(older, newer).evidence is None
    witness = stage.witnesses[0]
    witness.colludes = True
    stage.clock.advance(hours=1)
    note = Copy.of_archive(older, "").note
    line = witness.cosign(note)
    assert line is not None
    older.files["checkpoint"] = (
        note.print().replace(str(note.lines_of(witness.verifier)[0]), str(line)).encode()
    )
    found = compared(older, newer)
    assert found.verdict == "ahead"
    shown = told_to_a_third(stage, found.evidence)
    assert shown.proved
    assert f"The witness {witness.verifier.name} cosigned the larger at" in shown.proves[1]
    assert any("may be the beginning" in each for each in shown.leaves_open)


# A receipt


def receipt_of(stage: Stage, record: Written) -> Kept:
    return Kept("receipt", stage.receipt(record))


def test_a_log_signed_anew_as_a_whole_is_shown_by_a_kept_receipt() -> None:
    stage = Stage()
    account = journey(stage).account("searched")
    evening(stage)
    receipt = receipt_of(stage, account)
    assert beside(receipt, account.entry, stage.archive(), "archive") is None
    stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=SEATS)
    journey(stage)
    evidence = beside(receipt, account.entry, stage.archive(), "archive")
    shown = told_to_a_third(stage, evidence)
    assert evidence is not None
    assert (evidence.of.kind, shown.proved) == ("receipt", True)
    assert f"acknowledged the record with leaf {account.leaf}" in shown.proves[0]


def test_where_the_record_was_left_in_its_place_the_receipts_head_shows_it() -> None:
    stage = Stage()
    kept = stage.passage().declare()
    stage.declare(plate="KM 4712")
    receipt = receipt_of(stage, kept)
    entries = stage.entries()
    archive = archive_of(stage, [*entries[:-1], b"another", *entries[-1:]])
    assert entries.index(kept.entry) < len(entries) - 1
    evidence = beside(receipt, kept.entry, archive, "archive")
    assert evidence is not None
    assert evidence.of.kind == "split"
    assert told_to_a_third(stage, evidence).proved


def test_an_older_copy_shows_nothing_against_a_receipt() -> None:
    stage = Stage()
    older = stage.archive()
    record = stage.passage().declare()
    with pytest.raises(Malformed, match="cannot tell"):
        beside(receipt_of(stage, record), record.entry, older, "archive")
    newer = receipt_of(stage, record)
    journey(stage)
    middle = stage.archive()
    journey(stage)
    assert beside(receipt_of(stage, record), record.entry, middle, "archive") is None
    with pytest.raises(Disproved):
        beside(newer, record.entry + b"A", middle, "archive")


# A key


def forked(stage: Stage, hand: Hand) -> tuple[Written, Written]:
    """Two records under one number: the device was copied."""
    psg = stage.passage().psg
    seq, prev = hand.seq, hand.prev
    one = hand.record("account", passage=psg, clear={"what": "arrived", "post": "north-gate"})
    hand.seq, hand.prev = seq, prev
    return one, hand.record("account", passage=psg, clear={"what": "left", "post": "north-gate"})


@pytest.mark.parametrize("later", [0, 2])
def test_a_forked_chain_is_shown_by_both_branches(later: int) -> None:
    stage = Stage()
    hand = stage.hand("relief-one")
    honest = stage.archive()
    assert made(stage, honest) == []
    forked(stage, hand)
    for _ in range(later):
        hand.record("account", passage=stage.passage().psg, clear={"what": "left", "post": "north-gate"})
    found = made(stage, stage.archive())
    assert {rule for rule, _ in found} == {"chain.fork"}
    for _, evidence in found:
        shown = told_to_a_third(stage, evidence)
        assert shown.proved
        assert f"the key {hand.kid}, which entry" in shown.proves[0]
        assert "for relief-one/declarant, signed" in shown.proves[0]


def test_a_fork_that_came_late_is_shown_with_the_branch_that_came_first() -> None:
    stage = Stage()
    hand = stage.hand("relief-one")
    psg = stage.passage().psg
    seq, prev = hand.seq, hand.prev
    for _ in range(3):
        hand.record("account", passage=psg, clear={"what": "arrived", "post": "north-gate"})
    hand.seq, hand.prev = seq, prev
    hand.record("account", passage=psg, clear={"what": "left", "post": "north-gate"})
    (found,) = made(stage, stage.archive())
    shown = told_to_a_third(stage, found[1])
    assert f"with one number, {seq}" in shown.proves[0]


@pytest.mark.parametrize("before", [0, 1])
def test_a_record_that_follows_a_branch_that_is_nowhere_is_shown_with_the_one_before(before: int) -> None:
    """A key's first record has none before it: that it names one, no file shows."""
    stage = Stage()
    hand = stage.hand("relief-one")
    for _ in range(before):
        hand.record("account", passage=stage.passage().psg, clear={"what": "arrived", "post": "north-gate"})
    hand.prev = "ab" * 32
    hand.record("account", passage=stage.passage().psg, clear={"what": "left", "post": "north-gate"})
    ((rule, evidence),) = made(stage, stage.archive())
    assert rule == "chain.prev"
    if before:
        shown = told_to_a_third(stage, evidence)
        assert f"but the later one follows another number 0, with leaf {'ab' * 32}" in shown.proves[0]
    else:
        assert evidence is None


def test_a_hole_takes_the_archive() -> None:
    stage = Stage()
    hand = stage.hand("relief-one")
    psg = stage.passage().psg
    hand.record("account", passage=psg, clear={"what": "arrived", "post": "north-gate"})
    gone = hand.record("account", passage=psg, clear={"what": "searched", "post": "south-gate"})
    hand.record("account", passage=psg, clear={"what": "left", "post": "south-gate"})
    evening(stage)
    honest = stage.archive()
    assert made(stage, honest) == []
    stage.cheat.drop(gone, colluding=SEATS)
    archive = stage.archive()
    evidence = dict(made(stage, archive))["chain.hole"]
    alone = told_to_a_third(stage, evidence)
    assert (alone.proved, len(alone.needs)) == (False, 1)
    assert evidence is not None
    assert in_archive(evidence, archive).proved
    with pytest.raises(Disproved):
        in_archive(evidence, honest)


def test_two_digests_for_one_field_are_shown_by_the_record() -> None:
    stage = Stage()
    hand = stage.hand("relief-one")
    declared = stage.passage().declare()
    payload = {**parse_entry(declared.entry).payload}
    payload["plate"] = {"_sd": [print_base64url(bytes(32)), print_base64url(b"1" * 32)]}
    payload["seq"], payload["prev"] = hand.seq, hand.prev
    stage.log_raw(sign_anything(payload, hand.key))
    found = dict(made(stage, stage.archive()))
    shown = told_to_a_third(stage, found["private.two_digests"])
    assert shown.proved
    assert "several digests for one field: plate" in shown.proves[0]


# An offer


def withheld(
    stage: Stage, archive: MemoryArchive, offers: bytes, answers: tuple[bytes, ...] = ()
) -> list[Evidence]:
    found = [
        evidence for rule, evidence in made(stage, archive, offers, answers) if rule == "offered.withheld"
    ]
    return [evidence for evidence in found if evidence is not None]


def told(stage: Stage) -> Written:
    """A record that its signer offers, and that nobody logs."""
    psg = stage.passage().psg
    return stage.hand("relief-one").write(
        "account", passage=psg, clear={"what": "searched", "post": "north-gate"}
    )


def answered(stage: Stage, record: Written) -> bytes:
    """What a party's witness answers to the offer, now."""
    witness = stage.witnesses[1]
    return receive(record.entry, witness.verifier, witness.key, now=stage.clock.now()).print().encode()


def test_what_was_offered_and_withheld_takes_the_archive() -> None:
    stage = Stage()
    record = told(stage)
    stage.hand("orva/liaison").record("offered", clear={"leaf": record.leaf})
    when, answer = print_instant(stage.clock.now()), answered(stage, record)
    assert withheld(stage, stage.archive(), record.entry) == []
    stage.pass_time(days=2)
    archive = stage.archive()
    found = withheld(stage, archive, record.entry, (answer,))
    assert len(found) == 2
    for evidence in found:
        assert not told_to_a_third(stage, evidence).proved
        shown = in_archive(evidence, archive)
        assert shown.proved
        assert "offered.withheld" in shown.proves[-1]
    said = [each for evidence in found for each in evidence.check().proves]
    assert any(each.endswith(f"had it at {when}.") for each in said)
    assert any("It says that the record with leaf" in each for each in said)


def test_a_record_that_was_logged_in_the_end_was_not_withheld() -> None:
    stage = Stage()
    record = told(stage)
    stage.pass_time(days=2)
    (evidence,) = withheld(stage, stage.archive(), record.entry)
    stage.hand_in(record)
    later = in_archive(evidence, stage.archive())
    assert (later.proved, len(later.needs)) == (False, 1)


def test_an_offer_counts_from_when_the_witness_had_it_and_not_from_what_its_signer_dates() -> None:
    stage = Stage()
    record = told(stage)
    stage.pass_time(days=2)
    archive, answer = stage.archive(), answered(stage, record)
    (by_its_signer,) = withheld(stage, archive, record.entry)
    (by_the_witness,) = withheld(stage, archive, record.entry, (answer,))
    assert in_archive(by_its_signer, archive).proved
    assert not in_archive(by_the_witness, archive).proved
    stage.pass_time(days=2)
    assert in_archive(by_the_witness, stage.archive()).proved


def test_a_record_that_could_not_be_logged_was_not_withheld() -> None:
    """Its key was revoked meanwhile; the operator was right to refuse it."""
    stage = Stage()
    last = stage.hand("relief-one").record(
        "account", passage=stage.passage().psg, clear={"what": "arrived", "post": "north-gate"}
    )
    record = told(stage)
    stage.pass_time(days=2)
    (evidence,) = withheld(stage, stage.archive(), record.entry)
    stage.revoke(stage.hand("relief-one"), last=last)
    with pytest.raises(Disproved, match="could not be logged here"):
        in_archive(evidence, stage.archive())
