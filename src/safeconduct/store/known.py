"""What holds for all passages at one size of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from safeconduct.core.agreement.closing import until_the_end
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.passage.fold import Shift, Watch
from safeconduct.core.record.time import HeadTimes
from safeconduct.service.stretches import Stretch
from safeconduct.store.projected import HeadTold, Tables


@dataclass(frozen=True, slots=True)
class Known:
    """What holds for all passages, as the first `size` entries leave it."""

    size: int
    ring: Keyring
    heads_told: tuple[HeadTold, ...]
    dated: tuple[tuple[int, int], ...]
    """Size and time of each dated head, ascending."""
    stretches: Mapping[int, Stretch]

    @classmethod
    def of(
        cls, size: int, ring: Keyring, heads: Iterable[HeadTold], stretches: Mapping[int, Stretch]
    ) -> Self:
        """With the heads dated: each has the time by which a quorum had cosigned it."""
        told = tuple(heads)
        dated = until_the_end(ring.closed_from, _dated(told, ring.founding))
        return cls(size, ring, told, tuple(dated), stretches)

    @classmethod
    def read(cls, tables: Tables, size: int, ring: Keyring) -> Self:
        """As the tables have it."""
        return cls.of(size, ring, tables.heads(), tables.stretches())

    def heads(self) -> HeadTimes:
        """The dated heads."""
        times = HeadTimes()
        for size, time in self.dated:
            times.add(size, time)
        return times

    def shifts(self, heads: HeadTimes) -> dict[int, Shift]:
        """Every watch."""
        limits = {one.agreement.version: one.agreement.limits.offline_limit_s for one in self.ring.versions}
        return {number: one.shift(heads, limits.get(one.agr)) for number, one in self.stretches.items()}

    def observed(self, shifts: Mapping[int, Shift]) -> Watch:
        """All watches; in a replay nothing is judged but what they list."""
        kinds = frozenset[str]().union(*(shift.kinds for shift in shifts.values()))
        source = kinds if self.ring.founding.nature == "replay" else None
        return Watch.of((shifts[number] for number in sorted(shifts)), source_kinds=source)


def _dated(told: Iterable[HeadTold], founding: Founding) -> Iterator[tuple[int, int]]:
    """Heads of one size count once, with all their cosignatures, each with its earliest time."""
    by_size: dict[int, dict[str, int]] = {}
    for head in told:
        cosigned = by_size.setdefault(head.size, {})
        for name, time in head.cosigned.items():
            cosigned[name] = min(time, cosigned.get(name, time))
    for size, cosigned in sorted(by_size.items()):
        times = sorted(cosigned.values())
        if founding.quorum and len(times) >= founding.quorum:
            yield size, times[founding.quorum - 1]
