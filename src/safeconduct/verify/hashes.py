"""Roots of earlier sizes of a log whose tiles are proved."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from safeconduct.core.tlog.proofs import root_at
from safeconduct.core.tlog.tiles import WIDTH, Tile, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.ports import ArchiveBytes

_KEPT = 64


@dataclass(slots=True)
class Roots:
    """The root of the first n entries, for any n that the log has had."""

    archive: ArchiveBytes
    size: int
    _roots: dict[int, bytes] = field(default_factory=dict)
    _tiles: OrderedDict[Tile, bytes] = field(default_factory=OrderedDict)

    def at(self, size: int) -> bytes:
        """The root at `size`, which is at most the log's own."""
        root = self._roots.get(size)
        if root is None:
            root = self._roots[size] = root_at(self.read, size)
        return root

    def read(self, tile: Tile) -> bytes:
        """A tile as a smaller log had it: the beginning of the one that is here."""
        level = tile.level or 0
        full = tile_at(level, tile.index, self.size)
        data = self._tiles.get(full)
        if data is None:
            data = self._tiles[full] = self.archive.read(full.path)
            if len(self._tiles) > _KEPT:
                self._tiles.popitem(last=False)
        return data[: tile.width * HASH_BYTES] if tile.width < WIDTH else data
