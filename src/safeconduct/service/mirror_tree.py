"""The files of a log that somebody serves, each proved before it is kept: the signed root downwards.

Rules, in the order of the code:
 1. The tiles of the right edge lead to the signed root together.
 2. Every other hash tile, from the highest level down, has the root that a proved tile above has for it.
 3. The tree has the root of the head that is kept, at its size: the log only grew. Else nothing more is fetched.
 4. A bundle has exactly the entries whose hashes its proved tile of level 0 has.
What was proved is staged at once; what an interrupted run staged is proved again, and fetched again where it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.tlog.proofs import root_at
from safeconduct.core.tlog.tiles import WIDTH, Tile, new_tiles, split_bundle, split_hashes, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES, leaf_hash, root_of_full
from safeconduct.service.mirror_ports import Shelf, Source
from safeconduct.verify.ports import Reporter

_KEEP = "Nothing was taken over; repeat later, and if it stays so, compare with another party's archive"


@dataclass(slots=True)
class ServedTree:
    """A log of `size` entries under a signed root, where `old` entries are kept already."""

    source: Source
    shelf: Shelf
    old: int
    size: int
    root: bytes
    reporter: Reporter
    fetched: int = 0
    _edge: dict[str, bytes] = field(default_factory=dict)

    def prove_hashes(self) -> None:
        """Rules 1 and 2."""
        tiles = [tile for tile in new_tiles(self.old, self.size) if tile.level is not None]
        for tile in tiles:
            if tile.width < WIDTH:
                # Never one that was staged: alone it cannot be proved, and a wrong one would stand there for ever.
                self._edge[tile.path] = data = self._fetch(tile)
                split_hashes(data, tile.width, tile.path)
        if root_at(self.read, self.size) != self.root:
            raise Disproved(
                "the tiles that are served do not lead to the signed root",
                where="checkpoint",
                next_step=_KEEP,
                rule="log.altered",
            )
        for path, data in self._edge.items():
            self.shelf.stage(path, data)
        full = [tile for tile in tiles if tile.width == WIDTH]
        for done, tile in enumerate(sorted(full, key=lambda tile: -(tile.level or 0)), 1):
            self._bring(tile, self._below)
            self.reporter.step("tiles", done, len(full))

    def goes_on_from(self, size: int, root: bytes) -> bool:
        """Rule 3."""
        return root_at(self.read, size) == root

    def bundles(self) -> Iterator[Tile]:
        """Rule 4: each new bundle, once it is staged."""
        tiles = [tile for tile in new_tiles(self.old, self.size) if tile.level is None]
        for done, tile in enumerate(tiles, 1):
            self._bring(tile, self._entries)
            yield tile
            self.reporter.step("bundles", done, len(tiles))

    def read(self, tile: Tile) -> bytes:
        """A tile as the log had it at this size or a smaller one: the beginning of what is staged or kept."""
        path = tile_at(tile.level, tile.index, self.size).path
        data = self._edge.get(path) or self.shelf.staged(path) or self.shelf.read(path)
        if data is None:
            raise Unavailable("this file is missing in the archive here", where=path, next_step=_AUDIT)
        return data[: tile.width * HASH_BYTES]

    def _bring(self, tile: Tile, check: Callable[[Tile, bytes], None]) -> None:
        """Stages a tile that passes the check: as an earlier run did, else as it is served."""
        staged = self.shelf.staged(tile.path)
        if staged is not None:
            with suppress(Malformed, Disproved):  # half of it survived, or it is of a tree that was refused
                check(tile, staged)
                return
        data = self._fetch(tile)
        check(tile, data)
        self.shelf.stage(tile.path, data)

    def _fetch(self, tile: Tile) -> bytes:
        data = self.source.read(tile.path)
        if data is None:
            step = "Repeat later: what came so far is kept, and proved again"
            raise Unavailable("this file is not served", where=tile.path, next_step=step)
        self.fetched += 1
        return data

    def _below(self, tile: Tile, data: bytes) -> None:
        """Rule 2."""
        split_hashes(data, tile.width, tile.path)
        above = self.read(tile_at((tile.level or 0) + 1, tile.index // WIDTH, self.size))
        at = tile.index % WIDTH * HASH_BYTES
        if root_of_full(data) != above[at : at + HASH_BYTES]:
            raise _altered(tile, "its root is not the hash that the tile above has for it")

    def _entries(self, tile: Tile, data: bytes) -> None:
        """Rule 4."""
        entries = split_bundle(data, tile.width, tile.path)
        if b"".join(map(leaf_hash, entries)) != self.read(Tile(0, tile.index, tile.width)):
            raise _altered(tile, "its entries are not those that the signed tree has there")


_AUDIT = "Audit it; a mirror goes on only from a whole archive"


def _altered(tile: Tile, what: str) -> Disproved:
    return Disproved(what, where=tile.path, next_step=_KEEP, rule="log.altered")
