from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.core.tlog.tiles import WIDTH, tiles_of
from safeconduct.core.tlog.tree import root, root_of_full
from safeconduct.verify.tree import Apart, Leaves, check_tree, how_apart, upper_tiles


def leaf(number: int) -> bytes:
    return sha256(number.to_bytes(4, "big")).digest()


@dataclass
class Files:
    """The leaf hashes of entries and of tiles, and the hashes above, of one log as it lies in an archive."""

    size: int
    entries: list[bytes] = field(init=False)
    tiles: list[bytes] = field(init=False)
    levels: list[list[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entries = [leaf(number) for number in range(self.size)]
        self.tiles = list(self.entries)
        below = self.tiles
        while len(below) >= WIDTH:
            below = [root_of_full(b"".join(row)) for row in rows(below) if len(row) == WIDTH]
            self.levels.append(list(below))

    def faults(self, signed_root: bytes) -> list[tuple[str, str]]:
        leaves = Leaves()
        for number, (ours, theirs) in enumerate(zip(rows(self.entries), rows(self.tiles), strict=True)):
            how = how_apart(number * WIDTH, ours, theirs)
            if how is not None:
                leaves.apart[number] = how
            if len(ours) < WIDTH:
                leaves.last_by_entries, leaves.last_by_tile = ours, theirs
            else:
                leaves.by_entries.append(root_of_full(b"".join(ours)))
                leaves.by_tiles.append(root_of_full(b"".join(theirs)))
        found = check_tree(leaves, self.levels, size=self.size, signed_root=signed_root)
        return [(fault.where, fault.rule) for fault in found]


def rows(hashes: list[bytes]) -> list[list[bytes]]:
    return [hashes[at : at + WIDTH] for at in range(0, len(hashes), WIDTH)]


SIZES = [1, 2, 255, 256, 257, 512, 700]
LARGE = 2 * 65_536 + 300


def signed(size: int) -> bytes:
    return root(map(leaf, range(size)))


@pytest.mark.parametrize("size", [0, *SIZES])
def test_files_that_belong_together_have_no_fault(size: int) -> None:
    assert Files(size).faults(signed(size)) == []
    assert [tile for level in upper_tiles(size) for tile in level] == [
        tile for tile in tiles_of(size) if tile.level
    ]


@pytest.mark.parametrize("size", SIZES)
def test_an_altered_entry_is_named_by_its_bundle(size: int) -> None:
    files = Files(size)
    files.entries[size - 1] = leaf(10**6)
    last = (size - 1) // WIDTH
    assert files.faults(signed(size)) == [(paths(size, None)[last], "log.altered")]


@pytest.mark.parametrize("size", SIZES)
def test_an_altered_leaf_hash_is_named_by_its_tile(size: int) -> None:
    files = Files(size)
    files.tiles[0] = leaf(10**6)
    assert files.faults(signed(size)) == [(paths(size, 0)[0], "log.altered")]


@pytest.mark.parametrize("size", [256, 257, 700])
def test_an_altered_hash_above_is_named_by_its_tile(size: int) -> None:
    files = Files(size)
    files.levels[0][0] = leaf(10**6)
    assert files.faults(signed(size)) == [(paths(size, 1)[0], "log.altered")]


@pytest.mark.parametrize("size", [256, 700])
def test_entries_that_were_altered_with_their_tile_are_named_with_it(size: int) -> None:
    files = Files(size)
    files.entries[3] = files.tiles[3] = leaf(10**6)
    assert files.faults(signed(size)) == [
        (paths(size, 0)[0], "log.altered"),
        (paths(size, None)[0], "log.altered"),
    ]


def test_where_nothing_leads_to_the_signed_root_the_head_is_named() -> None:
    files = Files(300)
    assert files.faults(signed(299)) == [("checkpoint", "log.altered")]
    files.entries[299] = leaf(10**6)
    files.tiles[298] = leaf(10**6)
    assert files.faults(signed(300)) == [
        ("checkpoint", "log.altered"),
        (paths(300, None)[1], "log.altered"),
    ]


def test_two_levels_up_what_lies_below_a_wrong_tile_is_not_accused() -> None:
    good = Files(LARGE)
    top = signed(LARGE)
    assert good.faults(top) == []
    good.levels[0][5] = leaf(10**6)  # a full tile of level 1
    good.entries[7] = leaf(10**6)
    good.entries[65_536] = leaf(10**6)
    assert good.faults(top) == [
        ("tile/1/000", "log.altered"),
        (paths(LARGE, None)[256], "log.altered"),
    ]
    good.levels[0][5] = root_of_full(b"".join(map(leaf, range(5 * WIDTH, 6 * WIDTH))))
    assert good.faults(top) == [
        (paths(LARGE, None)[0], "log.altered"),
        (paths(LARGE, None)[256], "log.altered"),
    ]


def test_a_log_of_full_tiles_has_its_right_edge_at_the_top() -> None:
    files = Files(65_536)
    files.entries[300] = leaf(10**6)
    assert files.faults(signed(65_536)) == [(paths(65_536, None)[1], "log.altered")]


def paths(size: int, level: int | None) -> list[str]:
    return [tile.path for tile in tiles_of(size) if tile.level == level]


@pytest.mark.parametrize(
    ("ours", "rule"),
    [
        ([0, 1, 2, 3], None),
        ([0, 1, 9, 3], "log.altered"),
        ([0, 1, 2, 9], "log.altered"),
        ([0, 2, 3, 9], "log.dropped"),
        ([0, 2, 1, 3], "log.reordered"),
    ],
)
def test_what_a_difference_looks_like_is_said(ours: list[int], rule: str | None) -> None:
    tile = list(map(leaf, range(4)))
    found = how_apart(256, list(map(leaf, ours)), tile)
    if rule is None:
        assert found is None
    else:
        first = next(place for place, number in enumerate(ours) if number != place)
        assert found == Apart(256 + first, rule)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.data())
def test_any_one_altered_hash_is_named_and_nothing_else(size: int, data: st.DataObject) -> None:
    files = Files(size)
    column = data.draw(st.sampled_from([files.entries, files.tiles, *files.levels]))
    place = data.draw(st.integers(0, len(column) - 1))
    column[place] = leaf(10**6)
    level = (
        None if column is files.entries else 0 if column is files.tiles else files.levels.index(column) + 1
    )
    assert files.faults(signed(size)) == [(paths(size, level)[place // WIDTH], "log.altered")]
