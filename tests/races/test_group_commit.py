"""Many callers, one thread that commits: nothing lost, nothing doubled, nobody left waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from safeconduct.adapters.group_commit import GroupCommit
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.service.admission import Outcome
from safeconduct.service.sequence import Submission


def answer(submission: Submission) -> Outcome:
    """An outcome that says whose it is."""
    return Outcome(refusal=submission.entry.decode())


class Log:
    """What was committed, in batches; can be held, and can break."""

    def __init__(self, *, breaks_with: BaseException | None = None) -> None:
        self.batches: list[list[bytes]] = []
        self.open = threading.Event()
        self.open.set()
        self.busy = threading.Event()
        self.breaks_with = breaks_with
        self.threads: set[int] = set()

    def work(self, submissions: Sequence[Submission]) -> list[Outcome]:
        self.threads.add(threading.get_ident())
        self.busy.set()
        self.open.wait(10)
        self.batches.append([each.entry for each in submissions])
        if self.breaks_with is not None:
            raise self.breaks_with
        return [answer(each) for each in submissions]


@contextmanager
def group(
    work: Callable[[Sequence[Submission]], list[Outcome]], *, most: int = 1024
) -> Iterator[GroupCommit[Submission]]:
    commit = GroupCommit(work, most=most)
    try:
        yield commit
    finally:
        commit.stop()


def calls(*names: str) -> list[Submission]:
    return [Submission(name.encode()) for name in names]


def said(outcomes: Sequence[Outcome]) -> list[str | None]:
    return [each.refusal for each in outcomes]


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def held(
    log: Log, commit: GroupCommit[Submission], pool: ThreadPoolExecutor
) -> Iterator[Future[list[Outcome]]]:
    """While one call is being committed; the others wait until the end of the block."""
    log.open.clear()
    first = pool.submit(commit.submit, calls("first"))
    assert log.busy.wait(10)
    yield first
    log.open.set()


def test_2_each_caller_gets_its_own_outcomes_in_their_order() -> None:
    log = Log()
    with group(log.work) as commit, ThreadPoolExecutor(16) as pool:
        asked = [[f"{caller}/{number}" for number in range(1 + caller % 3)] for caller in range(200)]
        answers = list(pool.map(lambda names: said(commit.submit(calls(*names))), asked))
    assert answers == asked
    committed = [entry.decode() for batch in log.batches for entry in batch]
    assert sorted(committed) == sorted(name for names in asked for name in names)
    assert len(log.threads) == 1


def test_1_3_what_waits_is_one_batch_and_no_call_is_split() -> None:
    log = Log()
    with group(log.work, most=5) as commit, ThreadPoolExecutor(16) as pool:
        with held(log, commit, pool) as first:
            waiting = []
            for names in (("a", "b"), ("c", "d"), ("e", "f"), tuple("ghijklm"), ("n",)):
                waiting.append(pool.submit(commit.submit, calls(*names)))
                wait_until(lambda: len(commit._calls) == len(waiting))
        assert said(first.result(10)) == ["first"]
        assert [said(call.result(10)) for call in waiting][-2:] == [list("ghijklm"), ["n"]]
    assert log.batches == [
        [b"first"],
        [b"a", b"b", b"c", b"d"],
        [b"e", b"f"],
        list(b"g h i j k l m".split()),
        [b"n"],
    ]


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("x"), Unavailable("full"), SystemExit(3), Conflict("size")]
)
def test_2_what_work_raises_reaches_every_caller_of_its_batch_and_the_next_batch_goes_on(
    error: BaseException,
) -> None:
    log = Log()
    with group(log.work) as commit, ThreadPoolExecutor(16) as pool:
        with held(log, commit, pool):
            waiting = [pool.submit(commit.submit, calls(f"{caller}")) for caller in range(10)]
            wait_until(lambda: len(commit._calls) == 10)
            log.breaks_with = error
        raised = [call.exception(10) for call in waiting]
        assert [type(each) for each in raised] == [type(error)] * 10
        assert [str(each) for each in raised] == [str(error)] * 10
        log.breaks_with = None
        assert said(commit.submit(calls("next"))) == ["next"]


def test_2_all_faults_of_an_error_reach_each_caller_in_an_error_of_its_own() -> None:
    error = Malformed.of(Malformed("one").faults + Malformed("two").faults)
    with group(Log(breaks_with=error).work) as commit:
        with pytest.raises(Malformed) as raised:
            commit.submit(calls("a"))
        assert raised.value.faults == error.faults
        assert raised.value is not error


def test_2_work_that_answers_too_few_is_a_defect_and_no_answer() -> None:
    with (
        group(lambda submissions: [answer(each) for each in submissions[1:]]) as commit,
        pytest.raises(ValueError, match="shorter"),
    ):
        commit.submit(calls("a", "b"))


def test_3_too_much_that_waits_is_turned_away_and_none_of_it_is_committed() -> None:
    log = Log()
    with group(log.work, most=2) as commit, ThreadPoolExecutor(4) as pool:
        with held(log, commit, pool):
            waiting = [
                pool.submit(commit.submit, calls(*"abcdefgh")),
                pool.submit(commit.submit, calls(*"ijklmnop")),
            ]
            wait_until(lambda: commit._waiting == 16)
            with pytest.raises(Unavailable, match="too many"):
                commit.submit(calls("late"))
        assert [len(call.result(10)) for call in waiting] == [8, 8]
    assert b"late" not in [entry for batch in log.batches for entry in batch]


def test_3_one_call_may_be_larger_than_a_batch() -> None:
    log = Log()
    with group(log.work, most=2) as commit:
        assert len(commit.submit(calls(*(f"{number}" for number in range(100))))) == 100
    assert len(log.batches) == 1


def test_4_stop_works_off_what_waits_and_takes_no_more() -> None:
    log = Log()
    with group(log.work, most=1) as commit, ThreadPoolExecutor(8) as pool:
        with held(log, commit, pool):
            waiting = [pool.submit(commit.submit, calls(f"{caller}")) for caller in range(5)]
            wait_until(lambda: len(commit._calls) == 5)
            stopping = pool.submit(commit.stop)
            wait_until(lambda: commit._stopped)
            with pytest.raises(Unavailable, match="stopping"):
                commit.submit(calls("late"))
        stopping.result(10)
        assert len(log.batches) == 6
        assert sorted(str(said(call.result(10))[0]) for call in waiting) == ["0", "1", "2", "3", "4"]


def test_nothing_is_no_batch() -> None:
    log = Log()
    with group(log.work) as commit:
        assert commit.submit([]) == []
    assert log.batches == []
