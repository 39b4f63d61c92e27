"""Mutations of valid proofs: none is accepted; the proofs themselves are."""

from __future__ import annotations

from random import Random

import pytest

from safeconduct.core.tlog.cosignature import verify_cosignature
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.proofs import consistency_proof, inclusion_proof
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tree import verify_consistency, verify_inclusion
from tests.properties import mutations

NUMBER = 20_000


def test_none_of_many_mutations_of_valid_proofs_is_accepted() -> None:
    counts = mutations.play(NUMBER, "the suite's")
    assert sum(count.total() for count in counts.values()) == NUMBER
    assert {name: count["accepted"] for name, count in counts.items()} == dict.fromkeys(mutations.KINDS, 0)


def test_what_was_not_changed_is_accepted() -> None:
    for text, entry in mutations.receipts():
        assert Receipt.parse(text).check(entry, mutations.ED25519_ONLY) == "cosigned"
    for text in mutations.heads():
        note = Note.parse(text)
        cosigned = mutations.WITH_LATTICES.check(note).cosigned
        assert mutations.WITH_LATTICES.quorum.met_by(cosigned)
        for (key, _), line in zip(mutations.WITNESSES, note.signatures[1:], strict=True):
            assert verify_cosignature(note.text, key, line) == cosigned[key.name]
    for size in range(1, mutations.SIZE, 41):
        root, leaf = mutations.root_of(size), mutations.LEAVES[size - 1]
        proof = inclusion_proof(mutations.read, index=size - 1, size=size)
        verify_inclusion(leaf, index=size - 1, size=size, proof=proof, root=root)
        way = consistency_proof(mutations.read, old=size, new=mutations.SIZE)
        head = mutations.root_of(mutations.SIZE)
        verify_consistency(old_size=size, old_root=root, size=mutations.SIZE, root=head, proof=way)


def test_where_one_witness_is_enough_a_line_that_was_spoilt_is_nobodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lack: who needs one of two is not told that the other's line became a stranger's."""
    text = mutations.ED25519_ONLY.print().replace(" 2 ", " any ")
    monkeypatch.setattr(mutations, "ED25519_ONLY", Policy.parse(text.encode()))
    draw = Random("one of two")  # noqa: S311 - to be repeated
    verdicts = {mutations.verdict(mutations.receipt, draw) for _ in range(1_000)}
    assert verdicts == {"accepted", "disproved", "malformed"}
