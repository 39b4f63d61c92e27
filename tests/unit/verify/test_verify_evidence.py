"""Evidence that does not hold, rule by rule; and what has no copy to be compared with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.agreement.founding import SERVICE_HOLDER
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.proofs import consistency_proof, inclusion_proof
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.hand import sign_anything
from safeconduct.sim.stage import Stage
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.compare import Copy, compare
from safeconduct.verify.evidence.absence import Hole, Withheld
from safeconduct.verify.evidence.check import Evidence, InArchive
from safeconduct.verify.evidence.digests import TwoDigests
from safeconduct.verify.evidence.fork import Fork
from safeconduct.verify.evidence.logged import Logged, enrolled_in, signed_in
from safeconduct.verify.evidence.made import of_findings
from safeconduct.verify.evidence.other_record import OtherRecord
from safeconduct.verify.evidence.rollback import Rollback
from safeconduct.verify.evidence.split import Split
from safeconduct.verify.hashes import Roots
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import Silent
from safeconduct.verify.receipts import beside
from safeconduct.verify.report import Report
from tests.properties.evidence_scene import scene
from tests.unit.verify.test_verify_kept import receipt_in
from tests.unit.verify.verify_scene import archive_of, head_of, with_signature


def read(kind: str) -> Evidence:
    return Evidence.parse(scene().files[kind])


def changed(kind: str, change: Callable[[dict[str, Any]], None]) -> bytes:
    value = json.loads(scene().files[kind])
    change(value)
    return canonical(value) + b"\n"


def fails(evidence: Evidence, of: Any, match: str) -> None:
    with pytest.raises(Disproved, match=match):
        replace(evidence, of=of).check()


def logged(record: bytes) -> Logged:
    """A record of the scene's log, under its archive's head."""
    archive = scene().archive
    note = Note.parse(archive.files["checkpoint"])
    size = int(note.text.split("\n")[1])
    index = scene().stage.entries()[:size].index(record)
    return Logged(record, index, tuple(inclusion_proof(Roots(archive, size).read, index=index, size=size)))


# The form


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda value: value.update(more=1), "not evidence of that kind"),
        (lambda value: value.pop("root"), "not evidence of that kind"),
        (lambda value: value.update(format="safeconduct-evidence@2"), "not an evidence file"),
        (lambda value: value.update(kind="none"), "not an evidence file"),
        (lambda value: value.update(policy=1), "not a string"),
        (lambda value: value.update(root="00"), "not 32 bytes"),
        (lambda value: value.update(proof=["00"]), "not 32 bytes"),
        (lambda value: value.update(proof=[1]), "not hashes"),
        (lambda value: value.update(proof=["00" * 32] * 64), "an array of at most 63"),
        (lambda value: value.update(proof="00"), "an array"),
        (lambda value: value.update(heads=value["heads"][:1]), "not two"),
        (lambda value: value.update(heads=["a", "b"]), "not a signed note"),
        (lambda value: value.update(policy=f"# mine\n{value['policy']}"), "not how a policy is printed"),
    ],
)
def test_another_form_is_refused(change: Callable[[dict[str, Any]], None], match: str) -> None:
    with pytest.raises(Malformed, match=match):
        Evidence.parse(changed("split", change)).check()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda value: value["key"].update(index=-1), "not a number"),
        (lambda value: value["key"].update(index="1"), "not a number"),
        (lambda value: value["key"].update(record="é"), "not ASCII"),
        (lambda value: value.update(key=[]), "not evidence of that kind"),
        (lambda value: value.update(records=[{}, {}]), "not evidence of that kind"),
    ],
)
def test_another_form_of_what_is_logged_is_refused(
    change: Callable[[dict[str, Any]], None], match: str
) -> None:
    with pytest.raises(Malformed, match=match):
        Evidence.parse(changed("fork", change))


@pytest.mark.parametrize("data", [b"", b"null", b"x" * 600_000 + b"\n"])
def test_what_is_not_one_line_of_json_is_no_evidence(data: bytes) -> None:
    with pytest.raises(Malformed, match="not an evidence file"):
        Evidence.parse(data)


def test_a_line_by_nobody_that_the_policy_names_is_refused() -> None:
    evidence = read("rollback")
    policy = Policy.parse(evidence.policy.encode())
    fewer = replace(
        policy,
        witnesses=policy.witnesses[:2],
        groups=(),
        quorum=replace(policy.quorum, name="none", needed=0),
    )
    with pytest.raises(Malformed, match="a line by nobody"):
        replace(evidence, policy=fewer.print()).check()
    assert evidence.check(fewer).proved  # a policy that is brought may name fewer


def test_the_policy_that_is_brought_decides() -> None:
    stranger = VerifierKey.of(
        "log.corridor.example", KeyType.ED25519, scene().stage.key("orva/root").public_key
    )
    for kind in ("split", "fork", "receipt"):
        with pytest.raises(Disproved, match="did not sign this head"):
            read(kind).check(Policy.parse(f"log {stranger}\nquorum none\n".encode()))


# The kinds


def test_a_split_is_of_two_heads_of_one_log_that_contradict_each_other() -> None:
    evidence = read("split")
    split = evidence.of
    assert isinstance(split, Split)
    fails(evidence, replace(split, heads=split.heads[::-1]), "in another order")
    fails(evidence, replace(split, root=bytes(32)), "does not lead to both roots")
    fails(evidence, replace(split, proof=()), "consistency proof")
    stage = scene().stage
    entries = stage.entries()
    small = Note.parse(archive_of(stage, entries[:20]).files["checkpoint"])
    large = Copy.of_archive(archive_of(stage, entries), "large")
    roots = Roots(archive_of(stage, entries), len(entries))
    proof = tuple(consistency_proof(roots.read, old=20, new=len(entries)))
    fails(evidence, Split((small, large.note), roots.at(20), proof), "goes on from the smaller one")


def test_two_heads_of_two_logs_contradict_each_other_in_nothing() -> None:
    evidence, other = read("rollback"), Stage("another")
    rollback = evidence.of
    assert isinstance(rollback, Rollback)
    own = Policy.parse(evidence.policy.encode())
    both = replace(own, logs=(*own.logs, replace(own.logs[0], name="b", key=other_key(other))))
    theirs = other_head(other)
    with pytest.raises(Disproved, match="of two logs"):
        replace(evidence, of=Rollback((rollback.heads[0], theirs))).of.check(both)


def other_key(other: Stage) -> VerifierKey:
    return VerifierKey.of("other.example", KeyType.ED25519, other.key("log").public_key)


def other_head(other: Stage) -> Note:
    text = Checkpoint("other.example", 3, bytes(32)).print()
    return Note(text, (sign_note(text, other_key(other), other.key("log")),))


def test_a_rollback_is_a_smaller_head_cosigned_later() -> None:
    evidence = read("rollback")
    rollback = evidence.of
    assert isinstance(rollback, Rollback)
    fails(evidence, Rollback(rollback.heads[::-1]), "no witness cosigned a smaller head")
    fails(evidence, Rollback((rollback.heads[0], rollback.heads[0])), "no witness cosigned a smaller head")


def test_a_receipt_fails_by_another_record_than_its_own() -> None:
    evidence = read("receipt")
    shown = evidence.of
    assert isinstance(shown, OtherRecord)
    fails(evidence, replace(shown, record=shown.record[:-1]), "does not lead to the root")
    own = replace(shown, head=shown.receipt.note, leaf=leaf_hash(shown.record), proof=shown.receipt.proof)
    fails(evidence, own, "stands where its receipt says")
    extra = shown.receipt.print().replace("index", "extra AA==\nindex", 1)
    with pytest.raises(Malformed, match="extra line"):
        Evidence.parse(changed("receipt", lambda value: value.update(receipt=extra)))


def test_a_fork_is_of_two_records_by_one_key_in_two_places_that_are_one() -> None:
    evidence, stage = read("fork"), scene().stage
    fork = evidence.of
    assert isinstance(fork, Fork)
    one, other = fork.records
    fails(evidence, replace(fork, records=(one, one)), "not two records that one key signed")
    fails(evidence, replace(fork, records=(other, one)), "in another order")
    fails(evidence, replace(fork, key=one), "enrols no key")
    entries = stage.entries()
    last = next(text for text in reversed(entries) if _is_by(text, fork))
    fails(evidence, replace(fork, records=(one, logged(last))), "two places in the chain")
    roots = [logged(entries[0]), logged(next(text for text in entries[1:] if _kid(text) == _kid(entries[0])))]
    fails(evidence, Fork(fork.head, roots[0], (roots[0], roots[1])), "two places in the chain")
    fails(
        evidence, Fork(fork.head, fork.key, (one, logged(entries[1]))), "not two records that one key signed"
    )


def _kid(text: bytes) -> str:
    return signed_in(text, where="").kid


def _is_by(text: bytes, fork: Fork) -> bool:
    signed = signed_in(text, where="")
    return signed.kid == _kid(fork.records[0].record) and signed.payload["evt"] == "account"


def test_two_records_that_follow_one_record_fork_under_two_numbers_too() -> None:
    stage = Stage("fork")
    hand = stage.hand("relief-one")
    psg = stage.passage().psg
    clear = {"what": "left", "post": "north-gate"}
    hand.record("account", passage=psg, clear=clear)
    prev = hand.prev
    first = hand.record("account", passage=psg, clear=clear)
    hand.prev = prev
    second = hand.record("account", passage=psg, clear=clear)
    archive = archive_of(stage, stage.entries())
    report = audit(archive, workers=SerialWorkers())
    found = [evidence for rule, evidence in of_findings(report, archive) if rule == "chain.prev" and evidence]
    assert found
    assert f"follows the record with leaf {prev}" in found[0].check().proves[0]
    assert first.leaf != second.leaf


def test_a_record_without_two_digests_is_no_evidence_of_them() -> None:
    evidence, hole = read("digests"), read("hole").of
    digests = evidence.of
    assert isinstance(hole, Hole)
    assert isinstance(digests, TwoDigests)
    fails(evidence, replace(digests, record=hole.record), "no field of this record has two digests")
    fails(evidence, replace(digests, key=logged(scene().stage.entries()[0])), "enrols no key")


def test_two_digests_in_a_line_are_found_there() -> None:
    stage = Stage("lines")
    hand = stage.hand("relief-one")
    declared = stage.declare().declaration
    assert declared is not None
    several = {"_sd": [print_base64url(bytes([number]) * 32) for number in range(3)]}
    payload = {**declared.payload, "seq": hand.seq, "prev": hand.prev}
    payload["lines"] = [{**payload["lines"][0], "net": several}, "no line"]
    stage.log_raw(sign_anything(payload, hand.key))
    archive = archive_of(stage, stage.entries())
    found = list(of_findings(audit(archive, workers=SerialWorkers()), archive))
    shown = [evidence.check() for _, evidence in found if evidence is not None]
    assert any("one field: lines[0].net" in each.proves[0] for each in shown)


def test_a_hole_is_not_before_a_keys_first_record() -> None:
    evidence = read("hole")
    hole = evidence.of
    assert isinstance(hole, Hole)
    founding, consent = (logged(text) for text in scene().stage.entries()[:2])
    fails(evidence, replace(hole, record=consent, key=founding), "the first record of its key")
    fails(evidence, replace(hole, key=logged(scene().stage.entries()[0])), "enrols no key")


def test_what_is_withheld_is_by_the_key_and_a_witness_of_the_policy_answered() -> None:
    evidence = read("withheld")
    withheld = evidence.of
    assert isinstance(withheld, Withheld)
    forged = withheld.record[:-4] + b"AAAA"
    fails(evidence, replace(withheld, record=forged), "this key did not sign it")
    policy = Policy.parse(evidence.policy.encode())
    fewer = replace(policy, witnesses=policy.witnesses[1:2])
    with pytest.raises(Disproved, match="no witness of the policy gave this answer"):
        evidence.check(fewer)
    alone = replace(evidence, of=replace(withheld, answer=None)).check()
    assert any("its signer's word" in each for each in alone.leaves_open)
    assert Evidence.parse(replace(evidence, of=replace(withheld, answer=None)).print()).check() == alone


def test_entry_0_enrols_the_roots_and_the_service_key() -> None:
    stage = scene().stage
    first = Logged(stage.entries()[0], 0, ())
    service = enrolled_in(first, stage.founding.service_kid, where="key")
    assert (service.holder, service.cor) == (SERVICE_HOLDER, stage.cor)
    assert enrolled_in(first, stage.hand("orva/root").kid, where="key").holder == "orva/root"
    with pytest.raises(Disproved, match="enrols no key"):
        enrolled_in(replace(first, index=1), stage.founding.service_kid, where="key")


@pytest.mark.parametrize(
    "record", [b"", b"a.b.c", b"e30.e30." + b"A" * 86, b"e30.e30", b"bnVsbA.e30." + b"A" * 86]
)
def test_what_is_no_record_is_refused(record: bytes) -> None:
    with pytest.raises(Malformed):
        signed_in(record, where="record")


def test_a_record_that_another_key_signed_shows_nothing() -> None:
    digests = read("digests").of
    assert isinstance(digests, TwoDigests)
    signed = signed_in(digests.record.record, where="record")
    key = enrolled_in(digests.key, signed.kid, where="key")
    with pytest.raises(Disproved, match="did not sign it"):
        replace(signed, signature=bytes(64)).check(key, where="record")
    with pytest.raises(Disproved, match="did not sign it"):
        replace(signed, kid="x").check(key, where="record")


# With an archive


def looked_for(evidence: Evidence, archive: MemoryArchive) -> bool:
    return InArchive(archive, SerialWorkers(), Silent()).check(evidence).proved


def test_an_archive_is_of_the_files_log_and_sound_and_shows_it_or_not() -> None:
    hole, withheld, archive = read("hole"), read("withheld"), scene().archive
    assert looked_for(hole, archive)
    assert looked_for(withheld, archive)
    with pytest.raises(Malformed, match="needs no archive"):
        looked_for(read("split"), archive)
    with pytest.raises(Malformed, match="another policy"):
        looked_for(hole, Stage("another").archive())
    own = Policy.parse(hole.policy.encode())
    for brought in (
        replace(own, witnesses=(), groups=(), quorum=replace(own.quorum, name="none", needed=0)),
        own,
    ):
        look = InArchive(archive, SerialWorkers(), Silent())
        if brought is own:
            assert look.check(hole, brought).proved
        else:
            with pytest.raises(Malformed, match="not that of the archive"):
                look.check(hole, brought)
    stray = MemoryArchive({**archive.files, "stray": b""})
    with pytest.raises(Malformed, match="no part of the archive"):
        looked_for(hole, stray)
    damaged = {
        path: data[:-1] + bytes([data[-1] ^ 1]) if path.startswith("tile/0") else data
        for path, data in archive.files.items()
    }
    with pytest.raises(Disproved):
        looked_for(hole, MemoryArchive(damaged))
    of, entries = hole.of, scene().stage.entries()
    assert isinstance(of, Hole)
    second = next(text for text in entries[1:] if _kid(text) == _kid(entries[0]))
    whole = replace(of, record=logged(second), key=logged(entries[0]))
    shown = InArchive(archive, SerialWorkers(), Silent()).check(replace(hole, of=whole))
    assert not shown.proved
    assert "finds nothing of the kind" in shown.needs[0]


def test_of_an_archive_that_is_not_sound_no_evidence_is_made() -> None:
    for failed, kind in ((2, Malformed), (3, Disproved)):
        faults = audit(MemoryArchive({}), workers=SerialWorkers()).faults
        with pytest.raises(kind):
            list(of_findings(Report(faults=faults, failed=failed), MemoryArchive({})))


def made(stage: Stage, offers: bytes = b"") -> list[tuple[str, Evidence | None]]:
    archive, kept = archive_of(stage, stage.entries()), (Kept("offers", offers),)
    report = audit(archive, workers=SerialWorkers(), options=Options(offers=kept))
    return list(of_findings(report, archive, kept))


def test_what_no_file_shows_is_told_apart_from_what_one_does() -> None:
    """One digest twice; a fork of a key that nobody may enrol; a fork, its first branch past junk."""
    stage = Stage("apart")
    hand = stage.hand("relief-one")
    declared = stage.passage().declare()
    twice = {"_sd": [print_base64url(bytes(32))] * 2}
    stage.log_raw(
        sign_anything({**declared.payload, "seq": hand.seq, "prev": hand.prev, "plate": twice}, hand.key)
    )
    assert ("private.two_digests", None) in made(stage)
    stranger = stage.enrol("relief-two/declarant", by="relief-one/declarant")
    seq, prev = hand.seq, hand.prev
    forged = hand.write("account", passage=stage.passage().psg, clear={"what": "left", "post": "north-gate"})
    stage.log_raw(with_signature(forged, bytes(64)))
    hand.seq, hand.prev = seq, prev
    for one in (stranger, hand):
        for what in ("arrived", "waited", "left"):
            one.record("account", passage=stage.passage().psg, clear={"what": what, "post": "north-gate"})
    stranger.seq, stranger.prev, hand.seq, hand.prev = 0, "", seq, prev
    for one in (stranger, hand):
        one.record("account", passage=stage.passage().psg, clear={"what": "left", "post": "south-gate"})
    found = made(stage)
    assert ("chain.fork", None) in found
    assert any(rule == "chain.fork" and evidence is not None for rule, evidence in found)


def test_of_several_offers_each_file_has_its_own() -> None:
    stage = Stage("offers")
    psg = stage.passage().psg
    hands = [stage.hand(name) for name in ("relief-one", "orva/liaison")]
    clear = {"what": "left", "post": "north-gate"}
    records = [hand.write("account", passage=psg, clear=clear).entry for hand in hands[:1]]
    records.append(hands[0].write("account", passage=psg, clear=clear).entry)
    stage.pass_time(days=2)
    lines = b"\n".join([*records, b"%s 2026-03-01T06:00:00Z" % (b"ab" * 32), b""])
    found = [evidence for rule, evidence in made(stage, lines) if rule == "offered.withheld"]
    shown = [each.of.record for each in found if each and isinstance(each.of, Withheld)]
    assert sorted(shown) == sorted(records)
    assert found.count(None) == 1


def test_a_receipt_under_a_larger_head_than_the_archive_is_compared_as_far_as_it_goes() -> None:
    stage = Stage("receipt")
    stage.declare()
    entries = stage.entries()
    receipt = receipt_in(stage, entries, 4)
    kept = Kept("receipt", receipt.print().encode())
    assert beside(kept, entries[4], archive_of(stage, entries[:8]), "archive") is None


# Two copies


def test_what_cannot_be_compared_is_told_apart_from_a_split() -> None:
    stage = scene().stage
    entries = stage.entries()
    small, large = archive_of(stage, entries[:20]), archive_of(stage, entries)
    ours = Copy.of_archive(small, "ours")
    with pytest.raises(Malformed, match="a head alone, and the larger one"):
        compare(ours, Copy.of_head(large.files["checkpoint"], "theirs"))
    with pytest.raises(Malformed, match="two logs"):
        compare(ours, Copy.of_archive(Stage("another").archive(), "theirs"))
    with pytest.raises(Malformed, match="two logs"):
        compare(ours, Copy.of_head(other_head(Stage("another")).print().encode(), "theirs"))
    files = {**large.files, "checkpoint": archive_of(stage, [*entries[:-1], b"x"]).files["checkpoint"]}
    with pytest.raises(Disproved, match="not those of its own head"):
        compare(ours, Copy.of_archive(MemoryArchive(files), "theirs"))
    with pytest.raises(Malformed, match="theirs: policy"):
        Copy.of_archive(MemoryArchive({**large.files, "policy": b"x\n"}), "theirs")
    empty = Copy.of_head(head_of(stage, []).print().encode(), "empty")
    with pytest.raises(Malformed, match="holds nothing"):
        compare(empty, ours)
