"""A tree from kept tiles is the tree of the entries, and a kept tile is believed by its hash only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.tiles import Tile, tiles_of
from safeconduct.core.tlog.tree import Frontier, leaf_hash, root
from safeconduct.service.hashes import TreeHashes
from safeconduct.service.ports import FullTile, Row
from safeconduct.service.stored_tree import StoredTree

MOST = 256 * 256 + 700
ENTRIES = [b"%d" % n for n in range(MOST)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def store_of(entries: Iterable[bytes]) -> MemoryStore:
    store = MemoryStore()
    rows = [Row(entry, f"jti-{n}", "x") for n, entry in enumerate(entries)]
    store.append(0, rows, lambda _: b"note", 0)
    return store


STORE = store_of(ENTRIES)
EXPECTED = TreeHashes()
EXPECTED.extend(LEAVES)


class Counting(MemoryStore):
    """Says how many entries were read."""

    def __init__(self, inner: MemoryStore) -> None:
        super().__init__(**{name: getattr(inner, name) for name in inner.__slots__})
        self.read = 0

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        for entry in super().entries(start, stop):
            self.read += 1
            yield entry


def same(tree: StoredTree, size: int) -> bool:
    wanted = TreeHashes()
    wanted.extend(LEAVES[:size])
    hashes = [tile for tile in tiles_of(size) if tile.level is not None]
    return all(tree.read(tile) == wanted.read(tile) for tile in hashes)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 1_500), max_size=6), st.integers(0, 6))
def test_a_tree_that_grew_in_any_steps_and_kept_its_tiles_at_any_of_them_reads_as_that_of_the_entries(
    steps: list[int], keep_at: int
) -> None:
    store = store_of(ENTRIES[: sum(steps) or 1])
    tree, size = StoredTree(store), 0
    for number, step in enumerate(steps):
        tree = tree.grown(LEAVES[size : size + step])
        size += step
        tree = tree.kept() if number == keep_at else tree
    assert (tree.size, tree.root()) == (size, root(LEAVES[:size]))
    assert same(tree, size)
    resumed = StoredTree.resumed(store, size)
    assert (resumed.size, resumed.root()) == (size, tree.root())
    assert same(resumed, size)
    frontier, whole = resumed.frontier(), Frontier()
    whole.extend(LEAVES[:size])
    assert (frontier.size, frontier.root()) == (size, whole.root())


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, MOST])
def test_a_frontier_goes_on_from_the_edge(size: int) -> None:
    tree = StoredTree(STORE).grown(LEAVES[:size])
    frontier, whole = tree.frontier(), Frontier()
    whole.extend(LEAVES[:size])
    for one in (frontier, whole):
        one.extend(LEAVES[:300])
    assert frontier.root() == whole.root()


def test_two_levels_of_kept_tiles_are_resumed_by_reading_the_last_entries_alone() -> None:
    store = store_of(ENTRIES)
    StoredTree(store).grown(LEAVES).kept()
    counting = Counting(store)
    tree = StoredTree.resumed(counting, MOST)
    assert tree.root() == root(LEAVES)
    assert counting.read == MOST % 256
    for level, number in ((0, 0), (0, 255), (1, 0), (0, 256)):
        assert tree.read(Tile(level, number)) == EXPECTED.read(Tile(level, number))
    assert counting.read == MOST % 256


@pytest.mark.parametrize("level", [0, 1])
def test_a_kept_tile_with_a_flipped_bit_is_derived_from_the_entries_again(level: int) -> None:
    store = store_of(ENTRIES)
    StoredTree(store).grown(LEAVES).kept()
    tile = store._tiles[level, 0]
    store._tiles[level, 0] = FullTile(level, 0, bytes([tile.hashes[0] ^ 1]) + tile.hashes[1:], tile.root)
    assert StoredTree.resumed(store, MOST).read(Tile(level, 0)) == tile.hashes


def test_where_tile_and_entries_are_both_altered_nothing_is_said_of_them() -> None:
    altered = store_of([b"other", *ENTRIES[1:700]])
    altered.keep_tiles(list(StoredTree(STORE).grown(LEAVES[:700])._fresh.values()))
    altered._tiles[0, 0] = FullTile(0, 0, bytes(8192), altered._tiles[0, 0].root)
    tree = StoredTree.resumed(altered, 700)
    assert tree.root() == root(LEAVES[:700])
    with pytest.raises(Disproved, match="not those that the newest head signs"):
        tree.read(Tile(0, 0))


def test_nothing_is_read_beyond_the_edge() -> None:
    tree = StoredTree(STORE).grown(LEAVES[:300])
    assert [tree.read(tile) for tile in (Tile(0, 2, 1), Tile(2, 0, 1), Tile(1, 0, 1))] == [
        b"",
        b"",
        root(LEAVES[:256]),
    ]
    assert StoredTree(STORE).root() == root([])
