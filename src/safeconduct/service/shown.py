"""An archive at one head, read out of a place where a larger one is published.

Rules, in the order of the code:
 1. `checkpoint` is the head; `policy` is the corridor's.
 2. A tile or bundle is shown if a log of the head's size has every hash or entry of it; nothing beyond the head
    is, under no name. Partial tiles that went away come out of the fuller one (C2SP tlog-tiles, *Partial Tiles*).
 3. There is nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tiles import WIDTH, Tile, pack_bundle, split_bundle, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.files import CHECKPOINT, POLICY

ReadFile = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader may read: everything up to one head."""

    read_file: ReadFile
    """From where it is published."""
    note: bytes
    size: int
    published: int
    """Entries of the head that is published there, this one or a larger."""

    def read(self, path: str) -> bytes | None:
        """A file of the archive; None where it has none of that name."""
        if path == CHECKPOINT:  # 1
            return self.note
        if path == POLICY:
            return self.read_file(POLICY)
        try:
            tile = Tile.parse(path)
        except Malformed:
            return None  # 3
        if tile.index * WIDTH + tile.width > self.size >> 8 * (tile.level or 0):  # 2
            return None
        for fuller in self._holding(tile):
            data = self.read_file(fuller.path)
            if data is not None:
                return data if fuller == tile else _cut(data, fuller, tile.width)
        return None

    def _holding(self, tile: Tile) -> Iterator[Tile]:
        """The tiles that hold this one. The full one last: a partial goes away only once that is there."""
        yield tile
        yield tile_at(tile.level, tile.index, self.published)
        yield Tile(tile.level, tile.index)


def size_of(note: bytes) -> int:
    """How many entries a head has."""
    return Checkpoint.parse(Note.parse(note, where=CHECKPOINT).text, where=CHECKPOINT).size


def _cut(data: bytes, fuller: Tile, width: int) -> bytes:
    if fuller.level is not None:
        return data[: width * HASH_BYTES]
    return pack_bundle(split_bundle(data, fuller.width, fuller.path)[:width])
