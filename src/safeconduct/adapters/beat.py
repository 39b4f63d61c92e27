"""What is done again and again, whether or not anybody asks: one thread.

Promises:
 1. `work` begins after each rest, never twice at once.
 2. An error ends nobody: `error` holds the newest one until a run succeeds.
 3. `stop` returns once no run is going on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Beat:
    """Starts its thread; `stop` ends it."""

    def __init__(self, work: Callable[[], object], *, every_s: float) -> None:
        """`work` may be repeated at any time."""
        self.error: Exception | None = None
        self._work, self._every_s = work, every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Promise 3."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._work()
                self.error = None
            except Exception as error:  # noqa: BLE001 - the next beat comes all the same
                self.error = error
