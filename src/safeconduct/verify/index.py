"""What the auditor keeps of every record: a few numbers each, in flat columns, so that a million records fit.

Whole leaves stay in the tiles: a column holds the first eight bytes, and what matches is compared with the
tile.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from safeconduct.core.tlog.tiles import WIDTH, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.verify.slots import Slots, words

_KEPT_TILES = 512


class Leaves:
    """The leaf hashes of the log, by record and by leaf."""

    def __init__(self, archive: ArchiveBytes, size: int) -> None:
        """Of a log of `size` entries, none of them known yet."""
        self._archive, self._size = archive, size
        self._starts = words(size, "Q", 0)
        self._slots = Slots(self._starts, size)
        self._tiles: OrderedDict[int, bytes] = OrderedDict()

    def add(self, index: int, leaf: bytes) -> int | None:
        """One more, in the order of the log; the earlier record of the same bytes, if there is one."""
        self._starts[index] = int.from_bytes(leaf[:8], "big")
        earlier = self.find(leaf) if self._slots.add(index) else None
        return None if earlier == index else earlier

    def of(self, index: int) -> bytes:
        """The leaf of a record."""
        at = index % WIDTH * HASH_BYTES
        return self._tile(index // WIDTH)[at : at + HASH_BYTES]

    def find(self, leaf: bytes) -> int | None:
        """The first record with this leaf."""
        for index in self._slots.having(int.from_bytes(leaf[:8], "big")):
            if self.of(index) == leaf:
                return index
        return None

    def _tile(self, number: int) -> bytes:
        tile = self._tiles.get(number)
        if tile is None:
            tile = self._tiles[number] = self._archive.read(tile_at(0, number, self._size).path)
            if len(self._tiles) > _KEPT_TILES:
                self._tiles.popitem(last=False)
        return tile


@dataclass(slots=True)
class Columns:
    """One number for each record of the log."""

    times: array[int] = field(default_factory=lambda: array("q"))
    """Device times; occurrences, once they are known (`times`)."""
    signers: array[int] = field(default_factory=lambda: array("I"))
    """Place in the table of keys and issuers, or NONE."""
    kinds: bytearray = field(default_factory=bytearray)
    versions: bytearray = field(default_factory=bytearray)
    passages: array[int] = field(default_factory=lambda: array("I"))
    """The first four bytes of the passage's identifier; 0: none."""
    jtis: array[int] = field(default_factory=lambda: array("Q"))
    """Eight random bytes of the identifier."""
    seens: array[int] = field(default_factory=lambda: array("I"))
    """Place in the table of heads seen, from 1; 0: none."""
    flags: bytearray = field(default_factory=bytearray)
    before: array[int] = field(default_factory=lambda: array("I"))
    """The record with the number before it, under the same key, or NONE."""
    sources: array[int] = field(default_factory=lambda: array("I"))
    targets: array[int] = field(default_factory=lambda: array("I"))
    """Which record names which."""

    def edges(self) -> Iterator[tuple[int, int]]:
        """Each record that names another one, and that one."""
        return zip(self.sources, self.targets, strict=True)
