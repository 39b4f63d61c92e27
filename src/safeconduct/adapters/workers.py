"""Processors for the auditor: this process alone, or several forked from it."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeVar

from safeconduct.core.kernel.errors import Unavailable

_Context = TypeVar("_Context")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

_IN_HAND = 3
"""Tasks per process under way or waiting: enough to keep it busy, few enough to keep memory small."""

_M_MMAP_THRESHOLD, _LARGE = -3, 2**19


@dataclass(frozen=True, slots=True)
class SerialWorkers:
    """This process, one task after the other."""

    def map(
        self, function: Callable[[_Context, _Task], _Result], tasks: Iterable[_Task], context: _Context
    ) -> Iterator[_Result]:
        """Each result when it is asked for."""
        return (function(context, task) for task in tasks)


@dataclass(frozen=True, slots=True)
class ForkWorkers:
    """Processes forked at each `map`: the context is theirs without being sent. None: one per processor."""

    processes: int | None = None

    def map(
        self, function: Callable[[_Context, _Task], _Result], tasks: Iterable[_Task], context: _Context
    ) -> Iterator[_Result]:
        """Each result in its turn."""
        count = self.processes or len(os.sched_getaffinity(0))
        waiting = iter(tasks)
        first = list(islice(waiting, _IN_HAND * count))
        if count == 1 or len(first) <= 1:
            yield from SerialWorkers().map(function, chain(first, waiting), context)
            return
        _give_back()
        gc.freeze()  # what exists now is not walked in the children, so their pages stay shared
        pool = ProcessPoolExecutor(
            min(count, len(first)), multiprocessing.get_context("fork"), _start, (function, context)
        )
        try:
            yield from _in_order(pool, first, waiting)
        except BrokenProcessPool as error:
            raise Unavailable(
                "a worker process ended without an answer", next_step="Free some memory, then repeat"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
            gc.unfreeze()


def _give_back() -> None:
    """From now on glibc gives a large block back when it is freed. Else it keeps them, and every fork copies them."""
    with suppress(AttributeError, OSError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def _in_order(pool: ProcessPoolExecutor, first: list[Any], waiting: Iterator[Any]) -> Iterator[Any]:
    """Keeps a few tasks in hand for each process, and gives results in the order of the tasks."""
    in_hand: deque[Future[Any]] = deque(pool.submit(_run, task) for task in first)
    while in_hand:
        yield in_hand.popleft().result()
        in_hand.extend(pool.submit(_run, task) for task in islice(waiting, 1))


_work: tuple[Callable[[Any, Any], Any], Any] | None = None
"""In a forked process: the function and its context."""


def _start(function: Callable[[Any, Any], Any], context: Any) -> None:
    global _work  # noqa: PLW0603 - a forked process has one job, and gets it before its first task
    _work = function, context


def _run(task: Any) -> Any:
    function, context = _work  # type: ignore[misc]  # set by _start before any task
    return function(context, task)
