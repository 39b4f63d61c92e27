"""Every hash that a tile of the log holds, level by level: 32 bytes an entry, and a little above."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from safeconduct.core.tlog.tiles import WIDTH, Tile
from safeconduct.core.tlog.tree import HASH_BYTES, root_of_full

_FULL = WIDTH * HASH_BYTES


class Hashes(Protocol):
    """A tree that answers for any of its tiles."""

    @property
    def size(self) -> int:
        """How many leaves."""
        ...

    def read(self, tile: Tile, /) -> bytes:
        """The content of a hash tile."""
        ...


class TreeHashes:
    """A tree that grows, and answers for any of its tiles."""

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Adds leaves."""
        self._levels[0] += b"".join(leaf_hashes)
        for level, row in enumerate(self._levels):  # grows while it is walked
            if len(row) >= _FULL and level + 1 == len(self._levels):
                self._levels.append(bytearray())
            above = self._levels[level + 1] if level + 1 < len(self._levels) else bytearray()
            for start in range(len(above) * WIDTH, len(row) - _FULL + 1, _FULL):
                above += root_of_full(bytes(row[start : start + _FULL]))

    def cut(self, size: int) -> None:
        """Back to `size` leaves."""
        for level, row in enumerate(self._levels):
            del row[(size >> 8 * level) * HASH_BYTES :]

    def read(self, tile: Tile) -> bytes:
        """The content of a hash tile."""
        row = self._levels[tile.level or 0]
        return bytes(row[tile.index * _FULL : tile.index * _FULL + tile.width * HASH_BYTES])
