import hashlib

import pytest

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.tree import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    root,
    root_of_full,
    row_above,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
)

LEAVES = [leaf_hash(b"record %d" % index) for index in range(7)]
A, B, C, D, E, F, G = LEAVES
AB, CD, EF = node_hash(A, B), node_hash(C, D), node_hash(E, F)
ABCD, EFG = node_hash(AB, CD), node_hash(EF, G)
ROOT = node_hash(ABCD, EFG)


def test_leaves_and_nodes_are_hashed_apart_so_that_no_entry_is_a_node() -> None:
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
    assert node_hash(A, B) == hashlib.sha256(b"\x01" + A + B).digest()
    assert leaf_hash(A + B) != AB


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == hashlib.sha256().digest() == Frontier().root()


def test_seven_leaves_split_four_and_three() -> None:
    assert root(LEAVES) == ROOT


def test_one_by_one_and_all_at_once_give_the_same_root() -> None:
    leaves = [leaf_hash(b"%d" % index) for index in range(70)]
    for first in range(0, 70, 7):
        slowly, quickly = Frontier(), Frontier()
        for leaf in leaves:
            slowly.append(leaf)
        quickly.extend(leaves[:first])
        quickly.extend(leaves[first:])
        assert slowly.root() == quickly.root() == root(leaves)
        assert slowly.size == quickly.size == 70


def test_a_row_leaves_its_odd_last_hash_out() -> None:
    assert row_above(A + B + C) == AB
    assert root_of_full(A + B + C + D) == ABCD


def test_inclusion_is_proved_by_the_neighbours_upwards() -> None:
    verify_inclusion(C, index=2, size=7, proof=[D, AB, EFG], root=ROOT)
    verify_inclusion(G, index=6, size=7, proof=[EF, ABCD], root=ROOT)


@pytest.mark.parametrize(
    ("leaf", "index", "size", "proof"),
    [
        pytest.param(C, 3, 7, [D, AB, EFG], id="another index"),
        pytest.param(C, 7, 7, [D, AB, EFG], id="beyond the end"),
        pytest.param(C, -1, 7, [D, AB, EFG], id="before the start"),
        pytest.param(C, 2, 7, [D, AB], id="a hash missing"),
        pytest.param(C, 2, 7, [D, AB, EFG, EFG], id="a hash too many"),
        pytest.param(C, 2, 7, [D, AB, EFG[:-1]], id="a short hash"),
        pytest.param(D, 2, 7, [D, AB, EFG], id="another leaf"),
        pytest.param(b"", 0, 1, [], id="no leaf at all"),
    ],
)
def test_a_spoilt_inclusion_proof_is_disproved(
    leaf: bytes, index: int, size: int, proof: list[bytes]
) -> None:
    with pytest.raises(Disproved):
        verify_inclusion(leaf, index=index, size=size, proof=proof, root=ROOT if leaf else b"")


def test_a_log_that_only_grew_proves_it() -> None:
    verify_consistency(old_size=3, old_root=node_hash(AB, C), size=7, root=ROOT, proof=[C, D, AB, EFG])
    verify_consistency(old_size=4, old_root=ABCD, size=7, root=ROOT, proof=[EFG])
    verify_consistency(old_size=6, old_root=node_hash(ABCD, EF), size=7, root=ROOT, proof=[EF, G, ABCD])
    verify_consistency(old_size=7, old_root=ROOT, size=7, root=ROOT, proof=[])


@pytest.mark.parametrize(
    ("old_size", "old_root", "proof"),
    [
        pytest.param(0, EMPTY_ROOT, [], id="from nothing"),
        pytest.param(8, ROOT, [], id="from a larger log"),
        pytest.param(7, ABCD, [], id="another root at the same size"),
        pytest.param(7, ROOT, [ABCD], id="a proof at the same size"),
        pytest.param(3, node_hash(AB, D), [C, D, AB, EFG], id="another past"),
        pytest.param(3, node_hash(AB, C), [C, D, AB], id="a hash missing"),
        pytest.param(3, node_hash(AB, C), [], id="no hash"),
        pytest.param(3, node_hash(AB, C), [C, D, AB, EFG, A], id="a hash too many"),
        pytest.param(3, node_hash(AB, C), [C, D, AB, EFG[1:]], id="a short hash"),
    ],
)
def test_a_log_that_changed_its_past_cannot_prove_that_it_grew(
    old_size: int, old_root: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(Disproved):
        verify_consistency(old_size=old_size, old_root=old_root, size=7, root=ROOT, proof=proof)


def test_a_part_of_the_log_has_a_root_of_its_own() -> None:
    verify_subtree_consistency(start=4, end=7, subtree_root=EFG, size=7, root=ROOT, proof=[ABCD])
    verify_subtree_consistency(start=4, end=6, subtree_root=EF, size=7, root=ROOT, proof=[G, ABCD])
    verify_subtree_consistency(start=2, end=2, subtree_root=EMPTY_ROOT, size=7, root=ROOT, proof=[])


@pytest.mark.parametrize(("start", "end"), [(1, 3), (4, 3), (-4, 0), (4, 8)])
def test_what_is_no_subtree_is_refused(start: int, end: int) -> None:
    with pytest.raises(Disproved, match="not a subtree"):
        verify_subtree_consistency(start=start, end=end, subtree_root=EF, size=7, root=ROOT, proof=[])
