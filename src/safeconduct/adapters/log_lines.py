"""What a program that runs for years says of itself: one JSON object a line, on standard error.

Rules:
 1. A line has `time` (UTC), `event`, and fields of the event. Words that somebody else sent stand in it as JSON
    writes them, in ASCII: none of them begins a line or moves a cursor.
 2. A line is written as a whole, by whichever thread. Where nobody takes it, it is lost, and stops nothing.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from safeconduct.adapters.clock import SystemClock
from safeconduct.core.kernel.instant import print_instant
from safeconduct.service.ports import Clock


@dataclass(frozen=True, slots=True)
class LogLines:
    """Called with an event's name and its fields."""

    clock: Clock = field(default_factory=SystemClock)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: str, **fields: object) -> None:
        """One line."""
        line = json.dumps({"time": print_instant(self.clock.now()), "event": event, **fields})
        with self._one, suppress(OSError, ValueError):  # ValueError: it was closed
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
