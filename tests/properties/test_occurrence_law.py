"""The auditor's sweep over columns gives what the rule for one record gives, record by record (RECORD §5)."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.record.time import Bounds, HeadTimes, occurrence
from safeconduct.verify.index import Columns
from safeconduct.verify.occurrence import Times, occur
from safeconduct.verify.segments import FIXED
from safeconduct.verify.slots import NONE

KEYS = 3
DEVICE_TIMES = st.integers(-20, 60) | st.integers(-(2**53) + 1, 2**53 - 1)
HEAD_TIMES = st.integers(1, 40) | st.just(2**63 - 1)


@dataclass(frozen=True)
class Signed:
    """A record as its device made it; what it names was signed before."""

    key: int
    iat: int
    at: int | None
    seen: int | None
    """The size of the head that it saw."""
    names: frozenset[int]


@st.composite
def signed(draw: st.DrawFn, most: int = 10) -> list[Signed]:
    """Records in the order in which they were signed."""
    return [
        Signed(
            key=draw(st.integers(0, KEYS - 1)),
            iat=draw(DEVICE_TIMES),
            at=draw(st.none() | DEVICE_TIMES),
            seen=draw(st.none() | st.integers(1, most)),
            names=frozenset(draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else ()),
        )
        for number in range(draw(st.integers(1, most)))
    ]


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[Signed], list[int], dict[int, int]]:
    """Records; the index that the log gave to each, in any order; the dated heads."""
    records = draw(signed())
    places = draw(st.permutations(range(len(records))))
    heads = draw(st.dictionaries(st.integers(1, len(records)), HEAD_TIMES, max_size=4))
    return records, places, heads


def record_by_record(records: list[Signed], places: list[int], times: HeadTimes) -> list[int]:
    """The occurrences, by index: in the order of signing, what bounds a record from below is known."""
    found = [0] * len(records)
    latest: dict[int, int] = {}
    for number, record in enumerate(records):
        index = places[number]
        time = occurrence(
            record.iat,
            times.bounds(index, record.seen),
            at=record.at,
            key_maximum=latest.get(record.key),
            named_maximum=max((found[places[name]] for name in record.names), default=None),
        )
        found[index] = time
        if record.at is None:
            latest[record.key] = time
    return found


def columns_of(records: list[Signed], places: list[int]) -> Columns:
    """The columns that hold these records, each of which has its own place in the table of heads seen."""
    size = len(records)
    columns = Columns(size)
    columns.seens = array("H", range(1, size + 1))
    last = [NONE] * KEYS
    for number, record in enumerate(records):
        index = places[number]
        columns.times[index] = record.iat
        if record.at is not None:
            columns.flags[index] = FIXED
            columns.claiming.append(index)
            columns.claimed.append(record.at)
        columns.before[index], last[record.key] = last[record.key], index
        for name in sorted(record.names):
            columns.name(index, places[name])
    return columns


def times_of(records: list[Signed], places: list[int], heads: dict[int, int]) -> Times:
    times = HeadTimes()
    for size, time in heads.items():
        times.add(size, time)
    seen_at: list[int | None] = [None] * (len(records) + 1)
    for number, record in enumerate(records):
        seen_at[places[number] + 1] = None if record.seen is None else times.time_of(record.seen)
    return Times(times, sorted(heads), seen_at)


@given(logs())
def test_the_sweep_over_columns_is_the_rule_for_one_record(
    log: tuple[list[Signed], list[int], dict[int, int]],
) -> None:
    records, places, heads = log
    columns, times = columns_of(records, places), times_of(records, places, heads)
    occur(columns, times)
    assert list(columns.times) == record_by_record(records, places, times.heads)


@given(logs())
def test_the_bounds_of_a_column_are_those_of_the_record(
    log: tuple[list[Signed], list[int], dict[int, int]],
) -> None:
    records, places, heads = log
    columns, times = columns_of(records, places), times_of(records, places, heads)
    for number, record in enumerate(records):
        bounds = times.heads.bounds(places[number], record.seen)
        expected = bounds if record.at is None else Bounds(None, bounds.before)
        assert times.bounds(columns, places[number]) == expected
