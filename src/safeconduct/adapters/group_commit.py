"""Many callers, one commit: whatever waits while a batch is being committed is the next batch.

Promises:
 1. `work` runs in one thread, on one batch at a time, of the calls in their order. A call is never split.
 2. `submit` returns the outcomes of its own submissions, in their order, after `work` returned; or raises what
    `work` raised: then each caller of that batch gets it. Nothing is handed to `work` twice.
 3. Bounded: a batch has at most `most` submissions, or is one call; at most `8 * most` wait, then `Unavailable`.
 4. `stop` takes no more, works off what waits, and returns once that is done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.service.admission import Outcome

Item = TypeVar("Item")
_WAITING = 8


@dataclass(slots=True)
class _Call(Generic[Item]):
    """One caller who waits."""

    submissions: tuple[Item, ...]
    done: threading.Event = field(default_factory=threading.Event)
    outcomes: list[Outcome] = field(default_factory=list)
    error: BaseException | None = None


class GroupCommit(Generic[Item]):
    """Starts its thread; `stop` ends it."""

    def __init__(self, work: Callable[[Sequence[Item]], list[Outcome]], *, most: int = 1024) -> None:
        """`work` puts a batch into the log."""
        self._work, self._most = work, most
        self._changed = threading.Condition()
        self._calls: deque[_Call[Item]] = deque()
        self._waiting = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="group commit", daemon=True)
        self._thread.start()

    def submit(self, submissions: Sequence[Item]) -> list[Outcome]:
        """Blocks until they are committed."""
        call = _Call(tuple(submissions))
        if not call.submissions:
            return []
        with self._changed:
            if self._stopped:
                raise Unavailable("this server is stopping", next_step="Repeat the same call in a moment")
            if self._calls and self._waiting + len(call.submissions) > _WAITING * self._most:
                raise Unavailable(
                    "too many records are waiting", next_step="Repeat the same call in a moment"
                )
            self._calls.append(call)
            self._waiting += len(call.submissions)
            self._changed.notify()
        call.done.wait()
        if call.error is not None:
            raise _for_one_caller(call.error)
        return call.outcomes

    def stop(self) -> None:
        """Promise 4."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            self._commit(batch)

    def _next(self) -> list[_Call[Item]]:
        """The calls of the next batch; none once it is stopped and nothing waits."""
        with self._changed:
            while not self._calls and not self._stopped:
                self._changed.wait()
            batch: list[_Call[Item]] = []
            size = 0
            while self._calls and (not batch or size + len(self._calls[0].submissions) <= self._most):
                batch.append(self._calls.popleft())
                size += len(batch[-1].submissions)
            self._waiting -= size
            return batch

    def _commit(self, batch: list[_Call[Item]]) -> None:
        submissions = [each for call in batch for each in call.submissions]
        try:
            answered = list(zip(submissions, self._work(submissions), strict=True))
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            for call in batch:
                call.error = error
        else:
            outcomes = (outcome for _, outcome in answered)
            for call in batch:
                call.outcomes = list(islice(outcomes, len(call.submissions)))
        for call in batch:
            call.done.set()


def _for_one_caller(error: BaseException) -> BaseException:
    """An error of its own for each thread, where it is ours: a trace grows while it is raised."""
    return type(error).of(error.faults) if isinstance(error, SafeconductError) else error
