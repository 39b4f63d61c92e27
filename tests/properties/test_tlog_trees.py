"""Laws of the tree: what is proved verifies, and what was changed does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.proofs import consistency_proof, inclusion_proof, root_at
from safeconduct.core.tlog.tiles import Tile, hash_tiles
from safeconduct.core.tlog.tree import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"%d" % index) for index in range(700)]
TILES = {(tile.level, tile.index): data for tile, data in hash_tiles(LEAVES)}
sizes = st.integers(1, len(LEAVES))


def read(tile: Tile) -> bytes:
    return TILES[tile.level, tile.index][: 32 * tile.width]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, as it is written."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@given(size=st.integers(0, len(LEAVES)), cuts=st.lists(sizes, max_size=4))
def test_however_a_tree_grows_its_root_is_the_one_defined(size: int, cuts: list[int]) -> None:
    frontier, at = Frontier(), 0
    for stop in (*sorted(min(cut, size) for cut in cuts), size):
        frontier.extend(LEAVES[at:stop])
        at = stop
    assert frontier.root() == root(LEAVES[:size]) == root_at(read, size) == by_definition(LEAVES[:size])


@given(data=st.data(), size=sizes)
@settings(deadline=None)
def test_an_inclusion_proof_verifies_and_no_bit_of_it_can_be_changed(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    head = root(LEAVES[:size])
    proof = inclusion_proof(read, index=index, size=size)
    verify_inclusion(LEAVES[index], index=index, size=size, proof=proof, root=head)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        spoilt = [*proof]
        spoilt[at] = bytes([spoilt[at][0] ^ 1]) + spoilt[at][1:]
        with pytest.raises(Disproved):
            verify_inclusion(LEAVES[index], index=index, size=size, proof=spoilt, root=head)
    elsewhere = data.draw(st.integers(0, size - 1).filter(lambda other: other != index)) if size > 1 else size
    with pytest.raises(Disproved):
        verify_inclusion(LEAVES[index], index=elsewhere, size=size, proof=proof, root=head)


@given(data=st.data(), size=sizes)
@settings(deadline=None)
def test_a_consistency_proof_verifies_for_the_true_past_only(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size))
    past, head = root(LEAVES[:old]), root(LEAVES[:size])
    proof = consistency_proof(read, old=old, new=size)
    verify_consistency(old_size=old, old_root=past, size=size, root=head, proof=proof)
    other = root([*LEAVES[: old - 1], leaf_hash(b"changed")])
    with pytest.raises(Disproved):
        verify_consistency(old_size=old, old_root=other, size=size, root=head, proof=proof)
