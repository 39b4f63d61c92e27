"""The clock of this machine, and one that stands still until it is moved."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SystemClock:
    """What the machine's clock says."""

    def now(self) -> int:
        """POSIX seconds."""
        return int(time.time())


@dataclass(slots=True)
class FixedClock:
    """A clock moved by hand."""

    seconds: int

    def now(self) -> int:
        """POSIX seconds."""
        return self.seconds
