"""Who was on watch where, from watch records and chains, for core/passage/watch (RECORD §6).

Rules, in the order of the code:
 1. A shift ends with the watch-end of the same holder that names its start; without one it is open.
 2. It has handed in up to the last record of its key before which, from its start on, no number is missing.
 3. It is overdue when a hole is, or, while it is open, when the offline limit has passed since the first dated
    head over that last record.
 4. `watch.open_past_limit`: an open shift that is overdue.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safeconduct.core.passage.watch import Shift
from safeconduct.core.record.chain import Hole
from safeconduct.core.record.entry import Entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.time import HeadTimes
from safeconduct.verify.rules import finding
from safeconduct.verify.survey import Survey


@dataclass(frozen=True, slots=True)
class HandedIn:
    """How far the key of a shift has handed in: its last record before a hole, and that hole."""

    last: int
    hole: Hole | None


def handed_in(survey: Survey) -> dict[int, HandedIn]:
    """Rule 2, by watch-start; while the chains still list what came early."""
    found: dict[int, HandedIn] = {}
    of_keys: dict[str, tuple[list[int], list[HandedIn]]] = {}
    for index, entry in survey.by_kind("watch-start"):
        if entry.kid not in of_keys:
            runs = [HandedIn(last, hole) for last, hole in survey.chains[entry.kid].runs()]
            of_keys[entry.kid] = [run.hole.first for run in runs if run.hole is not None], runs
        holes, runs = of_keys[entry.kid]
        found[index] = runs[bisect_right(holes, entry.seq)]
    return found


@dataclass(frozen=True, slots=True)
class Watches:
    """What shifts are made of; `limit_s` is the offline limit by version of the agreement."""

    survey: Survey
    handed_in: Mapping[int, HandedIn]
    times: HeadTimes
    limit_s: Mapping[int, int | None]

    def shifts(self) -> Iterator[Shift]:
        """Rules 1 to 3, in the order of the log."""
        occurred = self.survey.columns.times
        for index, entry, end in self._with_ends():
            yield Shift(
                post=entry.payload["post"],
                kid=entry.kid,
                kinds=frozenset(entry.payload["kinds"]),
                present=frozenset(entry.payload["present"]),
                start=occurred[index],
                end=None if end is None else occurred[end],
                whole_until=occurred[self.handed_in[index].last],
                overdue=self._is_overdue(index, entry, end),
            )

    def findings(self) -> Iterator[Finding]:
        """Rule 4."""
        for index, entry, end in self._with_ends():
            if end is None and self._is_overdue(index, entry, end):
                last = self.handed_in[index].last
                leaves = self.survey.leaves
                yield finding(
                    "watch.open_past_limit",
                    last,
                    leaves.of(last).hex(),
                    expected="the end of the watch, or a later record of its key, within the offline limit",
                    found="none",
                    touches=entry.iss,
                    others={index: entry.leaf.hex()},
                )

    def _with_ends(self) -> Iterator[tuple[int, Entry, int | None]]:
        """Rule 1."""
        ends = {
            (entry.payload["start"], entry.iss): index for index, entry in self.survey.by_kind("watch-end")
        }
        for index, entry in self.survey.by_kind("watch-start"):
            yield index, entry, ends.get((entry.leaf.hex(), entry.iss))

    def _is_overdue(self, index: int, entry: Entry, end: int | None) -> bool:
        """Rule 3."""
        how = self.handed_in[index]
        limit_s = self.limit_s.get(entry.agr)
        if how.hole is not None:
            return how.hole.is_overdue(self.times, limit_s)
        return end is None and self.times.has_passed(self.times.first_covering(how.last), limit_s)
