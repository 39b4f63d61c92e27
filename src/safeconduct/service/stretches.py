"""Watches, as the stored fold keeps them, and between which times what they say has changed.

A watch has handed in up to the last record of its key before which no number is missing, at most up to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from safeconduct.core.passage.fold import Shift
from safeconduct.core.record.time import HeadTimes
from safeconduct.service.facts import Fact
from safeconduct.service.projection import NEVER


@dataclass(frozen=True, slots=True)
class Stretch:
    """One watch: up to where its key has handed in."""

    start: int
    """The entry of its watch-start."""
    post: str
    kid: str
    kinds: tuple[str, ...]
    present: tuple[str, ...]
    agr: int
    began: int
    ended: int | None
    whole_until: int
    missing: int | None
    """The entry that shows that something is missing still; None once all is there."""
    first_seq: int
    last_seq: int | None
    """The number of its end, once all up to there is in the log."""

    def shift(self, heads: HeadTimes, limit_s: int | None) -> Shift:
        """As the fold reads it, under these heads."""
        covered = None if self.missing is None else heads.first_covering(self.missing)
        return Shift(
            post=self.post,
            kid=self.kid,
            kinds=frozenset(self.kinds),
            present=frozenset(self.present),
            start=self.began,
            end=self.ended,
            whole_until=self.whole_until,
            overdue=heads.has_passed(covered, limit_s),
        )


def stretches(
    records: Collection[Fact], payloads: Mapping[int, Mapping[str, Any]], last_good: int | None
) -> Iterator[Stretch]:
    """The watches of one key among these records, which are all from some number on.

    `last_good`: the number past which none counts. `payloads`: of the watch records.
    """
    chain: dict[int, Fact] = {}
    ends: dict[tuple[str, str], Fact] = {}
    starts = []
    for fact in sorted(records, key=lambda one: one.number):
        if fact.signed and (last_good is None or fact.seq <= last_good):
            chain.setdefault(fact.seq, fact)  # of two with one number the first one stays
        if fact.kind == "watch-start" and not fact.void:
            starts.append(fact)
        if fact.kind == "watch-end" and not fact.void:
            ends[payloads[fact.number]["start"], fact.iss] = fact
    run, shown = _runs(chain)
    for fact in starts:
        payload, end = payloads[fact.number], ends.get((fact.leaf, fact.iss))
        last = chain.get(run.get(fact.seq, -1), fact)
        whole = end is not None and last.seq >= end.seq
        missing = shown.get(last.seq) or (last.number if end is None else None)
        yield Stretch(
            start=fact.number,
            post=payload["post"],
            kid=fact.kid,
            kinds=tuple(payload["kinds"]),
            present=tuple(payload["present"]),
            agr=fact.agr,
            began=fact.occurred,
            ended=None if end is None else end.occurred,
            whole_until=end.occurred if whole and end is not None else last.occurred,
            missing=None if whole else missing,
            first_seq=fact.seq,
            last_seq=end.seq if whole and end is not None else None,
        )


def _runs(chain: Mapping[int, Fact]) -> tuple[dict[int, int], dict[int, int]]:
    """For each number the last one up to which none is missing; and after it the first entry that shows a hole."""
    run: dict[int, int] = {}
    shown: dict[int, int] = {}
    first: int | None = None
    for seq in sorted(chain, reverse=True):
        run[seq] = run.get(seq + 1, seq)
        if run[seq] == seq and first is not None:
            shown[seq] = first
        first = chain[seq].number if first is None else min(first, chain[seq].number)
    return run, shown


@dataclass(frozen=True, slots=True)
class Window:
    """Between these times a watch says something else than before; perhaps only how far it has handed in."""

    since: int
    until: int
    only_handed_in: bool


def windows(before: Mapping[int, Shift], now: Mapping[int, Shift]) -> Iterator[Window]:
    """Where watches have changed."""
    for number in before.keys() | now.keys():
        old, new = before.get(number), now.get(number)
        if old == new:
            continue
        both = [shift for shift in (old, new) if shift is not None]
        ends = [NEVER if shift.end is None else shift.end for shift in both]
        since, until = min(shift.start for shift in both), max(ends)
        if old is None or new is None or not _is_the_same_watch(old, new):
            yield Window(since, until, only_handed_in=False)
        elif old.overdue != new.overdue:
            yield Window(since, until, only_handed_in=True)
        else:
            edges = [shift.whole_until or 0 for shift in both]
            yield Window(min(edges), max(edges), only_handed_in=True)


def _is_the_same_watch(old: Shift, new: Shift) -> bool:
    same = (old.start, old.end, old.post) == (new.start, new.end, new.post)
    return same and (old.kinds, old.present) == (new.kinds, new.present)
