"""The Merkle tree over a log's entries (RFC 9162 §2.1): its hashes, and the verification of proofs.

Rules:
 1. Leaf: SHA-256(00 ‖ entry). Node: SHA-256(01 ‖ left ‖ right). Empty tree: SHA-256 of nothing.
 2. A tree of n leaves splits at the largest power of two below n.
 3. A proof is used up to its last hash; each hash is 32 bytes; index < size.
 4. Equal sizes: the roots are equal and the proof is empty. A proof from size 0 says nothing and is refused:
    who starts to follow a log decides that elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from safeconduct.core.kernel.errors import Disproved

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

_sha256 = hashlib.sha256
_SHOW = "Keep what you were shown: either it was altered on its way, or the log changed its past"


def leaf_hash(entry: bytes) -> bytes:
    """Rule 1, for one entry."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Rule 1, for two children."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree with these leaf hashes."""
    frontier = Frontier()
    frontier.extend(leaf_hashes)
    return frontier.root()


def row_above(row: bytes) -> bytes:
    """The nodes over a row of hashes, pair by pair; an odd last hash has none. One string of bytes each."""
    sha256 = _sha256
    return b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row) - 63, 64)])


def root_of_full(hashes: bytes) -> bytes:
    """The root over 2^k hashes: a full tile, or an aligned part of one."""
    while len(hashes) > HASH_BYTES:
        hashes = row_above(hashes)
    return hashes


class Frontier:
    """A growing tree, reduced to the roots of its full subtrees: at most one per height (a compact range)."""

    __slots__ = ("_roots", "size")

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []  # by height; the one at height h stands where bit h of size is set

    @classmethod
    def of(cls, roots: Mapping[int, bytes]) -> Self:
        """The tree whose full subtrees have these roots, by their heights."""
        frontier = cls()
        frontier.size = sum(1 << height for height in roots)
        frontier._roots = [roots.get(height, b"") for height in range(frontier.size.bit_length())]
        return frontier

    def copy(self) -> Self:
        """Another one that grows by itself."""
        return self.of({height: root for height, root in enumerate(self._roots) if self.size >> height & 1})

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash."""
        roots, height, above = self._roots, 0, self.size
        while above & 1:
            leaf = _sha256(b"\x01" + roots[height] + leaf).digest()
            height += 1
            above >>= 1
        roots[height : height + 1] = [leaf]
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Adds many leaf hashes, height by height: several times faster than one by one."""
        sha256, roots, height, above = _sha256, self._roots, 0, self.size
        row = list(leaves)
        self.size += len(row)
        while row:
            if above & 1:
                row.insert(0, roots[height])
            if len(row) & 1:
                roots[height : height + 1] = [row.pop()]
            elif height == len(roots):
                roots.append(b"")
            row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
            height += 1
            above >>= 1

    def root(self) -> bytes:
        """The root of the whole tree: rule 2, from the right edge upwards."""
        found = None
        for height in range(self.size.bit_length()):
            if self.size >> height & 1:
                left = self._roots[height]
                found = left if found is None else node_hash(left, found)
        return EMPTY_ROOT if found is None else found


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 §2.1.3.2: the leaf hash stands at `index` in the tree of `size` leaves with this root."""
    if not 0 <= index < size:  # 3
        raise Disproved(f"entry {index} is not in a log of {size} entries", next_step=_SHOW)
    _check_lengths([leaf, *proof])
    first, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise Disproved("the inclusion proof is too long", next_step=_SHOW)
        if first & 1 or first == last:
            found = node_hash(step, found)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        first >>= 1
        last >>= 1
    if last or found != root:
        raise Disproved(f"the inclusion proof of entry {index} does not lead to the root", next_step=_SHOW)


def verify_consistency(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162 §2.1.4.2: the tree of `size` leaves begins with the tree of `old_size` leaves."""
    if old_size < 1:  # 4
        raise Disproved("a proof from size 0 says nothing", next_step="Follow the log from its first head")
    verify_subtree_consistency(
        start=0, end=old_size, subtree_root=old_root, size=size, root=root, proof=proof
    )


def verify_subtree_consistency(
    *, start: int, end: int, subtree_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """The entries [start, end) of the tree have this root of their own (Merkle Tree Certificates, §4.4.3).

    With start 0 this is the consistency of two trees. The empty subtree has the empty root, in any tree.
    """
    if not 0 <= start <= end <= size or start % _span(end - start):
        raise Disproved(f"[{start}, {end}) is not a subtree of {size} entries", next_step=_SHOW)
    if start == end:
        found, sub_found, rest = root, EMPTY_ROOT, len(proof)
    else:
        _check_lengths(proof)
        sub_found, found, rest = _lift(start, end - 1, size - 1, subtree_root, proof)
    if rest or sub_found != subtree_root or found != root:
        raise Disproved(
            f"the consistency proof from {end} to {size} entries does not lead to both roots", next_step=_SHOW
        )


def _lift(
    first: int, last: int, top: int, subtree_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes, int]:
    """Steps 3 to 5 of the algorithm: the two roots that the proof gives, and the height not reached."""
    while first != last and (last == top or last & 1):
        first, last, top = first >> 1, last >> 1, top >> 1
    if first == last:
        found = subtree_root
    elif proof:
        found, proof = proof[0], proof[1:]
    else:
        raise Disproved("the consistency proof is too short", next_step=_SHOW)
    sub_found = found
    for step in proof:
        if top == 0:
            raise Disproved("the consistency proof is too long", next_step=_SHOW)
        if last & 1 or last == top:
            sub_found = node_hash(step, sub_found) if first < last else sub_found
            found = node_hash(step, found)
            while not last & 1 and last:
                first, last, top = first >> 1, last >> 1, top >> 1
        else:
            found = node_hash(found, step)
        first, last, top = first >> 1, last >> 1, top >> 1
    return sub_found, found, top


def _span(count: int) -> int:
    """The smallest power of two that is at least `count`."""
    return 1 << max(count - 1, 0).bit_length()


def _check_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise Disproved("a hash of the proof is not 32 bytes", next_step=_SHOW)
