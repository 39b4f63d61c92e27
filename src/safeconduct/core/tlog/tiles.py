"""Tiles: how a log lies in files (C2SP tlog-tiles). Paths, widths, entry bundles, hash tiles.

Rules:
 1. `tile/<L>/<N>[.p/<W>]`: level L 0 to 63, partial width W 1 to 255, no leading zeros; N in groups of three
    digits, all but the last with an x: 1234067 is `x001/x234/067`. Entry bundles: `tile/entries/<N>[.p/<W>]`.
 2. A full tile is 256 hashes. Level 0 holds leaf hashes; each hash above is the root of a full tile below.
 3. A log of s entries has at level L floor(s / 256^L) hashes; the last tile is partial, or absent where that
    divides by 256. Bundles have the widths of level 0.
 4. A bundle: for each entry its length in two bytes, big-endian, then its bytes. Nothing over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.tree import HASH_BYTES, root_of_full

WIDTH = 256
MAX_ENTRY_BYTES = 65_535
MAX_LEVEL = 63

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the log: hashes at a level, or (level None) the entries themselves."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Rule 1, written."""
        level = "entries" if self.level is None else self.level
        groups = f"{self.index % 1000:03}"
        above = self.index // 1000
        while above:
            groups = f"x{above % 1000:03}/{groups}"
            above //= 1000
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{groups}{partial}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Rule 1, read; printed back, it gives the same path."""
        found = _PATH.fullmatch(path) if len(path) <= 100 else None
        if found is not None:
            level = None if found["level"] == "entries" else int(found["level"])
            index = int(found["index"].replace("/", "").replace("x", ""))
            tile = cls(level, index, int(found["width"] or WIDTH))
            if (level or 0) <= MAX_LEVEL and tile.path == path:
                return tile
        raise Malformed(
            f"{path[:100]!r} is not the path of a tile", next_step="See C2SP tlog-tiles: tile/0/x001/x234/067"
        )


def tile_at(level: int | None, index: int, size: int) -> Tile:
    """The tile with this number in a log of `size` entries: rule 3; Malformed where there is none."""
    width = min(WIDTH, (size >> 8 * (level or 0)) - index * WIDTH)
    if width < 1:
        raise Malformed(f"a log of {size} entries has no tile {index} at level {level}")
    return Tile(level, index, width)


def tiles_of(size: int) -> Iterator[Tile]:
    """Rule 3: every bundle and hash tile that a log of exactly this size consists of."""
    return new_tiles(0, size)


def new_tiles(old: int, size: int) -> Iterator[Tile]:
    """Rule 3: those that a log of `size` entries has and one of `old` entries has not."""
    yield from _row(None, old, size)
    level = 0
    while size >> 8 * level:
        yield from _row(level, old >> 8 * level, size >> 8 * level)
        level += 1


def _row(level: int | None, before: int, now: int) -> Iterator[Tile]:
    """The tiles of one level that holds `now` hashes, and held `before`; nothing where it has not grown."""
    if before < now:
        for index in range(before // WIDTH, -(-now // WIDTH)):
            yield Tile(level, index, min(WIDTH, now - index * WIDTH))


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """Rule 4, written: 1 to 256 entries."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise Malformed("these entries do not fit in a bundle", next_step="Keep entries below 64 KiB")
    return b"".join([part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry)])


def split_bundle(data: bytes, width: int, where: str = "") -> list[bytes]:
    """Rule 4, read: exactly `width` entries."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at + 2 <= end and len(entries) < width:
        stop = at + 2 + (data[at] << 8 | data[at + 1])
        entries.append(data[at + 2 : stop])
        at = stop
    if at != end or len(entries) != width:
        raise Malformed(
            f"this bundle does not hold exactly {width} entries",
            where=where,
            next_step="Fetch it again; if it stays so, the log was altered",
        )
    return entries


def split_hashes(data: bytes, width: int, where: str = "") -> list[bytes]:
    """The hashes of a tile: exactly `width` of them."""
    if len(data) != width * HASH_BYTES:
        raise Malformed(
            f"this tile is {len(data)} bytes, not {width} hashes",
            where=where,
            next_step="Fetch it again; if it stays so, the log was altered",
        )
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def hash_tiles(leaf_hashes: Iterable[bytes], *, level: int = 0) -> Iterator[tuple[Tile, bytes]]:
    """Rule 2: every hash tile over these leaf hashes, level by level; keeps one hash for 256."""
    above: list[bytes] = []
    hashes, index = iter(leaf_hashes), 0
    while row := b"".join(islice(hashes, WIDTH)):
        width = len(row) // HASH_BYTES
        yield Tile(level, index, width), row
        if width == WIDTH:
            above.append(root_of_full(row))
        index += 1
    if above:
        yield from hash_tiles(above, level=level + 1)
