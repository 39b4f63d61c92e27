"""All witnesses of a log that have an address, each asked by a thread of its own: none of them waits for another.

Promises:
 1. `cosigned` asks every witness for one head, and returns the lines that came: once there are enough (and a moment
    later, for those that are as fast), once nobody is being asked any more, or at the limit.
 2. One that fails is left alone, each time for longer, and for as long as it asks; then it is asked again for the
    newest head by itself. A line that comes after `cosigned` has returned calls `wake`.
 3. What each shows is looked at first of all, then every `look_s`, and when it says that it holds another log. A head
    of ours that may be news calls `wake`.
 4. `stop` ends every question and every thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from safeconduct.adapters.witness_client import ShownHead, WitnessClient
from safeconduct.core.kernel.errors import Conflict, SafeconductError, Unavailable
from safeconduct.core.tlog.note import Signature
from safeconduct.service.asking import Growing

ROUND_S = 10.0
START_S = 5.0
_GRACE_S, _JOIN_S = 0.25, 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited, in seconds."""

    round_s: float = ROUND_S
    """For one head."""
    grace_s: float = _GRACE_S
    """For others, once there are enough."""
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0
    look_s: float = 300.0
    """Between two looks at what a witness shows."""


class Witnesses:
    """Starts a thread for each; `stop` ends them."""

    def __init__(
        self, clients: Iterable[WitnessClient], *, wake: Callable[[], None], pace: Pace | None = None
    ) -> None:
        """`wake` is called from their threads."""
        self.pace = Pace() if pace is None else pace
        self._wake = wake
        self._changed = threading.Condition()
        self._wanted: Growing | None = None
        self._stopped = self._waiting = False
        self._asked = [_Asked(client, ShownHead(client.name)) for client in clients]
        self._threads = [
            threading.Thread(target=self._run, args=(one,), name="witness", daemon=True)
            for one in self._asked
        ]
        for thread in self._threads:
            thread.start()

    @property
    def stopped(self) -> bool:
        """Whether nobody is asked any more, though there is somebody to ask."""
        return self._stopped and bool(self._asked)

    @property
    def sources(self) -> tuple[ShownHead, ...]:
        """What they showed, for `service/rollback`."""
        return tuple(one.shown for one in self._asked)

    def errors(self) -> dict[str, SafeconductError]:
        """What is wrong with each now, by its name in the policy."""
        with self._changed:
            return {one.client.listed.name: one.error for one in self._asked if one.error is not None}

    def first_look(self, limit_s: float = START_S) -> None:
        """Waits until each has shown its head, or failed to, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: all(one.looked for one in self._asked), limit_s)

    def cosigned(self, growing: Growing, is_enough: Callable[[Sequence[Signature]], bool]) -> list[Signature]:
        """Promise 1."""
        with self._changed:
            if self._wanted is None or self._wanted.note.text != growing.note.text:
                self._wanted = growing
                self._changed.notify_all()
            self._waiting = True
            start = time.monotonic()
            self._changed.wait_for(lambda: not self._is_open() or is_enough(self._lines()), self.pace.round_s)
            left = start + self.pace.round_s - time.monotonic()
            self._changed.wait_for(lambda: not self._is_open(), max(0.0, min(self.pace.grace_s, left)))
            self._waiting = False
            return self._lines()

    def stop(self) -> None:
        """Promise 4."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for one in self._asked:
            one.client.http.cut()
        for thread in self._threads:
            thread.join(_JOIN_S)  # the system's resolver cannot be cut short

    def _lines(self) -> list[Signature]:
        text = self._text()
        return [one.line for one in self._asked if one.line is not None and one.line_over == text]

    def _is_open(self) -> bool:
        """Whether somebody may still answer soon."""
        text, now = self._text(), time.monotonic()
        return not self._stopped and any(
            one.tried != text and (one.asking or now >= one.not_before) for one in self._asked
        )

    def _text(self) -> str:
        return "" if self._wanted is None else self._wanted.note.text

    def _run(self, one: _Asked) -> None:
        while self._next(one):
            wanted = self._wanted
            if one.asking and wanted is not None:
                self._ask(one, wanted)
            else:
                self._look(one)
        one.client.http.close()

    def _next(self, one: _Asked) -> bool:
        """Waits until there is something to do; false at the end."""
        with self._changed:
            one.asking = False
            self._changed.notify_all()
            while not self._stopped:
                now, wanted = time.monotonic(), self._wanted
                if wanted is not None and wanted.note.lines_of(one.client.listed.key):
                    one.line, one.tried, one.line_over = None, wanted.note.text, wanted.note.text
                ask_at = one.not_before if one.line_over != self._text() else one.look_at
                due = min(one.look_at, ask_at)
                if now >= due:
                    one.asking = now < one.look_at
                    return True
                self._changed.wait(due - now)
            return False

    def _ask(self, one: _Asked, wanted: Growing) -> None:
        line, error = None, None
        try:
            line = one.client.cosign(wanted)
        except SafeconductError as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 - a defect here must not end the thread
            error = _defect(failed)
        with self._changed:
            one.tried, one.error = wanted.note.text, error
            if line is None:
                one.fail(self.pace)
                if isinstance(error, Conflict):  # it says that it holds another log
                    one.look_at = 0.0
            else:
                one.failures, one.not_before = 0, 0.0
                one.line, one.line_over = line, wanted.note.text
            is_late = line is not None and not self._waiting and one.line_over == self._text()
        if is_late:
            self._wake()

    def _look(self, one: _Asked) -> None:
        note, error = one.shown.note, None
        try:
            note = one.client.shown()
        except SafeconductError as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 - as above
            error = _defect(failed)
        with self._changed:
            is_news = note != one.shown.note
            one.shown.note, one.looked = note or one.shown.note, True
            one.look_at = time.monotonic() + self.pace.look_s
            if not one.failures:
                one.error = error
            is_news = is_news and one.shown.size >= (0 if self._wanted is None else self._wanted.size)
        if is_news:
            self._wake()


@dataclass(slots=True)
class _Asked:
    """One of them, and how it stands with it."""

    client: WitnessClient
    shown: ShownHead
    line: Signature | None = None
    line_over: str = ""
    """The text of the head that it cosigned last."""
    tried: str = ""
    """The text of the head that it was asked for last, to the end."""
    error: SafeconductError | None = None
    failures: int = 0
    not_before: float = 0.0
    look_at: float = 0.0
    looked: bool = False
    asking: bool = False
    """For a head of ours: what it shows is not what a round waits for."""

    def fail(self, pace: Pace) -> None:
        """It is left alone for a while."""
        self.failures += 1
        pause = min(pace.first_pause_s * 2 ** min(self.failures - 1, 16), pace.longest_pause_s)
        self.not_before = time.monotonic() + max(pause, self.client.wait_s)


def _defect(error: Exception) -> Unavailable:
    return Unavailable(
        f"this is a defect of safeconduct: {type(error).__name__}",
        next_step="Report it with this line and the witness's answer",
    )
