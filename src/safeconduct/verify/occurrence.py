"""When each record occurred, as far as heads prove it (RECORD §5, core/record/time).

Rules, in the order of the code:
 1. A record lies after the time of the head that its signer saw, and before the first dated head over it.
 2. Its device time breaks a rule where it lies outside these bounds, or before that of the record before it
    under its key, by more than the agreement's clock tolerance.
 3. Its occurrence is the device time clamped into the bounds; of a record that claims another time (`at`) that
    claim, bounded from above only.
 4. Then it is not before the record before it under its key, among those that claim no other time, and not before
    a record that it names; but never past the first dated head over it. Records may come in any order: the columns
    are swept until nothing changes, a few times at most. Where somebody has tangled them so that sweeps go on, the
    rest is settled record by record, the latest first.
 5. A record is late where a head dated past the offline limit since the head that its signer saw does not cover it
    yet. Where no head was dated, the witnesses stalled, and nobody is late; nor is who claims another time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from safeconduct.core.record.time import Bounds, HeadTimes
from safeconduct.verify.index import Columns
from safeconduct.verify.segments import FIXED, VOID
from safeconduct.verify.slots import NONE, words

_OPEN_BELOW, _OPEN_ABOVE = -(2**63), 2**63 - 1  # what a column holds; a cosignature may have the latter
_NEVER = 2**65
"""A limit that is unset: no two times are so far apart."""

_SWEEPS = 8
"""Late records stand after those they come before: by turns both ways, an honest log needs three or four."""


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


def late(columns: Columns, times: Times, offline_s: Mapping[int, int | None]) -> Iterator[ClockBreach]:
    """Rule 5; `offline_s` by version of the agreement."""
    late_from: dict[tuple[int, int], int] = {}
    for index, (seen, version) in enumerate(zip(columns.seens, columns.versions, strict=True)):
        start = late_from.get((seen, version))
        if start is None:
            start = late_from[seen, version] = _late_from(times, times.seen_at[seen], offline_s.get(version))
        if start <= index and not columns.flags[index] & (VOID | FIXED):
            since, without = times.seen_at[seen] or 0, times.heads.time_of(index) or 0
            yield ClockBreach("time.late", index, without - since - (offline_s[version] or 0))


def _late_from(times: Times, since: int | None, limit_s: int | None) -> int:
    """The size of the first head dated past the limit: what it does not cover is late."""
    size = None if since is None or limit_s is None else times.heads.first_after(since + limit_s)
    return NONE if size is None else size


def occur(columns: Columns, times: Times, *, sweeps: int = _SWEEPS) -> None:
    """Rules 3 and 4: turns device times into occurrences, in place."""
    _clamp(columns, times)
    for turn in range(sweeps):
        if not _raise(columns, times, backwards=turn % 2 == 1) | _raise_further(columns, times):
            return
    _settle(columns, times)


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


def _raise(columns: Columns, times: Times, *, backwards: bool) -> bool:
    """Rule 4; whether anything changed. A record that claims its time hands on what was before it."""
    occurred, before, named, flags = columns.times, columns.before, columns.named, columns.flags
    changed = False
    runs, step = list(times.stretches(len(occurred))), -1 if backwards else 1
    for start, stop, upper in runs[::step]:
        latest = _OPEN_ABOVE if upper is None else upper
        for index in range(start, stop)[::step]:
            if flags[index] & FIXED:
                continue
            earliest, earlier, target = occurred[index], before[index], named[index]
            while earlier != NONE and flags[earlier] & FIXED:
                earlier = before[earlier]
            if earlier != NONE and occurred[earlier] > earliest:
                earliest = occurred[earlier]
            if target != NONE and occurred[target] > earliest:
                earliest = occurred[target]
            if earliest > occurred[index] < latest:
                occurred[index] = min(earliest, latest)
                changed = True
    return changed


def _raise_further(columns: Columns, times: Times) -> bool:
    """Rule 4, for records that name several."""
    occurred, flags = columns.times, columns.flags
    changed = False
    for index, target in zip(columns.naming, columns.also_named, strict=True):
        if occurred[index] < occurred[target] and not flags[index] & FIXED:
            changed |= _raise_to(occurred[target], index, columns, times)
    return changed


def _raise_to(time: int, index: int, columns: Columns, times: Times) -> bool:
    """Rule 4, for one record that is not before `time`; whether that changed it."""
    upper = times.heads.first_covering(index)
    raised = time if upper is None else min(time, upper)
    if raised <= columns.times[index]:
        return False
    columns.times[index] = raised
    return True


def _settle(columns: Columns, times: Times) -> None:
    """Rule 4 to its end: from the latest on, so that no record is raised twice, however they are tangled."""
    occurred = columns.times
    newest_edge, next_edge, later = words(len(occurred)), array("I"), array("I")
    waiting: list[tuple[int, int]] = []
    for target, index in _edges(columns):
        next_edge.append(newest_edge[target])
        newest_edge[target] = len(later)
        later.append(index)
        if occurred[index] < occurred[target]:
            waiting.append((-occurred[target], target))
    heapify(waiting)
    while waiting:
        time, target = heappop(waiting)
        edge, newest_edge[target] = newest_edge[target], NONE
        while edge != NONE:
            if _raise_to(-time, later[edge], columns, times):
                heappush(waiting, (-occurred[later[edge]], later[edge]))
            edge = next_edge[edge]


def _edges(columns: Columns) -> Iterator[tuple[int, int]]:
    """Which record another one is not before, and that one."""
    before, flags = columns.before, columns.flags
    for index in range(len(before)):
        if not flags[index] & FIXED:
            earlier = before[index]
            while earlier != NONE and flags[earlier] & FIXED:
                earlier = before[earlier]
            if earlier != NONE:
                yield earlier, index
    for index, target in columns.namings():
        if not flags[index] & FIXED:
            yield target, index
