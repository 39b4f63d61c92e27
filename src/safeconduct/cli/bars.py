"""Waits by month as bars in a terminal: whole days and halves, from zero; what is not known is hatched."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from safeconduct.core.kernel.instant import print_day
from safeconduct.core.passage.waits import MonthOfWaits

_CELLS_A_DAY = 2
_WIDEST = 48
_BAR, _NOT_KNOWN = "█", "▒"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def bars(months: Iterable[MonthOfWaits]) -> list[str]:
    """One line for each month: its bar, its median, and how many it rests on."""
    return [_bar(month) for month in months]


def days(number: Fraction) -> str:
    """`8`, `7½`: a median of whole days has no other part."""
    whole, rest = divmod(number, 1)
    return f"{whole}{'½' if rest else ''}"


def day(start_s: int) -> str:
    """`17 March 2023`."""
    year, month, number = print_day(start_s).split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"


def _bar(month: MonthOfWaits) -> str:
    year, number = month.month.split("-")
    name = f"{_MONTHS[int(number) - 1][:3]} {year}"
    cells = min(int(month.at_least_days * _CELLS_A_DAY), _WIDEST)
    if month.median_days is None:
        known = f"{month.ended} of {month.begun} inspected when the source ends"
        return f"{name}  {_NOT_KNOWN * cells} not known, {days(month.at_least_days)} or more: {known}"
    return f"{name}  {_BAR * cells} {days(month.median_days)}  ({month.begun})"
