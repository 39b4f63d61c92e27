"""A clock that stands still until it is moved by hand."""

from __future__ import annotations

from safeconduct.core.kernel.instant import print_instant

FIRST_MORNING = 1_772_344_800
"""2026-03-01T06:00:00Z, when every simulated corridor begins."""


class HandClock:
    """Seconds since 1970, moved forward by whoever tells the story."""

    def __init__(self, start: int = FIRST_MORNING) -> None:
        self._now = start

    def now(self) -> int:
        """The instant at which the clock stands."""
        return self._now

    def advance(self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> None:
        """Move on; a negative sum turns it back, as a restored machine may."""
        self._now += 86_400 * days + 3_600 * hours + 60 * minutes + seconds

    def set(self, instant: int) -> None:
        """Stand at `instant`."""
        self._now = instant

    def __str__(self) -> str:
        return print_instant(self._now)
