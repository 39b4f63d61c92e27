"""Do the files of the log make up the tree whose root is signed? If not: which file does not belong to it.

Entries are hashed where their bundle is read (`segments`); of each full bundle two hashes come here, the root
over its entries and the root over its level-0 tile.

Rules, in the order of the code:
 1. The entries lead to the signed root: they are the log. Every hash tile is derived from them and compared.
 2. They do not: hash tiles are trusted from the signed root downwards. The tiles of the right edge lead to
    the
    root together; below, a full tile is right if its root is the hash that a right tile above has for it.
 3. A bundle is right if its entries have the hashes of a right tile.
 4. Where nothing leads to the signed root, the head is not of these files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from safeconduct.core.kernel.errors import Fault
from safeconduct.core.tlog.tiles import WIDTH, Tile, hash_tiles, tile_at
from safeconduct.core.tlog.tree import root, root_of_full
from safeconduct.verify.files import CHECKPOINT

_KEEP = "Keep both copies, and compare with another party's archive"


@dataclass(frozen=True, slots=True)
class Apart:
    """A bundle whose entries do not have the hashes of its tile: where first, and what it looks like."""

    index: int
    rule: str


@dataclass(slots=True)
class Leaves:
    """What hashing the entries gave, bundle by bundle, beside what the level-0 tiles say."""

    by_entries: list[bytes] = field(default_factory=list)
    by_tiles: list[bytes] = field(default_factory=list)
    last_by_entries: Sequence[bytes] = ()
    """Leaf hashes of the partial bundle at the end."""
    last_by_tile: Sequence[bytes] = ()
    apart: dict[int, Apart] = field(default_factory=dict)
    """By bundle number."""


Levels = Sequence[Sequence[bytes]]
"""The stored hashes of level 1, level 2 and so on, each in order of index."""


def upper_tiles(size: int) -> Iterator[tuple[Tile, ...]]:
    """The hash tiles of level 1, level 2 and so on, of a log of `size` entries."""
    level = 1
    while count := size >> 8 * level:
        yield tuple(tile_at(level, index, size) for index in range(-(-count // WIDTH)))
        level += 1


def how_apart(first: int, by_entries: Sequence[bytes], by_tile: Sequence[bytes]) -> Apart | None:
    """The first difference between a bundle, whose first entry has index `first`, and its tile."""
    if by_entries == by_tile:
        return None
    pairs = zip(by_entries, by_tile, strict=True)
    at = next(place for place, (one, other) in enumerate(pairs) if one != other)
    if sorted(by_entries) == sorted(by_tile):
        return Apart(first + at, "log.reordered")
    shifted = by_tile[at + 1 :]
    dropped = bool(shifted) and by_entries[at:-1] == shifted
    return Apart(first + at, "log.dropped" if dropped else "log.altered")


def check_tree(leaves: Leaves, levels: Levels, *, size: int, signed_root: bytes) -> tuple[Fault, ...]:
    """Every file that is not of the signed tree; empty: all of them are."""
    if _root(leaves.by_entries, leaves.last_by_entries) == signed_root:  # 1
        return (*_wrong_level_0(leaves, size), *_wrong_upper(leaves, levels))
    if _edge_root(leaves, levels) == signed_root:  # 2
        return tuple(_from_above(leaves, levels, size))
    apart = (_bundle_fault(leaves, tile_at(None, number, size)) for number in sorted(leaves.apart))
    return (_WRONG_HEAD, *apart)  # 4


def _root(full: Sequence[bytes], last: Sequence[bytes]) -> bytes:
    """The root over full subtrees of one size, and a smaller one at the end."""
    return root([*full, root(last)] if last else full)


def _edge_root(leaves: Leaves, levels: Levels) -> bytes:
    """The root by what is stored in no full tile, from the lowest level up."""
    found = root(leaves.last_by_tile) if leaves.last_by_tile else None
    for level in levels:
        edge = level[len(level) // WIDTH * WIDTH :]
        if edge:
            found = _root(edge, () if found is None else (found,))
    return root(()) if found is None else found


def _wrong_level_0(leaves: Leaves, size: int) -> Iterator[Fault]:
    for number, how in sorted(leaves.apart.items()):
        what = (
            f"its hash of entry {how.index} is not that of the entry, and the entries lead to the signed root"
        )
        yield _altered(tile_at(0, number, size), what)


def _wrong_upper(leaves: Leaves, levels: Levels) -> Iterator[Fault]:
    for tile, derived in hash_tiles(leaves.by_entries, level=1):
        if b"".join(_row(levels, tile)) != derived:
            yield _altered(tile, "its hashes are not those of the tiles below, which lead to the signed root")


def _from_above(leaves: Leaves, levels: Levels, size: int) -> Iterator[Fault]:
    """Rules 2 and 3. What lies below a wrong tile is neither right nor wrong."""
    unknown: set[tuple[int, int]] = set()
    for level in range(len(levels) - 1, -1, -1):
        for index in range((size >> 8 * level) // WIDTH):
            ours = leaves.by_tiles[index] if level == 0 else _full_root(levels, Tile(level, index))
            if (level + 1, index // WIDTH) in unknown:
                unknown.add((level, index))
            elif ours != levels[level][index]:
                unknown.add((level, index))
                yield _altered(Tile(level, index), "its root is not the hash that the tile above has for it")
    for number, ours in enumerate(leaves.by_entries):
        if (1, number // WIDTH) not in unknown and ours != levels[0][number]:
            yield _bundle_fault(leaves, tile_at(None, number, size))
    last = len(leaves.by_entries)
    if last in leaves.apart:
        yield _bundle_fault(leaves, tile_at(None, last, size))


def _row(levels: Levels, tile: Tile) -> Sequence[bytes]:
    return levels[(tile.level or 0) - 1][tile.index * WIDTH : tile.index * WIDTH + tile.width]


def _full_root(levels: Levels, tile: Tile) -> bytes:
    return root_of_full(b"".join(_row(levels, tile)))


def _altered(tile: Tile, what: str) -> Fault:
    return Fault(what, tile.path, _KEEP, "log.altered")


def _bundle_fault(leaves: Leaves, bundle: Tile) -> Fault:
    """A bundle that is not of the signed tree; its tile may be wrong with it, and not say where."""
    how = leaves.apart.get(bundle.index)
    if how is None:
        return _altered(bundle, "its entries are not those of the signed tree, nor is its tile of level 0")
    return Fault(_SAID[how.rule].format(how.index), bundle.path, _KEEP, how.rule)


_SAID = {
    "log.altered": "entry {0} is not the one that the signed tree has there",
    "log.dropped": "entry {0} of the signed tree is left out, and those after it moved up",
    "log.reordered": "from entry {0} on the entries stand in another order than in the signed tree",
}
_WRONG_HEAD = Fault("its root is not that of the entries and tiles here", CHECKPOINT, _KEEP, "log.altered")
