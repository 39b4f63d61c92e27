"""When was it? What dated heads prove about the time of a record (RECORD §5).

Rules:
 1. A head's time is raised to that of every smaller head; of several times of one size, the earliest counts.
 2. A record that saw a head lies after that head's time; any record lies before the first dated head over it.
 3. Occurrence: `iat` clamped into these bounds, then not before the key's earlier records, then not before
    a record that it names, as far as the upper bound allows: that is proved, the others are claims. Where `at`
    tells it, that claim: bounded from above only, outside the key's order.
 4. Two records have a proved order where their bounds do not overlap.
 5. Now is the time of the newest dated head. A limit that the agreement leaves unset never passes.

These are the rules for one record. The auditor applies rule 3 to a whole log at once (verify/occurrence).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Bounds(NamedTuple):
    """What is proved about an instant: not before `after`, not after `before`; None is open."""

    after: int | None = None
    before: int | None = None

    def certainly_before(self, other: Bounds) -> bool:
        """Rule 4. Touching bounds do not overlap: one head is over this record, and was seen by the other."""
        return self.before is not None and other.after is not None and self.before <= other.after


def clamp(instant: int, lower: int | None, upper: int | None) -> int:
    """`instant`, moved into the bounds; None is open."""
    raised = instant if lower is None else max(instant, lower)
    return raised if upper is None else min(raised, upper)


def occurrence(
    iat: int,
    bounds: Bounds,
    *,
    at: int | None = None,
    key_maximum: int | None = None,
    named_maximum: int | None = None,
) -> int:
    """Rule 3. `at` is the claim, of a span its start; the maxima are occurrences of other records."""
    if at is not None:
        return clamp(at, None, bounds.before)
    latest = max(time for time in (iat, key_maximum, named_maximum) if time is not None)
    return clamp(latest, bounds.after, bounds.before)


@dataclass(slots=True)
class HeadTimes:
    """Which sizes of the log existed when: the heads that a full quorum cosigned."""

    _sizes: list[int] = field(default_factory=list)
    _own: list[int] = field(default_factory=list)
    _raised: list[int] = field(default_factory=list)

    def add(self, size: int, time: int) -> None:
        """A head of `size` that a quorum had cosigned by `time`. Any order; ascending is fastest."""
        place = bisect_left(self._sizes, size)
        if place < len(self._sizes) and self._sizes[place] == size:
            self._own[place] = min(self._own[place], time)
        else:
            self._sizes.insert(place, size)
            self._own.insert(place, time)
            self._raised.insert(place, time)
        highest = self._raised[place - 1] if place else self._own[0]
        for later in range(place, len(self._sizes)):  # 1
            highest = max(highest, self._own[later])
            self._raised[later] = highest

    def time_of(self, size: int) -> int | None:
        """Rule 2: before this time no record lies that saw a head of `size`; None where no head tells."""
        place = bisect_right(self._sizes, size)
        return self._raised[place - 1] if place else None

    def first_covering(self, index: int) -> int | None:
        """Rule 2: the time of the first dated head over the entry `index`."""
        place = bisect_right(self._sizes, index)
        return self._raised[place] if place < len(self._sizes) else None

    def first_after(self, time: int) -> int | None:
        """The size of the first head that is dated after `time`."""
        place = bisect_right(self._raised, time)
        return self._sizes[place] if place < len(self._sizes) else None

    @property
    def now(self) -> int | None:
        """Rule 5."""
        return self._raised[-1] if self._raised else None

    def bounds(self, index: int, seen_size: int | None) -> Bounds:
        """Rule 2, for the entry `index` whose signer saw a head of `seen_size`."""
        return Bounds(None if seen_size is None else self.time_of(seen_size), self.first_covering(index))

    def has_passed(self, since: int | None, limit_s: int | None) -> bool:
        """Whether Now is more than a limit after `since`."""
        now = self.now
        return now is not None and since is not None and limit_s is not None and now - since > limit_s
