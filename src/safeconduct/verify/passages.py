"""Passages, folded where their records lie: bundles are read again, so that no record is kept whole.

A task is a stretch of the log. It folds the passages whose first record lies there, and follows each to its later
records, which mostly lie near; so every bundle is read about twice.

Rules, in the order of the code:
 1. A record without `psg` that names another one (a countersignature, a correction) belongs to the passage of that.
 2. Columns hold four bytes of a passage's identifier: records that share them are parted by the whole one.
 3. Records that are no evidence are told, not counted.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.passage.events import Event
from safeconduct.core.passage.fold import OpenState, Rules, TripEnd, fold
from safeconduct.core.passage.watch import Watch
from safeconduct.core.record.finding import Finding
from safeconduct.verify.entries import Entries, Told
from safeconduct.verify.index import Columns
from safeconduct.verify.occurrence import Times
from safeconduct.verify.segments import VOID
from safeconduct.verify.slots import NONE, Slots, words

_STRETCH = 2048
_NAMING = ("of", "corrects", "withdraws", "leaf")


@dataclass(frozen=True, slots=True)
class Ground:
    """All that the fold of any passage needs; shared by the workers."""

    entries: Entries
    columns: Columns
    links: Links
    times: Times
    agreements: Mapping[int, Agreement]
    watch: Watch


@dataclass(slots=True)
class Links:
    """The records that share a passage's four bytes, as chains in log order."""

    following: array[int]
    first: bytearray
    """1 where a chain begins."""

    @classmethod
    def of(cls, columns: Columns) -> Links:
        """Rule 1, then the chains."""
        passages = columns.passages
        for index, target in columns.namings():
            if not passages[index]:
                passages[index] = passages[target]
        size = len(passages)
        links = cls(words(size), bytearray(size))
        slots = Slots(passages, size)
        for index, passage in enumerate(passages):
            if passage:
                before = slots.replace(index)
                if before == NONE:
                    links.first[index] = 1
                else:
                    links.following[before] = index
        return links

    def chain(self, index: int) -> Iterator[int]:
        """The records of the chain that begins at `index`."""
        while index != NONE:
            yield index
            index = self.following[index]

    def begin_in(self, stretch: range) -> Iterator[int]:
        """Where chains begin in a stretch."""
        at = self.first.find(1, stretch.start, stretch.stop)
        while at >= 0:
            yield at
            at = self.first.find(1, at + 1, stretch.stop)


@dataclass(slots=True)
class Folded:
    """What some passages say."""

    passages: int = 0
    findings: list[Finding] = field(default_factory=list)
    open: list[OpenState] = field(default_factory=list)
    not_judged: Counter[str] = field(default_factory=Counter)
    trips: list[TripEnd] = field(default_factory=list)
    _said: dict[str, str] = field(default_factory=dict)
    """What many passages leave open is said in the same words: kept once."""

    def add(self, other: Folded) -> None:
        """Both together."""
        self.passages += other.passages
        self.findings += other.findings
        self.open += (
            replace(state, says=self._said.setdefault(state.says, state.says)) for state in other.open
        )
        self.not_judged += other.not_judged
        self.trips += other.trips


def stretches_of(size: int) -> list[range]:
    """The tasks."""
    return [range(start, min(start + _STRETCH, size)) for start in range(0, size, _STRETCH)]


def fold_stretch(ground: Ground, stretch: range) -> Folded:
    """The passages that begin in a stretch of the log."""
    folded, rules = Folded(), rules_of(ground)
    for first in ground.links.begin_in(stretch):
        for events in events_of(ground, first).values():
            _fold(ground, rules, events, folded)
    return folded


def events_of(ground: Ground, first: int) -> dict[str, list[Event]]:
    """The events of each passage in a chain: rules 2 and 3."""
    found: dict[str, list[Event]] = {}
    passage_of: dict[str, str] = {}
    without = []
    for index in ground.links.chain(first):
        told = ground.entries.told(index)
        passage = told.payload.get("psg")
        if passage is None:
            without.append((index, told))
        else:
            passage_of[told.leaf] = passage
            found.setdefault(passage, []).append(_event(ground, index, told))
    for index, told in without:  # 1
        named = (told.payload.get(claim) for claim in _NAMING)
        passage = next((passage_of[leaf] for leaf in named if leaf in passage_of), None)
        if passage is not None:
            found[passage].append(_event(ground, index, told))
            passage_of[told.leaf] = passage
    return found


def _event(ground: Ground, index: int, told: Told) -> Event:
    """A record with what the log adds to it."""
    payload = told.payload
    return Event(
        index=index,
        leaf=told.leaf,
        kid=told.kid,
        iss=payload["iss"],
        seq=payload["seq"],
        occurred=ground.columns.times[index],
        bounds=ground.times.bounds(ground.columns, index),
        evt=payload["evt"],
        payload=payload,
    )


def rules_of(ground: Ground) -> Rules:
    """What judges a passage whose records are all evidence."""
    agreements = ground.agreements
    first = agreements[min(agreements)]
    answer: Callable[[int], Agreement] = lambda version: agreements.get(version, first)  # noqa: E731
    return Rules(answer, ground.times.heads.now, ground.watch)


def _fold(ground: Ground, rules: Rules, events: list[Event], folded: Folded) -> None:
    flags = ground.columns.flags
    void = frozenset([event.leaf for event in events if flags[event.index] & VOID])
    report = fold(events, replace(rules, void=void) if void else rules)
    folded.passages += len(void) < len(events)
    folded.findings += report.findings
    folded.open += report.open
    if report.not_judged:
        folded.not_judged += report.not_judged
    if report.trip is not None:
        folded.trips.append(report.trip)
