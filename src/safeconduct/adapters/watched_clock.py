"""The clock of this machine, watched: a jump against the time that really passed is told, once each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

JUMP_S = 30
"""Less than this is somebody keeping the clock right."""

_PASSING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where the system has such a clock."""


def passing() -> float:
    """Seconds since some moment, whatever the clock is set to."""
    return time.clock_gettime(_PASSING)


@dataclass(slots=True)
class WatchedClock:
    """`jumped(now, seconds)`: the clock went on by so much more (or less) than the time since it was last asked."""

    jumped: Callable[[int, int], None]
    shows: Callable[[], float] = time.time
    passes: Callable[[], float] = passing
    _last: tuple[float, float] | None = field(default=None)

    def now(self) -> int:
        """POSIX seconds."""
        shown, passed = self.shows(), self.passes()
        before, self._last = self._last, (shown, passed)
        if before is not None:
            seconds = round((shown - before[0]) - (passed - before[1]))
            if abs(seconds) > JUMP_S:
                self.jumped(int(shown), seconds)
        return int(shown)
