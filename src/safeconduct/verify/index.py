"""What the auditor keeps of every record: a few numbers each, in flat columns: a million records fit.

Whole leaves stay in the tiles: a column holds the first four bytes, and what matches is compared with the
tile. Whoever makes many records with the same four bytes makes the audit slower, and nothing else.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator

from safeconduct.core.tlog.tiles import WIDTH, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.verify.slots import NONE, Slots, words

_KEPT_TILES = 64


class Leaves:
    """The leaf hashes of the log, by record and by leaf."""

    def __init__(self, archive: ArchiveBytes, size: int) -> None:
        """Of a log of `size` entries, none of them known yet."""
        self._archive, self._size = archive, size
        self._starts = words(size, fill=0)
        self._slots = Slots(self._starts, size)
        self._tiles: OrderedDict[int, bytes] = OrderedDict()

    def add(self, index: int, leaf: bytes) -> int | None:
        """One more, in the order of the log; the earlier record of the same bytes, if there is one."""
        self._starts[index] = int.from_bytes(leaf[:4], "big")
        earlier = self.find(leaf) if self._slots.add(index) else None
        return None if earlier == index else earlier

    def of(self, index: int) -> bytes:
        """The leaf of a record."""
        at = index % WIDTH * HASH_BYTES
        return self._tile(index // WIDTH)[at : at + HASH_BYTES]

    def find(self, leaf: bytes) -> int | None:
        """The first record with this leaf."""
        for index in self._slots.having(int.from_bytes(leaf[:4], "big")):
            if self.of(index) == leaf:
                return index
        return None

    def forget(self) -> None:
        """Frees what `add` and `find` need: nobody asks for them any more."""
        del self._starts, self._slots

    def _tile(self, number: int) -> bytes:
        tile = self._tiles.get(number)
        if tile is None:
            tile = self._tiles[number] = self._archive.read(tile_at(0, number, self._size).path)
            if len(self._tiles) > _KEPT_TILES:
                self._tiles.popitem(last=False)
        return tile


class Columns:
    """One number for each record of the log. Made whole at once: what grows leaves holes behind."""

    def __init__(self, size: int) -> None:
        """Of a log of `size` entries."""
        self.times = words(size, "q", 0)
        """Device times; occurrences, once they are known (`occurrence`)."""
        self.signers = words(size, "H", 0)
        """Place in the table of keys and issuers; 0: nobody's."""
        self.kinds = bytearray(size)
        self.versions = words(size, "H", 0)
        self.passages = words(size, fill=0)
        """The first four bytes of the passage's identifier, 1 for 0; 0: none."""
        self.jtis = words(size, fill=0)
        """Four random bytes of the identifier, 1 for 0; 0: no record."""
        self.seens = words(size, "H", 0)
        """Place in the table of heads seen; 0: none."""
        self.flags = bytearray(size)
        self.before = words(size)
        """The record with the number before it, under the same key, or NONE."""
        self.named = words(size)
        """The first record that it names, or NONE."""
        self.naming, self.also_named = array("I"), array("I")
        """Records that name several, once for each further one, and that one."""
        self.claiming, self.claimed = array("I"), array("q")
        """Records that claim their occurrence, and that time."""

    def name(self, index: int, target: int) -> None:
        """A record names another one."""
        if self.named[index] == NONE:
            self.named[index] = target
        else:
            self.naming.append(index)
            self.also_named.append(target)

    def namings(self) -> Iterator[tuple[int, int]]:
        """Each record that names another one, and that one."""
        yield from ((index, target) for index, target in enumerate(self.named) if target != NONE)
        yield from zip(self.naming, self.also_named, strict=True)

    def forget_links(self) -> None:
        """Frees what only the merge needs: all but when a record occurred and what it may be."""
        for column in (self.signers, self.versions, self.passages, self.jtis, self.before, self.named):
            del column[:]
        for column in (self.naming, self.also_named, self.claiming, self.claimed):
            del column[:]

    def forget_rows(self) -> None:
        """Frees what no passage needs any more: all but the flags."""
        del self.times[:], self.seens[:], self.kinds[:]


def with_room(column: array[int], largest: int) -> array[int]:
    """The column, of wider numbers where `largest` needs them."""
    return array("I", column) if column.typecode == "H" and largest > 0xFFFF else column
