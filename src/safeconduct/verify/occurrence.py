"""When each record occurred, as far as heads prove it (RECORD §5, core/record/time).

Rules, in the order of the code:
 1. A record lies after the time of the head that its signer saw, and before the first dated head over it.
 2. Its device time breaks a rule where it lies outside these bounds, or before that of the record before it
    under its key, by more than the agreement's clock tolerance.
 3. Its occurrence is the device time clamped into the bounds; of a record that claims another time (`at`)
    that
    claim, bounded from above only.
 4. Then it is not before the record before it under its key, among those that claim no other time, and not
    before
    a record that it names. Records may come in any order: the columns are swept until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safeconduct.core.record.time import Bounds, HeadTimes
from safeconduct.verify.index import Columns
from safeconduct.verify.segments import FIXED, VOID
from safeconduct.verify.slots import NONE

_OPEN_BELOW, _OPEN_ABOVE = -(2**62), 2**62


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
    allowed = [tolerance_s.get(version) for version in range(256)]
    limits = [_OPEN_ABOVE if limit is None else limit for limit in allowed]
    seen_at = [_OPEN_BELOW if time is None else time for time in times.seen_at]
    device, before, seens, versions = columns.times, columns.before, columns.seens, columns.versions
    flags = columns.flags
    for start, stop, upper in times.stretches(len(device)):
        latest = _OPEN_ABOVE if upper is None else upper
        for index in range(start, stop):
            if flags[index] & VOID:
                continue
            time, limit = device[index], limits[versions[index]]
            if time + limit < seen_at[seens[index]]:
                yield ClockBreach("time.before_seen", index, seen_at[seens[index]] - time)
            if time - limit > latest:
                yield ClockBreach("time.after_head", index, time - latest)
            earlier = before[index]
            if earlier != NONE and time + limit < device[earlier]:
                yield ClockBreach("time.backwards", index, device[earlier] - time)


def occur(columns: Columns, times: Times, claimed: Mapping[int, int]) -> None:
    """Rules 3 and 4: turns device times into occurrences, in place."""
    _clamp(columns, times, claimed)
    # Late records stand after those they come before: by turns both ways, a few sweeps are enough.
    size, named, forward = len(columns.times), len(columns.sources), True
    while True:
        records = range(size) if forward else range(size - 1, -1, -1)
        names = range(named) if forward else range(named - 1, -1, -1)
        if not _raise_by_key(columns, records) | _raise_by_name(columns, names):
            return
        forward = not forward


def _clamp(columns: Columns, times: Times, claimed: Mapping[int, int]) -> None:
    """Rule 3."""
    device, seens, flags = columns.times, columns.seens, columns.flags
    seen_at = [_OPEN_BELOW if time is None else time for time in times.seen_at]
    for start, stop, upper in times.stretches(len(device)):
        latest = _OPEN_ABOVE if upper is None else upper
        for index in range(start, stop):
            if flags[index] & FIXED:
                time = claimed.get(index, device[index])
            else:
                time = max(device[index], seen_at[seens[index]])
            device[index] = min(time, latest)


def _raise_by_key(columns: Columns, records: range) -> bool:
    """Rule 4, along each key; whether anything changed. A claimed time hands on what was before it."""
    occurred, before, flags = columns.times, columns.before, columns.flags
    changed = False
    for index in records:
        earlier = before[index]
        if earlier == NONE or flags[index] & FIXED:
            continue
        while earlier != NONE and flags[earlier] & FIXED:
            earlier = before[earlier]
        if earlier != NONE and occurred[index] < occurred[earlier]:
            occurred[index] = occurred[earlier]
            changed = True
    return changed


def _raise_by_name(columns: Columns, names: range) -> bool:
    """Rule 4, for named records; whether anything changed."""
    occurred, flags = columns.times, columns.flags
    changed = False
    sources, targets = columns.sources, columns.targets
    for name in names:
        source, target = sources[name], targets[name]
        if occurred[source] < occurred[target] and not flags[source] & FIXED:
            occurred[source] = occurred[target]
            changed = True
    return changed
