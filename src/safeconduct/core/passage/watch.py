"""Who was on watch where, for which kinds, and how far each has handed in (RECORD §6).

Rules:
 1. A post's shifts list the kinds that are observed there. Where they list others only, a rule about the
    kind is not judged. A replay's source observes what its watches list, and nothing else is judged in
    it.
 2. A stretch of time that no shift covers is *not watched*: absence there says nothing.
 3. A shift has handed in past a time when its key's records are in the log, without a hole, up to that
    time or to its own end.
 4. A shift that has not handed in is waited for until the agreement's limit; then it *did not hand in*.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

_NEVER = 2**63


class HandedIn(Enum):
    """What the absence of a record is worth."""

    YES = "handed in"
    NOT_YET = "not yet handed in"
    DID_NOT = "did not hand in"
    NOT_WATCHED = "not watched"


@dataclass(frozen=True, slots=True)
class Shift:
    """One key on watch at one post. `end` None: still open. `whole_until` None: nothing of it is dated."""

    post: str
    kid: str
    kinds: frozenset[str]
    present: frozenset[str]
    start: int
    end: int | None
    whole_until: int | None
    overdue: bool
    """The agreement's limit has passed for what is missing."""

    def has_handed_in(self, until: int) -> bool:
        """Rule 3."""
        wanted = until if self.end is None else min(until, self.end)
        return self.whole_until is not None and self.whole_until >= wanted


@dataclass(frozen=True, slots=True)
class _Roster:
    """The shifts of one post by start; `reach`: the latest end among the first n, to stop a search early."""

    starts: tuple[int, ...]
    reach: tuple[int, ...]
    shifts: tuple[Shift, ...]

    @classmethod
    def of(cls, shifts: Iterable[Shift]) -> _Roster:
        ordered = tuple(sorted(shifts, key=lambda shift: (shift.start, shift.kid)))
        ends = (_NEVER if shift.end is None else shift.end for shift in ordered)
        return cls(tuple(shift.start for shift in ordered), tuple(accumulate(ends, max)), ordered)

    def during(self, since: int, until: int) -> Iterator[Shift]:
        """Those that overlap the stretch, the latest first."""
        for place in range(bisect_right(self.starts, until) - 1, -1, -1):
            if self.reach[place] < since:
                return
            shift = self.shifts[place]
            if shift.end is None or shift.end >= since:
                yield shift


_NOBODY = _Roster((), (), ())


@dataclass(frozen=True, slots=True)
class Watch:
    """All shifts of a corridor. `source_kinds`: what a replay's source observes; None if it is no replay."""

    rosters: Mapping[str, _Roster]
    source_kinds: frozenset[str] | None
    kinds_at: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, shifts: Iterable[Shift], *, source_kinds: frozenset[str] | None = None) -> Watch:
        """The watch that these shifts make up."""
        by_post: dict[str, list[Shift]] = {}
        for shift in shifts:
            by_post.setdefault(shift.post, []).append(shift)
        return cls(
            {post: _Roster.of(of_post) for post, of_post in by_post.items()},
            source_kinds,
            {post: frozenset().union(*(s.kinds for s in of_post)) for post, of_post in by_post.items()},
        )

    def judges(self, kind: str, post: str | None = None) -> bool:
        """Rule 1: whether the absence or presence of `kind` (at `post`) can be judged at all."""
        if self.source_kinds is not None and kind not in self.source_kinds:
            return False
        return post is None or post not in self.kinds_at or kind in self.kinds_at[post]

    def handed_in(self, post: str, kind: str, since: int, until: int) -> HandedIn:
        """What it is worth that nothing of `kind` came from `post` between `since` and `until`."""
        on_watch = [
            shift for shift in self.rosters.get(post, _NOBODY).during(since, until) if kind in shift.kinds
        ]
        if not _covers(on_watch, since, until):  # 2
            return HandedIn.NOT_WATCHED
        missing = [shift for shift in on_watch if not shift.has_handed_in(until)]  # 3
        if not missing:
            return HandedIn.YES
        return HandedIn.DID_NOT if any(shift.overdue for shift in missing) else HandedIn.NOT_YET  # 4

    def present_at(self, post: str, time: int) -> frozenset[str]:
        """The seats that the post's watch records name present at `time`."""
        shifts = self.rosters.get(post, _NOBODY).during(time, time)
        return frozenset().union(*(shift.present for shift in shifts))


def _covers(shifts: Iterable[Shift], since: int, until: int) -> bool:
    """Whether the shifts leave no second of the stretch open."""
    reached = since - 1
    for shift in sorted(shifts, key=lambda each: each.start):
        if shift.start > reached + 1:
            return False
        reached = max(reached, _NEVER if shift.end is None else shift.end)
    return reached >= until
