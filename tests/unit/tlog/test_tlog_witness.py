"""Whether a witness cosigns: each rule of `core/tlog/witness`, a request that it lets through and one that it stops."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign, verify_cosignature
from safeconduct.core.tlog.note import MAX_SIGNATURES, KeyType, Note, Signature, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.proofs import consistency_proof
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.tiles import hash_tiles
from safeconduct.core.tlog.tree import EMPTY_ROOT, leaf_hash, root
from safeconduct.core.tlog.witness import (
    Answer,
    Cosigned,
    Decision,
    followed,
    monitoring_path,
    offered_head,
    receive,
    received_at,
)
from safeconduct.core.tlog.witness_request import MAX_BYTES, MAX_PROOF, Request, print_request

ORIGIN = "log.example/road"
LOG, OTHER, MINE = (SeedSigner(bytes([number]) * 32) for number in (1, 2, 3))
LOG_KEY = VerifierKey.of(ORIGIN, KeyType.ED25519, LOG.public_key)
MY_KEY = VerifierKey.of("orva.example/witness", KeyType.COSIGNATURE, MINE.public_key)
DECISION = Decision(MY_KEY, MINE, (LOG_KEY,))
LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]
NOW = 1_700_000_000


def signed(size: int, leaves: Sequence[bytes] = LEAVES, root_hash: bytes | None = None) -> Note:
    text = Checkpoint(ORIGIN, size, root(leaves[:size]) if root_hash is None else root_hash).print()
    return Note(text, (sign_note(text, LOG_KEY, LOG),))


def proof(old: int, new: int) -> list[bytes]:
    tiles = dict(hash_tiles(LEAVES[:new]))
    return consistency_proof(tiles.__getitem__, old=old, new=new)


def asked(
    old: int, note: Note, steps: Sequence[bytes] = (), known: Cosigned | None = None, latest: int = 0
) -> Answer:
    return DECISION.answer(print_request(old, steps, note), lambda _: known, now=NOW, latest=latest)


def known(size: int) -> Cosigned:
    note = signed(size)
    return Cosigned(Checkpoint.parse(note.text), NOW - 5, note)


def test_a_head_is_cosigned_with_the_time_over_its_whole_text() -> None:
    note = signed(7)
    answer = asked(0, note)
    assert (answer.status, answer.evidence) == (200, None)
    assert answer.kept is not None
    (line,) = Note.parse(f"{note.text}\n{answer.body}".encode()).signatures
    assert verify_cosignature(note.text, MY_KEY, line) == NOW == answer.kept.time
    assert answer.kept.note == Note(note.text, (*note.signatures, line))
    assert (answer.kept.head.size, answer.kept.head.root) == (7, root(LEAVES[:7]))


def test_growth_is_cosigned_where_the_proof_holds_and_where_it_fails_it_is_evidence() -> None:
    assert asked(7, signed(256), proof(7, 256), known(7)).status == 200
    answer = asked(7, signed(256), proof(8, 256), known(7))
    assert (answer.status, answer.kept) == (422, None)
    assert answer.evidence is not None
    assert answer.evidence.held == known(7).note
    assert answer.evidence.request.note == signed(256)


def test_the_same_size_again_gets_a_fresh_time_and_no_proof_belongs_there() -> None:
    again = asked(7, signed(7), known=known(7))
    assert (again.status, again.kept and again.kept.time) == (200, NOW)
    assert asked(7, signed(7), proof(6, 7), known(7)).status == 422


def test_another_old_size_is_told_the_right_one() -> None:
    answer = asked(6, signed(9), proof(6, 9), known(7))
    assert (answer.status, answer.body, answer.content_type) == (409, "7\n", "text/x.tlog.size")
    assert answer.evidence is None


@pytest.mark.parametrize(("old", "status"), [(7, 422), (3, 409)])
def test_two_roots_for_one_size_are_evidence_whatever_old_size_is_said(old: int, status: int) -> None:
    answer = asked(old, signed(7, LEAVES[1:]), known=known(7))
    assert (answer.status, answer.kept) == (status, None)
    assert answer.evidence is not None
    assert answer.evidence.why == "two roots for one size"


def test_a_smaller_head_is_no_evidence() -> None:
    """It may be an old copy."""
    answer = asked(5, signed(5, LEAVES[1:]), known=known(7))
    assert (answer.status, answer.evidence) == (409, None)


def test_a_head_of_no_entries_has_one_root() -> None:
    assert asked(0, signed(0)).status == 200
    assert asked(0, signed(0), known=known(0)).status == 200
    for held in (None, known(0)):
        answer = asked(0, signed(0, root_hash=root(LEAVES)), known=held)
        assert (answer.status, answer.kept, answer.evidence is None) == (422, None, False)
    assert asked(0, signed(5), proof(3, 5), known(0)).status == 422
    assert asked(0, signed(5), known=known(0)).status == 200
    assert root([]) == EMPTY_ROOT


def test_a_log_that_is_not_followed_is_not_found_and_one_that_did_not_sign_is_forbidden() -> None:
    text = Checkpoint("elsewhere.example", 1, LEAVES[0]).print()
    key = VerifierKey.of("elsewhere.example", KeyType.ED25519, OTHER.public_key)
    assert asked(0, Note(text, (sign_note(text, key, OTHER),))).status == 404
    good = signed(7)
    stranger = VerifierKey.of(ORIGIN, KeyType.ED25519, OTHER.public_key)
    by_stranger = sign_note(good.text, stranger, OTHER)
    assert asked(0, Note(good.text, (by_stranger,))).status == 403
    bad = Signature(LOG_KEY.name, LOG_KEY.key_id, bytes(64))
    assert asked(0, Note(good.text, (*good.signatures, bad))).status == 403
    assert asked(0, Note(good.text, (by_stranger, *good.signatures))).status == 200


def test_a_log_may_sign_as_a_cosigner_does() -> None:
    """Type 04 stands for what no log key is; only the shape of rule 3 is of interest here."""
    key = VerifierKey.of(ORIGIN, KeyType.COSIGNATURE, OTHER.public_key)
    both = Decision(MY_KEY, MINE, (LOG_KEY, key))
    text = signed(7).text
    line = cosign(text, key, OTHER, time=NOW)
    for lines, status in (((line,), 200), ((*signed(7).signatures, line), 200), ((), 403)):
        note = Note(text, lines or (Signature("x", b"1234", b"5"),))
        answer = both.answer(print_request(0, (), note), lambda _: None, now=NOW)
        assert answer.status == status


def test_a_clock_behind_the_last_cosignature_cosigns_nothing_and_says_so() -> None:
    assert asked(0, signed(7), latest=NOW).status == 200
    answer = asked(0, signed(7), latest=NOW + 60)
    assert (answer.status, answer.kept, answer.retry_after_s) == (503, None, 60)
    assert "2023-11-14T22:13:20Z" in answer.body
    assert asked(0, signed(7), latest=NOW + 10**9).retry_after_s == 3600


def test_what_is_remembered_can_be_read_again_however_many_lines_came() -> None:
    note = signed(7)
    crowd = Note(note.text, note.signatures * MAX_SIGNATURES)
    answer = asked(0, crowd)
    assert answer.kept is not None
    assert Note.parse(answer.kept.note.print().encode()) == answer.kept.note


def test_a_head_with_extension_lines_is_signed_whole() -> None:
    text = Checkpoint(ORIGIN, 1, LEAVES[0], ("more",)).print()
    answer = asked(0, Note(text, (sign_note(text, LOG_KEY, LOG),)))
    (line,) = Note.parse(f"{text}\n{answer.body}".encode()).signatures
    assert verify_cosignature(text, MY_KEY, line) == NOW


GOOD = print_request(7, proof(7, 256), signed(256))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        GOOD[1:],
        GOOD.replace(b"old 7", b"old  7"),
        GOOD.replace(b"old 7", b"old 07"),
        GOOD.replace(b"old 7", b"old +7"),
        GOOD.replace(b"old 7", b"old 257"),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"old 7\n", b"old 7\nqqo=\n"),
        GOOD.replace(b"old 7\n", b"old 7\n\xff\n"),
        GOOD.replace(b"\n256\n", b"\n0256\n"),
        GOOD[:-1],
        GOOD + b"\n",
        print_request(0, [bytes(32)] * (MAX_PROOF + 1), signed(7)),
        GOOD + b"x" * MAX_BYTES,
    ],
    ids=range(15),
)
def test_what_is_no_request_is_a_bad_one(data: bytes) -> None:
    answer = DECISION.answer(data, lambda _: None, now=NOW)
    assert (answer.status, answer.kept, answer.evidence) == (400, None, None)


def test_a_request_may_hold_sixty_three_hashes() -> None:
    assert len(Request.parse(print_request(7, [bytes(32)] * MAX_PROOF, signed(256))).proof) == MAX_PROOF


@given(st.binary() | st.integers(0, len(GOOD)).map(lambda at: GOOD[:at] + b"\x00" + GOOD[at:]))
def test_any_bytes_are_a_request_that_prints_back_or_malformed(data: bytes) -> None:
    try:
        request = Request.parse(data)
    except Malformed:
        return
    assert print_request(request.old, request.proof, request.note) == data


def test_a_policy_names_the_logs_that_are_followed() -> None:
    policy = Policy.parse(f"log {LOG_KEY}\nquorum none\n".encode())
    assert followed(policy, MY_KEY.name) == (LOG_KEY,)
    with pytest.raises(Malformed, match="no log"):
        followed(Policy.parse(b"quorum none\n"), MY_KEY.name)
    mine = VerifierKey.of(f"{MY_KEY.name}/offered/x", KeyType.ED25519, LOG.public_key)
    with pytest.raises(Malformed, match="gives to offers"):
        followed(Policy.parse(f"log {mine}\nquorum none\n".encode()), MY_KEY.name)


def test_the_monitoring_path_is_the_hash_of_the_origin() -> None:
    assert monitoring_path(ORIGIN) == f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


def test_the_answer_to_an_offer_dates_this_record_and_no_other() -> None:
    note = receive(b"a record", MY_KEY, MINE, now=NOW)
    assert received_at(note, b"a record", MY_KEY) == NOW
    assert note.text == offered_head(MY_KEY.name, b"a record").print()
    with pytest.raises(Disproved, match="no answer"):
        received_at(note, b"another", MY_KEY)
    with pytest.raises(Disproved, match="signed nothing"):
        received_at(Note(note.text, (Signature("x", b"1234", b"5"),)), b"a record", MY_KEY)
    with pytest.raises(Disproved, match="fails"):
        received_at(Note(note.text, (Signature(MY_KEY.name, MY_KEY.key_id, bytes(72)),)), b"a record", MY_KEY)
