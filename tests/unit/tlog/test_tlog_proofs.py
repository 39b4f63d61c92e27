"""A log of 70,000 entries: three levels of tiles, partial on each."""

from collections.abc import Callable

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.proofs import Prover, consistency_proof, inclusion_proof, root_at
from safeconduct.core.tlog.tiles import Tile, hash_tiles
from safeconduct.core.tlog.tree import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

SIZE = 70_000
LEAVES = [leaf_hash(b"record %d" % index) for index in range(SIZE)]
TILES = {(tile.level, tile.index): data for tile, data in hash_tiles(LEAVES)}
PLACES = [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_990, SIZE - 1]


def read(tile: Tile) -> bytes:
    """A smaller log's tile is the beginning of a larger one's."""
    return TILES[tile.level, tile.index][: 32 * tile.width]


def counting(reads: list[Tile]) -> Callable[[Tile], bytes]:
    def count(tile: Tile) -> bytes:
        reads.append(tile)
        return read(tile)

    return count


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 513, 65_536, SIZE])
def test_every_place_is_proved_at_every_size(size: int) -> None:
    head = root(LEAVES[:size])
    assert root_at(read, size) == head
    for index in {min(place, size - 1) for place in PLACES}:
        proof = inclusion_proof(read, index=index, size=size)
        verify_inclusion(LEAVES[index], index=index, size=size, proof=proof, root=head)


@pytest.mark.parametrize("old", [1, 2, 3, 255, 256, 300, 65_535, 65_536, 66_000, 69_999, SIZE])
def test_every_earlier_log_is_shown_at_the_beginning_of_the_later_one(old: int) -> None:
    proof = consistency_proof(read, old=old, new=SIZE)
    verify_consistency(
        old_size=old, old_root=root(LEAVES[:old]), size=SIZE, root=root_at(read, SIZE), proof=proof
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_proof_reads_five_tiles_at_most(place: int) -> None:
    reads: list[Tile] = []
    inclusion_proof(counting(reads), index=place, size=SIZE)
    assert len(reads) <= 5
    reads.clear()
    consistency_proof(counting(reads), old=place, new=SIZE)
    assert len(reads) <= 5
    assert len({*reads}) == len(reads)


def test_a_log_of_16_million_needs_five_tiles_and_no_more() -> None:
    size, reads = 2**24 - 1, list[Tile]()

    def zeros(tile: Tile) -> bytes:
        reads.append(tile)
        return bytes(32 * tile.width)

    inclusion_proof(zeros, index=0, size=size)
    assert len(reads) == 5


def test_a_prover_that_is_kept_gives_the_same_proofs_and_reads_each_tile_once() -> None:
    reads: list[Tile] = []
    prover = Prover(counting(reads))
    for index in (*range(0, SIZE, 100), *range(0, SIZE, 100)):
        prover.inclusion(index=index, size=SIZE)
    assert len({*reads}) == len(reads)
    assert prover.inclusion(index=9, size=SIZE) == inclusion_proof(read, index=9, size=SIZE)
    assert prover.consistency(old=9, new=SIZE) == consistency_proof(read, old=9, new=SIZE)


def test_what_a_prover_keeps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safeconduct.core.tlog.proofs.MAX_KEPT", 2)
    prover = Prover(read)
    for index in PLACES:
        for size in (SIZE, SIZE - 1, SIZE - 2):
            expected = inclusion_proof(read, index=min(index, size - 1), size=size)
            assert prover.inclusion(index=min(index, size - 1), size=size) == expected


def test_proofs_of_a_small_log_are_those_one_draws_by_hand() -> None:
    a, b, c = LEAVES[:3]
    assert inclusion_proof(read, index=2, size=3) == [node_hash(a, b)]
    assert inclusion_proof(read, index=0, size=3) == [b, c]
    assert consistency_proof(read, old=2, new=3) == [c]
    assert consistency_proof(read, old=3, new=4) == [c, LEAVES[3], node_hash(a, b)]


def test_nothing_needs_no_proof() -> None:
    assert root_at(read, 0) == EMPTY_ROOT
    assert consistency_proof(read, old=0, new=SIZE) == []


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 5), (5, 5)])
def test_no_proof_is_made_of_an_entry_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(Malformed, match="no entry"):
        inclusion_proof(read, index=index, size=size)


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5)])
def test_no_proof_is_made_of_a_log_that_shrank(old: int, new: int) -> None:
    with pytest.raises(Malformed, match="never had"):
        consistency_proof(read, old=old, new=new)


def test_a_tile_of_another_length_is_malformed() -> None:
    with pytest.raises(Malformed, match="not 5 hashes"):
        inclusion_proof(lambda tile: read(tile)[1:], index=0, size=5)
