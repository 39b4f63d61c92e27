"""Making proofs from tiles (RFC 9162 §2.1.3.1, §2.1.4.1). What is made here is verified in `tree`.

A proof is the neighbours of one node, from its height upwards. For inclusion that is a leaf; for
consistency it is the last full subtree of the old log, and goes first unless it is that whole log. So a proof
reads one tile per level on its path, and one per lower level on the log's right edge: at most five below 2^24
entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.tiles import WIDTH, Tile
from safeconduct.core.tlog.tree import EMPTY_ROOT, HASH_BYTES, node_hash, row_above

MAX_KEPT = 1024

_NEIGHBOURS = tuple(
    tuple(slice(((at >> row) ^ 1) * HASH_BYTES, (((at >> row) ^ 1) + 1) * HASH_BYTES) for row in range(8))
    for at in range(WIDTH)
)
"""For each hash of a full tile, where its neighbours lie in the eight rows over the tile."""


class ReadHashes(Protocol):
    """Where tiles come from."""

    def __call__(self, tile: Tile, /) -> bytes:
        """The hashes of a tile that the log has: exactly `tile.width` of them."""
        ...


def inclusion_proof(read: ReadHashes, *, index: int, size: int) -> list[bytes]:
    """The hashes that lead from the leaf at `index` to the root at `size`."""
    return Prover(read).inclusion(index=index, size=size)


def consistency_proof(read: ReadHashes, *, old: int, new: int) -> list[bytes]:
    """The hashes that show the log of `old` entries at the beginning of the log of `new` entries."""
    return Prover(read).consistency(old=old, new=new)


def root_at(read: ReadHashes, size: int) -> bytes:
    """The root of the first `size` entries."""
    return Prover(read).subtree(0, size, size) if size else EMPTY_ROOT


class Prover:
    """Many proofs of one log. It keeps what it computed over a tile: let it go when tiles were taken back."""

    def __init__(self, read: ReadHashes) -> None:
        self._read = read
        self._rows: dict[tuple[int, int, int], list[bytes]] = {}  # by level, number and width
        self._edges: dict[tuple[int, int], bytes] = {}

    def inclusion(self, *, index: int, size: int) -> list[bytes]:
        """See `inclusion_proof`."""
        if not 0 <= index < size:
            raise Malformed(f"there is no entry {index} in a log of {size} entries")
        return self._neighbours(index, 0, size)

    def consistency(self, *, old: int, new: int) -> list[bytes]:
        """See `consistency_proof`."""
        if not 0 <= old <= new:
            raise Malformed(f"a log of {new} entries never had {old}")
        if old in (0, new):
            return []
        height = (old & -old).bit_length() - 1
        start = old - (1 << height)
        first = [self._full(start, height, new)] if start else []
        return first + self._neighbours(start, height, new)

    def subtree(self, start: int, stop: int, size: int) -> bytes:
        """The root over the entries [start, stop), start aligned: full subtrees, joined from the right."""
        found = self._edges.get((start, stop), b"")
        if not found:
            end = stop
            for height in _bits(stop - start):
                end -= 1 << height
                left = self._full(end, height, size)
                found = node_hash(left, found) if found else left
            if len(self._edges) >= MAX_KEPT:
                self._edges.clear()
            self._edges[start, stop] = found
        return found

    def _neighbours(self, index: int, height: int, size: int) -> list[bytes]:
        """The neighbours of the node at this height over the entry at `index`, and of those above it."""
        found: list[bytes] = []
        level = height >> 3
        while (size - 1) >> 8 * level:
            number, at = divmod(index >> 8 * level, WIDTH)
            if (number + 1) << 8 * (level + 1) <= size:  # a full tile: all its neighbours are full, too
                rows = self._tile_rows(level, number, WIDTH)
                inside = [row[place] for row, place in zip(rows, _NEIGHBOURS[at], strict=True)]
                found += inside[height & 7 :] if height >> 3 == level else inside
            else:
                lowest = max(height, 8 * level)
                for each in range(lowest, 8 * (level + 1)):
                    start = (index >> each ^ 1) << each
                    if start + (1 << each) <= size:
                        found.append(self._full(start, each, size))
                    elif start < size:
                        found.append(self.subtree(start, size, size))
            level += 1
        return found

    def _full(self, start: int, height: int, size: int) -> bytes:
        """The root over 2^height entries: from the highest level that has them in one tile."""
        level, row = divmod(height, 8)
        number, first = divmod(start >> 8 * level, WIDTH)
        at = first >> row
        width = min(WIDTH, (size >> 8 * level) - number * WIDTH)
        return self._tile_rows(level, number, width)[row][at * HASH_BYTES : (at + 1) * HASH_BYTES]

    def _tile_rows(self, level: int, number: int, width: int) -> list[bytes]:
        """The hashes of a tile, and the seven rows of nodes over them that are full."""
        rows = self._rows.get((level, number, width))
        if rows is None:
            tile = Tile(level, number, width)
            row = self._read(tile)
            if len(row) != width * HASH_BYTES:
                raise Malformed(
                    f"this tile is {len(row)} bytes, not {width} hashes",
                    where=tile.path,
                    next_step="Fetch it again",
                )
            rows = [row]
            for _ in range(7):
                rows.append(row_above(rows[-1]))
            if len(self._rows) >= MAX_KEPT:
                self._rows.clear()
            self._rows[level, number, width] = rows
        return rows


def _bits(number: int) -> Iterator[int]:
    """The bits that are set, the lowest first."""
    return (bit for bit in range(number.bit_length()) if number >> bit & 1)
