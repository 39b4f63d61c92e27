"""When each record occurred, as far as heads prove it (RECORD §5, core/record/time).

Rules, in the order of the code:
 1. A record lies after the time of the head that its signer saw, and before the first dated head over it.
 2. Its device time breaks a rule where it lies outside these bounds, or before that of the record before it
    under its key, by more than the agreement's clock tolerance.
 3. Its occurrence is the device time clamped into the bounds; of a record that claims another time (`at`) that
    claim, bounded from above only.
 4. Then it is not before the record before it under its key, among those that claim no other time, and not before
    a record that it names. Records may come in any order: the columns are swept until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safeconduct.core.record.time import Bounds, HeadTimes
from safeconduct.verify.index import Columns
from safeconduct.verify.segments import FIXED, VOID
from safeconduct.verify.slots import NONE

_OPEN_BELOW, _OPEN_ABOVE = -(2**63), 2**63 - 1  # what a column holds; a cosignature may have the latter
_NEVER = 2**65
"""A limit that is unset: no two times are so far apart."""


@dataclass(frozen=True, slots=True)
class Times:
    """What dated heads say about any record; `sizes` are those of the dated heads."""

    heads: HeadTimes
    sizes: list[int]
    seen_at: list[int | None]
    """The time of each head in the table of heads seen; of place 0, which is none, None."""

    def bounds(self, columns: Columns, index: int) -> Bounds:
        """Rule 1; nothing bounds a claimed time from below."""
        after = None if columns.flags[index] & FIXED else self.seen_at[columns.seens[index]]
        return Bounds(after, self.heads.first_covering(index))

    def stretches(self, size: int) -> Iterator[tuple[int, int, int | None]]:
        """Runs of records with one upper bound."""
        start = 0
        for stop in (*self.sizes, size):
            if stop > start:
                yield start, stop, self.heads.first_covering(start)
                start = stop


@dataclass(frozen=True, slots=True)
class ClockBreach:
    """A device time that breaks a rule by so many seconds."""

    rule: str
    index: int
    seconds: int


def clock_breaches(
    columns: Columns, times: Times, tolerance_s: Mapping[int, int | None]
) -> Iterator[ClockBreach]:
    """Rule 2; before the times are turned into occurrences. `tolerance_s` by version of the agreement."""
    limits = {version: limit for version, limit in tolerance_s.items() if limit is not None}
    seen_at = [_OPEN_BELOW if time is None else time for time in times.seen_at]
    device, before, seens, versions = columns.times, columns.before, columns.seens, columns.versions
    flags = columns.flags
    for start, stop, upper in times.stretches(len(device)):
        latest = _OPEN_ABOVE if upper is None else upper
        for index in range(start, stop):
            if flags[index] & VOID:
                continue
            time, limit = device[index], limits.get(versions[index], _NEVER)
            if time + limit < seen_at[seens[index]]:
                yield ClockBreach("time.before_seen", index, seen_at[seens[index]] - time)
            if time - limit > latest:
                yield ClockBreach("time.after_head", index, time - latest)
            earlier = before[index]
            if earlier != NONE and time + limit < device[earlier]:
                yield ClockBreach("time.backwards", index, device[earlier] - time)


def occur(columns: Columns, times: Times) -> None:
    """Rules 3 and 4: turns device times into occurrences, in place."""
    _clamp(columns, times)
    # Late records stand after those they come before: by turns both ways, a few sweeps are enough.
    onwards = range(len(columns.times))
    records = onwards
    while _raise(columns, records) | _raise_further(columns):
        records = onwards[::-1] if records is onwards else onwards


def _clamp(columns: Columns, times: Times) -> None:
    """Rule 3."""
    device, seens = columns.times, columns.seens
    seen_at = [_OPEN_BELOW if time is None else time for time in times.seen_at]
    for start, stop, upper in times.stretches(len(device)):
        latest = _OPEN_ABOVE if upper is None else upper
        for index in range(start, stop):
            device[index] = min(max(device[index], seen_at[seens[index]]), latest)
    for index, time in zip(columns.claiming, columns.claimed, strict=True):
        upper = times.heads.first_covering(index)
        device[index] = time if upper is None else min(time, upper)


def _raise(columns: Columns, records: range) -> bool:
    """Rule 4; whether anything changed. A record that claims its time hands on what was before it."""
    occurred, before, named, flags = columns.times, columns.before, columns.named, columns.flags
    changed = False
    for index in records:
        if flags[index] & FIXED:
            continue
        earliest, earlier, target = occurred[index], before[index], named[index]
        while earlier != NONE and flags[earlier] & FIXED:
            earlier = before[earlier]
        if earlier != NONE:
            earliest = max(earliest, occurred[earlier])
        if target != NONE:
            earliest = max(earliest, occurred[target])
        if earliest != occurred[index]:
            occurred[index] = earliest
            changed = True
    return changed


def _raise_further(columns: Columns) -> bool:
    """Rule 4, for records that name several."""
    occurred, flags = columns.times, columns.flags
    changed = False
    for index, target in zip(columns.naming, columns.also_named, strict=True):
        if occurred[index] < occurred[target] and not flags[index] & FIXED:
            occurred[index] = occurred[target]
            changed = True
    return changed
