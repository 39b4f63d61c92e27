"""A clock that stands still until it is moved by hand."""

from __future__ import annotations

from collections.abc import Callable

from safeconduct.core.kernel.instant import print_instant

FIRST_MORNING = 1_772_344_800
"""2026-03-01T06:00:00Z, when every simulated corridor begins."""


class HandClock:
    """Seconds since 1970, moved by whoever tells the story."""

    def __init__(
        self, start: int = FIRST_MORNING, *, before_moving: Callable[[], None] = lambda: None
    ) -> None:
        """Stands at `start`; before it is moved, `before_moving` settles what belongs to the time before."""
        self._now = start
        self._before_moving = before_moving

    def now(self) -> int:
        """The instant at which the clock stands."""
        return self._now

    def tick(self, seconds: int) -> None:
        """Go on by a little, while the work goes on."""
        self._now += seconds

    def advance(self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> None:
        """Move on."""
        self.set(self._now + 86_400 * days + 3_600 * hours + 60 * minutes + seconds)

    def set(self, instant: int) -> None:
        """Stand at `instant`, which may lie before."""
        self._before_moving()
        self._now = instant

    def __str__(self) -> str:
        return print_instant(self._now)
