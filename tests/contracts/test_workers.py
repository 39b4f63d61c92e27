"""Every implementation of `Workers` keeps the promises of `verify/ports.py`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from threading import Lock

import pytest

from safeconduct.adapters.workers import ForkWorkers, SerialWorkers
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.verify.ports import Workers

IMPLEMENTATIONS = [SerialWorkers(), ForkWorkers(1), ForkWorkers(2), ForkWorkers(3), ForkWorkers()]


def add(context: list[int], task: int) -> int:
    time.sleep(0.001 * (task % 3))  # later tasks may be ready first
    return context[0] + task


def refuse_five(context: None, task: int) -> int:
    if task == 5:
        raise Malformed("five", where="task 5", next_step="Write another", rule="some.rule")
    return task


def end_without_an_answer(context: None, task: int) -> int:
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


@pytest.fixture(params=IMPLEMENTATIONS, ids=repr)
def workers(request: pytest.FixtureRequest) -> Workers:
    given: Workers = request.param
    return given


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_results_come_in_the_order_of_the_tasks(workers: Workers, count: int) -> None:
    assert list(workers.map(add, iter(range(count)), [100])) == list(range(100, 100 + count))


def test_an_error_is_raised_whole_at_its_tasks_turn_and_nothing_after(workers: Workers) -> None:
    results = workers.map(refuse_five, range(20), None)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(Malformed) as caught:
        next(results)
    fault = caught.value.faults[0]
    assert (fault.message, fault.where, fault.rule) == ("five", "task 5", "some.rule")
    assert list(results) == []


def test_the_context_is_there_without_being_sent(workers: Workers) -> None:
    assert list(workers.map(is_there, range(3), Lock())) == [True] * 3  # a lock cannot be sent


def is_there(context: object, task: int) -> bool:
    return context is not None


def test_tasks_are_taken_as_they_are_needed(workers: Workers) -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for task in range(10_000):
            taken.append(task)
            yield task

    results = workers.map(add, tasks(), [0])
    assert next(results) == 0
    assert len(taken) < 1_000
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("processes", [2, None])
def test_a_process_that_ends_without_an_answer_is_unavailable(processes: int | None) -> None:
    with pytest.raises(Unavailable, match="without an answer"):
        list(ForkWorkers(processes or 2).map(end_without_an_answer, range(6), None))
