"""The chain of each key (core/record/chain), and which record comes before which under one key.

Records come in log order. A chain in order holds its end; only what came too early, or late, is listed until the
numbers below it are there.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from safeconduct.core.record.chain import ChainFault, Hole, KeyChain, Link
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
        is_second = link.seq != due and self.fold.has(link.seq)
        self.faults += self.fold.feed(link)
        if is_second:  # a fork: the chain goes on without it
            return
        if link.seq == due and not self._early:
            self.before[link.index] = self._end
            self._end = link.index
            return
        self._early.append((link.seq, link.index))
        self._highest = max(self._highest, link.seq)
        if self.fold.next_seq > self._highest:
            self.finish()

    def forget_past(self, seq: int) -> None:
        """What is past this number is no evidence, and shows no hole."""
        self.fold.forget_past(seq)
        self._early = [(number, index) for number, index in self._early if number <= seq]

    def runs(self) -> list[tuple[int, Hole | None]]:
        """The index of the last record of each run of numbers, and the hole after it; before `finish`."""
        listed = dict(self._early)
        runs: list[tuple[int, Hole | None]] = [
            (listed.get(hole.first - 1, self._end), hole) for hole in self.fold.holes()
        ]
        return [*runs, (listed[max(listed)] if listed else self._end, None)]

    def finish(self) -> None:
        """Links what is listed, over the holes that are left."""
        for _, index in sorted(self._early):
            self.before[index] = self._end
            self._end = index
        self._early.clear()
