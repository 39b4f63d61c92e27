"""The Merkle tree against pymerkle's in-memory tree: appending, proving, and how many tiles a proof reads."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from pymerkle import InmemoryTree

from benchmarks.measure import Figure, compare
from safeconduct.core.tlog.proofs import Prover, consistency_proof, inclusion_proof
from safeconduct.core.tlog.tiles import Tile, hash_tiles
from safeconduct.core.tlog.tree import Frontier, leaf_hash

SIZE = 10**6 if os.environ.get("SIZE") == "full" else 10**5
PROOFS = 300


def figures() -> Iterator[Figure]:
    """Append, prove, and the count of tiles."""
    entries = [b"entry %d" % number for number in range(SIZE)]

    def ours() -> Frontier:
        tree = Frontier()
        tree.extend(leaf_hash(entry) for entry in entries)
        tree.root()
        return tree

    def theirs() -> InmemoryTree:
        tree = InmemoryTree(algorithm="sha256")
        for entry in entries:
            tree.append_entry(entry)
        tree.get_state()
        return tree

    yield compare(f"append {SIZE} entries, root: pymerkle / ours", ours, theirs, at_least=6.0)

    peer = theirs()
    tiles = dict(hash_tiles(map(leaf_hash, entries)))
    chosen = random.Random(1).sample(range(1, SIZE), PROOFS)
    prover = Prover(tiles.__getitem__)

    def prove() -> None:
        for number in chosen:
            prover.inclusion(index=number, size=SIZE)
            prover.consistency(old=number, new=SIZE)

    def prove_theirs() -> None:
        for number in chosen:
            peer.prove_inclusion(number + 1, SIZE)
            peer.prove_consistency(number, SIZE)

    yield compare(f"{PROOFS} proofs of each kind, warm: pymerkle / ours", prove, prove_theirs, at_least=5.0)

    reads: list[int] = []

    def read(tile: Tile) -> bytes:
        reads[-1] += 1
        return tiles[tile]

    for number in chosen:
        reads.append(0)
        inclusion_proof(read, index=number, size=SIZE)
        reads.append(0)
        consistency_proof(read, old=number, new=SIZE)
    yield Figure(
        "tiles read by one cold proof", max(reads), "at most 5", max(reads) <= 5, f"{len(reads)} proofs"
    )
