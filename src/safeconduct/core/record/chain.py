"""The chain of one key's records (RECORD §2, §6): what was copied, replaced or not handed in shows here.

Rules:
 1. A number is used once. A second record under it is a fork: the key is in two hands, or tells two stories.
 2. `prev` is the leaf of the record with the number before; at 0 it is empty, or for a replacement key the
    leaf that the revocation names. A `prev` that names the other branch of a fork belongs to that fork.
 3. A number that is missing below one that is there is a hole: not handed in yet, after the limit a finding.

Records come in log order, which need not be their own: a phone hands in late. One that waits for an earlier
one is held; a chain that is in order holds only its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from safeconduct.core.record.time import HeadTimes


@dataclass(slots=True)  # not frozen: one is made for every record, and freezing doubles what that costs
class Link:
    """A record, as its chain needs it; `prev` is empty where there is none. Never changed."""

    seq: int
    leaf: bytes
    prev: bytes
    index: int


@dataclass(frozen=True, slots=True)
class ChainFault:
    """`chain.fork` or `chain.prev` at the entry `index`; `other` contradicts it, where that is held."""

    rule: str
    seq: int
    index: int
    other: int | None
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers `first` to `last` are missing; the entry `index` is the first in the log that shows it."""

    first: int
    last: int
    index: int

    def is_overdue(self, times: HeadTimes, offline_limit_s: int | None) -> bool:
        """Rule 3: whether Now is past the limit, counted from the first dated head over a later record."""
        return times.has_passed(times.first_covering(self.index), offline_limit_s)


@dataclass(slots=True)
class KeyChain:
    """One key's records so far. `first_prev` is what its record 0 must name."""

    first_prev: bytes = b""
    _end: Link | None = None
    """The last record before which nothing is missing."""
    _waiting: dict[int, Link] = field(default_factory=dict)
    _forked: set[bytes] = field(default_factory=set)

    @property
    def next_seq(self) -> int:
        """The lowest number that is not there."""
        return 0 if self._end is None else self._end.seq + 1

    def has(self, seq: int) -> bool:
        """Whether a record of this number is there."""
        return seq < self.next_seq or seq in self._waiting

    def forget_past(self, seq: int) -> None:
        """What is past the last good number of a revoked key is no evidence, and shows no hole."""
        self._waiting = {number: link for number, link in self._waiting.items() if number <= seq}

    def feed(self, link: Link) -> tuple[ChainFault, ...]:
        """Takes one more record, not the same one twice, and says what it contradicts."""
        end = self._end
        if end is not None and link.seq == end.seq + 1 and link.prev == end.leaf and not self._waiting:
            self._end = link  # nearly all come so
            return ()
        if self.has(link.seq):
            return (self._fork(link),)  # 1
        faults = tuple(self._broken(link))
        self._waiting[link.seq] = link
        while (following := self._waiting.pop(self.next_seq, None)) is not None:
            self._end = following
        return faults

    def holes(self) -> tuple[Hole, ...]:
        """Rule 3: every gap, lowest first."""
        numbers = sorted(self._waiting, reverse=True)
        gaps = pairwise([*numbers, self.next_seq - 1])
        shown_by = accumulate((self._waiting[seq].index for seq in numbers), min)
        holes = [
            Hole(below + 1, seq - 1, index)
            for (seq, below), index in zip(gaps, shown_by, strict=True)
            if below + 1 < seq
        ]
        return tuple(reversed(holes))

    def _fork(self, link: Link) -> ChainFault:
        self._forked.add(link.leaf)
        is_end = self._end is not None and self._end.seq == link.seq
        first = self._end if is_end else self._waiting.get(link.seq)
        return ChainFault(
            "chain.fork",
            link.seq,
            link.index,
            None if first is None else first.index,
            f"one record with number {link.seq}",
            "a second one",
        )

    def _broken(self, link: Link) -> Iterator[ChainFault]:
        """What does not hold between this record and its neighbours, as far as they are there."""
        before = self._end if link.seq == self.next_seq else self._waiting.get(link.seq - 1)
        after = self._waiting.get(link.seq + 1)
        if link.seq == 0:
            yield from self._compare(self.first_prev, None, link)
        elif before is not None:
            yield from self._compare(before.leaf, before.index, link)
        if after is not None:
            yield from self._compare(link.leaf, link.index, after)

    def _compare(self, expected: bytes, other: int | None, link: Link) -> Iterator[ChainFault]:
        if link.prev != expected:  # 2
            rule = "chain.fork" if link.prev in self._forked else "chain.prev"
            yield ChainFault(rule, link.seq, link.index, other, expected.hex(), link.prev.hex())
