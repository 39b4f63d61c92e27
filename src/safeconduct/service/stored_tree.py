"""The tree of a log whose full tiles its store keeps: in memory is its right edge, at most 255 hashes a level.

Rules:
 1. A tree never changes: `grown` and `kept` give another one. Who holds one reads from it without a lock.
 2. A tile that the store gives is hashed, and must be the hash that the tile above has for it, up to the edge. One
    that is missing, or another, is derived from the entries, and must be that hash too.
 3. `resumed` believes what the store says of the edge. Whoever resumes compares the root with a signed one.
 4. Full tiles that the store has not kept yet are here until it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.proofs import Prover
from safeconduct.core.tlog.tiles import WIDTH, Tile
from safeconduct.core.tlog.tree import HASH_BYTES, Frontier, leaf_hash, root_of_full
from safeconduct.service.ports import FullTile, Store

_FULL = WIDTH * HASH_BYTES
_MOST_READ = 1024


class StoredTree:
    """One size of a log's tree, which answers for any of its tiles."""

    def __init__(
        self,
        store: Store,
        edge: tuple[bytes, ...] = (b"",),
        fresh: Mapping[tuple[int, int], FullTile] | None = None,
    ) -> None:
        """`edge`: the hashes of each level that fill no tile yet. `fresh`: what the store has not kept yet."""
        self._store, self._edge, self._fresh = store, edge, dict(fresh or {})
        self._read: dict[tuple[int, int], bytes] = {}
        self.size = sum(len(row) // HASH_BYTES << 8 * level for level, row in enumerate(edge))
        """How many leaves."""
        self.prover = Prover(self.read)
        """Makes proofs from it, and keeps what it computed."""

    @classmethod
    def resumed(cls, store: Store, size: int) -> Self:
        """Rule 3: the tree of the store's first `size` entries, by the tiles that it kept and the entries since."""
        full = min(store.kept_tiles(), size // WIDTH)
        edge = [b""]
        while count := full >> 8 * (len(edge) - 1):
            edge.append(b"".join(store.tile_roots(len(edge) - 1, count // WIDTH * WIDTH, count)))
        return cls(store, tuple(edge)).grown(map(leaf_hash, store.entries(full * WIDTH, size)))

    def grown(self, leaf_hashes: Iterable[bytes]) -> Self:
        """The tree with these leaves after its own."""
        edge, fresh = list(self._edge), dict(self._fresh)
        level, added = 0, b"".join(leaf_hashes)
        while added:
            edge += [b""] * (level + 1 - len(edge))
            row, first, above = edge[level] + added, self.size >> 8 * (level + 1), b""
            end = len(row) - len(row) % _FULL
            for number, start in enumerate(range(0, end, _FULL), first):
                hashes = row[start : start + _FULL]
                fresh[level, number] = FullTile(level, number, hashes, root_of_full(hashes))
                above += fresh[level, number].root
            edge[level] = row[end:]
            level, added = level + 1, above
        return type(self)(self._store, tuple(edge), fresh)

    def kept(self) -> Self:
        """The same tree, once the store has kept every full tile."""
        if not self._fresh:
            return self
        self._store.keep_tiles(list(self._fresh.values()))
        return type(self)(self._store, self._edge)

    def root(self) -> bytes:
        """Its root."""
        return self.prover.subtree(0, self.size, self.size) if self.size else Frontier().root()

    def frontier(self) -> Frontier:
        """The roots of its full subtrees."""
        roots: dict[int, bytes] = {}
        for level, row in enumerate(self._edge):
            end = len(row)
            for bit in range(8):
                width = HASH_BYTES << bit
                if end & width:
                    roots[8 * level + bit] = root_of_full(row[end - width : end])
                    end -= width
        return Frontier.of(roots)

    def read(self, tile: Tile) -> bytes:
        """The content of a hash tile; nothing where the tree has none there."""
        level = tile.level or 0
        return self._row(level, tile.index)[: tile.width * HASH_BYTES]

    def _row(self, level: int, number: int) -> bytes:
        """The hashes of a tile, as many as there are."""
        full = self.size >> 8 * (level + 1)
        if number == full:
            return self._edge[level] if level < len(self._edge) else b""
        return self._full(level, number) if number < full else b""

    def _full(self, level: int, number: int) -> bytes:
        """Rule 2."""
        fresh = self._fresh.get((level, number))
        found = self._read.get((level, number)) if fresh is None else fresh.hashes
        if found is None:
            above, at = divmod(number, WIDTH)
            root = self._row(level + 1, above)[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            found = self._store.tile(level, number) or b""
            if len(found) != _FULL or root_of_full(found) != root:
                found = self._derived(level, number)
            if root_of_full(found) != root:
                raise Disproved(
                    "the stored entries are not those that the newest head signs",
                    where=Tile(level, number).path,
                    next_step="Append nothing; bring back a copy that a party's archive agrees with",
                    rule="log.altered",
                )
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            self._read[level, number] = found
        return found

    def _derived(self, level: int, number: int) -> bytes:
        if level == 0:
            return b"".join(map(leaf_hash, self._store.entries(number * WIDTH, (number + 1) * WIDTH)))
        below = range(number * WIDTH, (number + 1) * WIDTH)
        return b"".join(root_of_full(self._derived(level - 1, each)) for each in below)
