import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.tiles import (
    MAX_ENTRY_BYTES,
    Tile,
    hash_tiles,
    pack_bundle,
    split_bundle,
    split_hashes,
    tile_at,
    tiles_of,
)
from safeconduct.core.tlog.tree import leaf_hash, root


def test_a_path_says_level_number_and_width() -> None:
    assert Tile(0, 1_234_067, 89).path == "tile/0/x001/x234/067.p/89"
    assert Tile(None, 5).path == "tile/entries/005"
    assert Tile.parse("tile/63/x999/999.p/255") == Tile(63, 999_999, 255)


@pytest.mark.parametrize(
    "path", ["tile/64/000", "tile/0/x000/001", "tile/0/000.p/256", "checkpoint", "x" * 999]
)
def test_a_path_that_we_would_not_write_is_not_read(path: str) -> None:
    with pytest.raises(Malformed):
        Tile.parse(path)


def test_a_log_of_256_has_one_full_tile_and_one_hash_above_it() -> None:
    assert [tile.path for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]


def test_a_log_of_70000_has_the_widths_of_the_specification() -> None:
    paths = [tile.path for tile in tiles_of(70_000)]
    assert len(paths) == 2 * 274 + 2 + 1
    assert {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"} <= {*paths}


def test_an_empty_log_has_no_tiles() -> None:
    assert list(tiles_of(0)) == []


def test_the_largest_log_that_can_be_signed_ends_at_level_7() -> None:
    assert tile_at(7, 0, 2**63 - 1) == Tile(7, 0, 127)
    with pytest.raises(Malformed):
        tile_at(8, 0, 2**63 - 1)


def test_a_tile_that_the_log_does_not_have_is_refused() -> None:
    assert tile_at(None, 1, 300) == Tile(None, 1, 44)
    with pytest.raises(Malformed, match="no tile 2"):
        tile_at(0, 2, 512)


def test_a_bundle_gives_its_entries_back() -> None:
    entries = [b"", b"one", b"x" * MAX_ENTRY_BYTES]
    assert split_bundle(pack_bundle(entries), 3) == entries


@pytest.mark.parametrize("entries", [[], [b""] * 257, [b"x" * (MAX_ENTRY_BYTES + 1)]])
def test_what_does_not_fit_is_not_packed(entries: list[bytes]) -> None:
    with pytest.raises(Malformed, match="fit"):
        pack_bundle(entries)


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[5:]])
def test_a_bundle_with_a_byte_too_few_or_too_many_is_malformed(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(Malformed, match="exactly 2") as caught:
        split_bundle(spoil(pack_bundle([b"one", b"two"])), 2, "tile/entries/000.p/2")
    assert caught.value.faults[0].where == "tile/entries/000.p/2"


def test_a_hash_tile_has_32_bytes_for_each_hash() -> None:
    assert split_hashes(b"a" * 32 + b"b" * 32, 2) == [b"a" * 32, b"b" * 32]
    with pytest.raises(Malformed, match="63 bytes"):
        split_hashes(b"a" * 63, 2)


def test_hash_tiles_are_exactly_those_of_that_size_and_lead_to_the_root() -> None:
    leaves = [leaf_hash(b"%d" % index) for index in range(70_000)]
    made = dict(hash_tiles(iter(leaves)))
    assert list(made) == [tile for tile in tiles_of(70_000) if tile.level is not None]
    assert all(len(data) == 32 * tile.width for tile, data in made.items())
    assert made[Tile(2, 0, 1)] == root(leaves[:65_536])
