"""The chain of each key (core/record/chain), and which record comes before which under one key.

Records come in log order. A chain in order holds its end; only what came too early, or late, is listed
until the
numbers below it are there.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from safeconduct.core.record.chain import ChainFault, KeyChain, Link
from safeconduct.verify.slots import NONE


@dataclass(slots=True)
class Chain:
    """One key's records. `before`: the column that is filled."""

    before: array[int]
    fold: KeyChain = field(default_factory=KeyChain)
    first: tuple[int, bytes] | None = None
    """Record 0 and its `prev`, which the keyring judges."""
    faults: list[ChainFault] = field(default_factory=list)
    _end: int = NONE
    _early: list[tuple[int, int]] = field(default_factory=list)
    """(seq, index) of what came before its turn, and of what filled the gap since."""
    _highest: int = -1

    def feed(self, link: Link) -> None:
        """One more record, in log order."""
        if link.seq == 0 and self.first is None:
            self.first = link.index, link.prev
            self.fold.first_prev = link.prev
        due = self.fold.next_seq
        self.faults += self.fold.feed(link)
        if link.seq < due:  # a fork: the chain goes on without it
            return
        if link.seq == due and not self._early:
            self.before[link.index] = self._end
            self._end = link.index
            return
        self._early.append((link.seq, link.index))
        self._highest = max(self._highest, link.seq)
        if self.fold.next_seq > self._highest:
            self.finish()

    def last_before_hole(self, seq: int) -> int:
        """The index of the last record from number `seq` on, up to which none is missing; before `finish`."""
        first = next((hole.first for hole in self.fold.holes() if hole.first > seq), None)
        if first == self.fold.next_seq or not self._early:
            return self._end
        listed = dict(self._early)
        return listed[max(listed) if first is None else first - 1]

    def finish(self) -> None:
        """Links what is listed, over the holes that are left."""
        for _, index in sorted(self._early):
            self.before[index] = self._end
            self._end = index
        self._early.clear()
