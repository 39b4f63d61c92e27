"""How long passages waited for something, by month, from days alone; whole days and halves, no floats.

Rules, in the order of the code:
 1. A wait is the day it ended minus the day it began. A wait that has not ended is *open*: longer than
    any number of days we know of, and at least as long as from its day to the last day that the source
    tells of.
 2. Waits are grouped by the month in which they began (UTC).
 3. The median is the middle value, or the mean of the two middle ones. It is known where it is the same
    whether the open waits end at once or never; else only its lower bound is known, and no median is
    printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from safeconduct.core.kernel.instant import print_day

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Wait:
    """From the day on which one passage began to wait to the day on which it stopped, if it did."""

    began_s: int
    ended_s: int | None


@dataclass(frozen=True, slots=True)
class MonthOfWaits:
    """The waits that began in one month, `2022-10`: how many, how many ended, and the middle one.

    No median: too many are still open for it to be known.
    """

    month: str
    begun: int
    ended: int
    median_days: Fraction | None
    at_least_days: Fraction


def median_waits(waits: Iterable[Wait], *, told_until_s: int) -> tuple[MonthOfWaits, ...]:
    """One summary for each month in which waits began, oldest first; `told_until_s`: the last day told of."""
    months: defaultdict[str, list[Wait]] = defaultdict(list)
    for wait in waits:
        months[print_day(wait.began_s)[:7]].append(wait)  # 2
    return tuple(_summary(month, months[month], told_until_s) for month in sorted(months))


def _summary(month: str, waits: list[Wait], told_until_s: int) -> MonthOfWaits:
    ended = [_days(wait.began_s, wait.ended_s) for wait in waits if wait.ended_s is not None]
    still_open = [_days(wait.began_s, told_until_s) for wait in waits if wait.ended_s is None]  # 1
    beyond = max(ended + still_open) + 1
    least, most = _median(ended + still_open), _median(ended + [beyond] * len(still_open))
    return MonthOfWaits(month, len(waits), len(ended), least if least == most else None, least)  # 3


def _days(began_s: int, ended_s: int) -> int:
    return ended_s // DAY_S - began_s // DAY_S


def _median(days: list[int]) -> Fraction:
    ordered = sorted(days)
    low, high = ordered[(len(days) - 1) // 2], ordered[len(days) // 2]
    return Fraction(low + high, 2)
