from __future__ import annotations

from array import array
from collections import defaultdict
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.tlog.tiles import hash_tiles
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.sim.archive import MemoryArchive
from safeconduct.verify.entries import Entries
from safeconduct.verify.hashes import Roots
from safeconduct.verify.index import Columns, Leaves, with_room
from safeconduct.verify.slots import NONE, Slots, words


@given(st.lists(st.integers(0, 6)))
def test_slots_find_every_number_of_a_value_in_the_order_in_which_they_came(values: list[int]) -> None:
    column = array("I", values)
    slots, expected = Slots(column, len(values)), defaultdict[int, list[int]](list)
    for number, value in enumerate(values):
        assert slots.add(number) == bool(expected[value])
        expected[value].append(number)
    for value in range(8):
        assert list(slots.having(value)) == expected[value]


@given(st.lists(st.integers(0, 6)))
def test_slots_replace_the_last_number_of_a_value(values: list[int]) -> None:
    slots, last = Slots(array("I", values), len(values)), dict[int, int]()
    for number, value in enumerate(values):
        assert slots.replace(number) == last.get(value, NONE)
        last[value] = number


def archive_of(leaves: list[bytes]) -> MemoryArchive:
    return MemoryArchive({tile.path: data for tile, data in hash_tiles(leaves)})


def test_leaves_with_the_same_first_bytes_are_told_apart_by_the_tile() -> None:
    alike = [b"same" + sha256(bytes([number])).digest()[4:] for number in range(3)]
    hashes = [alike[0], alike[1], leaf_hash(b"x"), alike[0]]
    leaves = Leaves(archive_of(hashes), len(hashes))
    assert [leaves.add(index, leaf) for index, leaf in enumerate(hashes)] == [None, None, None, 0]
    assert [leaves.find(leaf) for leaf in (*alike, hashes[2])] == [0, 1, None, 2]
    leaves.forget()
    assert leaves.of(3) == alike[0]


def test_a_few_tiles_are_kept_and_all_can_be_read() -> None:
    size = 70 * 256 + 3
    hashes = [leaf_hash(b"%d" % number) for number in range(size)]
    archive = archive_of(hashes)
    leaves, roots = Leaves(archive, size), Roots(archive, size)
    assert [leaves.of(index) for index in range(0, size, 256)] == hashes[::256]
    small = {at: Roots(archive_of(hashes[:at]), at).at(at) for at in range(1, size, 256)}
    assert {at: roots.at(at) for at in small} == small
    assert roots.at(257) == small[257]


def test_a_column_gets_wider_numbers_only_where_they_are_needed() -> None:
    column = words(2, "H", 7)
    assert with_room(column, 65_535) is column
    wide = with_room(column, 65_536)
    assert (wide.typecode, list(wide)) == ("I", [7, 7])
    assert with_room(wide, 10**6) is wide


def test_a_record_names_several_and_all_are_listed() -> None:
    columns = Columns(4)
    for index, target in [(3, 0), (3, 1), (2, 1), (3, 2)]:
        columns.name(index, target)
    assert sorted(columns.namings()) == [(2, 1), (3, 0), (3, 1), (3, 2)]
    columns.forget_links()
    assert list(columns.namings()) == []


def test_single_entries_are_read_out_of_bundles_and_only_some_are_kept() -> None:
    from safeconduct.core.tlog.tiles import pack_bundle, tile_at  # noqa: PLC0415

    texts = [b"entry %d" % number for number in range(12 * 256)]
    archive = archive_of(list(map(leaf_hash, texts)))
    for number in range(12):
        bundle = pack_bundle(texts[number * 256 : number * 256 + 256])
        archive.files[tile_at(None, number, len(texts)).path] = bundle
    entries = Entries(archive, len(texts))
    assert [entries.read(index) for index in range(0, len(texts), 100)] == texts[::100]
