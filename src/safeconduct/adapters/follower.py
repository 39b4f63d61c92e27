"""What has to follow each commit, off the way of those who wait for it: one thread, always after the newest.

Promises:
 1. After `wake`, and with `every_s` after that long without one, `work` begins once more, after a rest since it ended.
    Several calls meanwhile are one.
 2. Where it fails it begins again after a pause, and `error` says why until it has succeeded. It stops nobody.
 3. `stop` waits for the run that was asked for, and ends the thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from safeconduct.core.kernel.errors import SafeconductError, Unavailable

_PAUSE_S, _REST_S = 10.0, 0.2
"""The rest leaves the disk to those who wait for a commit."""


class Follower:
    """Starts its thread; `stop` ends it."""

    def __init__(
        self,
        work: Callable[[], None],
        *,
        every_s: float | None = None,
        pause_s: float = _PAUSE_S,
        rest_s: float = _REST_S,
    ) -> None:
        """`work` may be repeated at any time."""
        self.error: SafeconductError | None = None
        self._work, self._every_s, self._pause_s, self._rest_s = work, every_s, pause_s, rest_s
        self._changed = threading.Condition()
        self._wanted = self._stopped = False
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was committed."""
        with self._changed:
            self._wanted = True
            self._changed.notify()

    def stop(self) -> None:
        """Promise 3."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._is_wanted():
            try:
                self._work()
                self.error = None
            except SafeconductError as error:
                self.error = error
            except Exception as error:  # noqa: BLE001 - a defect here must not end what follows later commits
                what = f"this is a defect of safeconduct: {type(error).__name__}"
                self.error = Unavailable(
                    what, next_step="Report it with this line and the log's newest entry"
                )

    def _is_wanted(self) -> bool:
        """Waits until it is; false once it is to end and nothing is left."""
        with self._changed:
            failed = self.error is not None
            self._changed.wait_for(lambda: self._stopped, self._pause_s if failed else self._rest_s)
            self._changed.wait_for(lambda: self._stopped or self._wanted or failed, self._every_s)
            wanted, self._wanted = self._wanted or not self._stopped, False
            return wanted
