"""What follows each commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from safeconduct.adapters.follower import Follower
from safeconduct.core.kernel.errors import SafeconductError, Unavailable


def soon(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_after_each_wake_the_work_begins_once_more_and_many_are_one() -> None:
    runs: list[int] = []
    go_on, begun = threading.Event(), threading.Event()

    def work() -> None:
        runs.append(1)
        begun.set()
        assert go_on.wait(10)

    follower = Follower(work, rest_s=0)
    follower.wake()
    assert begun.wait(10)
    for _ in range(5):
        follower.wake()
    go_on.set()
    soon(lambda: len(runs) == 2)
    follower.stop()
    assert len(runs) == 2


def test_at_its_beat_the_work_begins_although_nobody_asks() -> None:
    runs: list[int] = []
    follower = Follower(lambda: runs.append(1), every_s=0.01, rest_s=0)
    soon(lambda: len(runs) > 2)
    follower.stop()
    done = len(runs)
    time.sleep(0.05)
    assert len(runs) == done
    silent = Follower(lambda: runs.append(1), rest_s=0)
    time.sleep(0.05)
    silent.stop()
    assert len(runs) == done


@pytest.mark.parametrize("error", [Unavailable("no disk"), ZeroDivisionError("private")])
def test_what_failed_is_said_and_done_again_until_it_is_done(error: Exception) -> None:
    failing = [error, error]
    seen: list[SafeconductError | None] = []
    follower: Follower

    def work() -> None:
        seen.append(follower.error)
        if failing:
            raise failing.pop()

    follower = Follower(work, pause_s=0.01, rest_s=0)
    follower.wake()
    soon(lambda: len(seen) == 3)
    follower.stop()
    assert follower.error is None
    assert isinstance(seen[1], Unavailable)
    assert "private" not in str(seen[1])


def test_stopping_does_what_was_asked_for_and_nothing_else() -> None:
    runs: list[int] = []
    follower = Follower(lambda: runs.append(1), rest_s=60)
    follower.wake()
    follower.stop()
    assert runs == [1]
    Follower(lambda: runs.append(2), rest_s=60).stop()
    assert runs == [1]


def test_what_fails_to_the_end_does_not_keep_the_process() -> None:
    def work() -> None:
        raise Unavailable("no disk")

    follower = Follower(work, pause_s=60)
    follower.wake()
    soon(lambda: follower.error is not None)
    follower.stop()
    assert follower.error is not None
