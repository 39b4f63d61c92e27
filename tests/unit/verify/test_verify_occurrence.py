"""Occurrences by sweeps over columns, against the plain definition (core/record/time)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.core.record.time import Bounds, HeadTimes, clamp, occurrence
from safeconduct.verify.index import Columns
from safeconduct.verify.occurrence import ClockBreach, Times, clock_breaches, late, occur
from safeconduct.verify.segments import FIXED, VOID
from safeconduct.verify.slots import NONE


@dataclass(frozen=True)
class Record:
    iat: int
    key: int
    seq: int
    seen: int
    at: int | None
    names: tuple[int, ...]


RECORDS = st.lists(
    st.builds(
        Record,
        iat=st.integers(0, 60),
        key=st.integers(0, 1),
        seq=st.integers(0, 8),
        seen=st.integers(0, 8),
        at=st.none() | st.integers(0, 60),
        names=st.lists(st.integers(0, 8), max_size=3, unique=True).map(tuple),
    ),
    max_size=9,
)
HEADS = st.dictionaries(st.integers(1, 9), st.integers(0, 60), max_size=4)


def heads_of(heads: dict[int, int]) -> HeadTimes:
    times = HeadTimes()
    for size, time in heads.items():
        times.add(size, time)
    return times


def plain(records: list[Record], heads: HeadTimes) -> list[int]:
    """Rule after rule, until nothing changes."""
    found = [
        occurrence(each.iat, bounds_of(index, each, heads), at=each.at) for index, each in enumerate(records)
    ]
    while True:
        previous = list(found)
        for index, each in enumerate(records):
            if each.at is not None:
                continue
            earlier = [
                (order_of(other, that), found[other])
                for other, that in enumerate(records)
                if that.at is None and that.key == each.key and order_of(other, that) < order_of(index, each)
            ]
            before_it = [max(earlier)[1]] if earlier else []
            named = [found[target] for target in each.names if target < len(records)]
            latest = clamp(max([found[index], *before_it, *named]), None, heads.first_covering(index))
            found[index] = max(found[index], latest)
        if found == previous:
            return found


def order_of(index: int, record: Record) -> tuple[int, int]:
    return record.seq, index


def bounds_of(index: int, record: Record, heads: HeadTimes) -> Bounds:
    return heads.bounds(index, record.seen or None)


def columns_of(records: list[Record]) -> Columns:
    columns = Columns(len(records))
    for index, each in enumerate(records):
        columns.times[index], columns.seens[index] = each.iat, each.seen
        columns.versions[index] = 1
        if each.at is not None:
            columns.flags[index] |= FIXED
            columns.claiming.append(index)
            columns.claimed.append(each.at)
        for target in each.names:
            if target < len(records):
                columns.name(index, target)
    for key in (0, 1):
        end = NONE
        for index in sorted(
            (index for index, each in enumerate(records) if each.key == key),
            key=lambda index: order_of(index, records[index]),
        ):
            columns.before[index] = end
            end = index
    return columns


def times_of(heads: dict[int, int]) -> Times:
    times = heads_of(heads)
    return Times(times, sorted(heads), [None, *(times.time_of(size) for size in range(1, 9))])


@settings(max_examples=300)
@given(RECORDS, HEADS, st.integers(0, 8))
def test_the_sweeps_give_what_the_definition_gives(
    records: list[Record], heads: dict[int, int], sweeps: int
) -> None:
    heads = {size: time for size, time in heads.items() if size <= len(records)}
    columns = columns_of(records)
    occur(columns, times_of(heads), sweeps=sweeps)
    assert list(columns.times) == plain(records, heads_of(heads))


def test_records_tangled_by_one_key_are_settled_as_fast_as_others() -> None:
    """By turns near the end and the beginning of the log: each sweep would settle one of them."""
    size = 20_000
    columns = Columns(size)
    tangle = [place for early in range(size // 2) for place in (early, size - 1 - early)]
    columns.times[tangle[0]] = 7
    for earlier, index in pairwise(tangle):
        columns.before[index] = earlier
    occur(columns, times_of({}))
    assert set(columns.times) == {7}


def test_a_record_that_it_names_moves_none_past_the_first_dated_head_over_it() -> None:
    """Who shows a post the leaf of a record, and logs that one days later, moves none of the post's times."""
    told = [
        Record(20, key=0, seq=0, seen=0, at=None, names=(2,)),
        Record(30, key=0, seq=1, seen=0, at=None, names=()),
        Record(900, key=1, seq=0, seen=0, at=None, names=()),
    ]
    columns = columns_of(told)
    occur(columns, times_of({1: 25, 2: 40, 3: 1_000}))
    assert list(columns.times) == [25, 30, 900]


@given(RECORDS, HEADS)
def test_bounds_are_those_of_the_heads_and_a_claimed_time_has_no_lower_one(
    records: list[Record], heads: dict[int, int]
) -> None:
    columns, times = columns_of(records), times_of(heads)
    for index, each in enumerate(records):
        bounds = bounds_of(index, each, heads_of(heads))
        expected = Bounds(None, bounds.before) if each.at is not None else bounds
        assert times.bounds(columns, index) == expected


def test_a_device_time_beyond_the_tolerance_is_a_breach_and_one_within_is_none() -> None:
    told = [
        Record(iat, key=0, seq=index, seen=seen, at=None, names=())
        for index, (iat, seen) in enumerate([(100, 0), (94, 1), (96, 0), (120, 0), (131, 0), (50, 0)])
    ]
    columns, times = columns_of(told), times_of({1: 100, 6: 120})
    columns.flags[5] = VOID
    assert list(clock_breaches(columns, times, {1: 5})) == [
        ClockBreach("time.before_seen", 1, 6),
        ClockBreach("time.backwards", 1, 6),
        ClockBreach("time.after_head", 4, 11),
    ]
    assert list(clock_breaches(columns, times, {1: None})) == []
    assert list(clock_breaches(columns, times, {2: 5})) == []


def test_a_record_is_late_where_a_head_past_the_limit_does_not_cover_it() -> None:
    """It saw the head of time 100; heads are dated 105 and 120; the limit is 10."""
    told = [Record(100, key=0, seq=index, seen=1, at=None, names=()) for index in range(6)]
    told[3], told[4] = replace(told[3], seen=0), replace(told[4], at=100)
    columns, times = columns_of(told), times_of({1: 100, 2: 105, 3: 120})
    assert list(late(columns, times, {1: 10})) == [ClockBreach("time.late", 5, 10)]
    assert list(late(columns, times, {1: 20})) == list(late(columns, times, {1: None})) == []
    columns.flags[5] = VOID
    assert list(late(columns, times, {1: 10})) == []
