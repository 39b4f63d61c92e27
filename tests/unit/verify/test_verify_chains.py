from __future__ import annotations

from itertools import permutations

import pytest

from safeconduct.core.record.chain import Link
from safeconduct.verify.chains import Chain
from safeconduct.verify.slots import NONE, words


def leaf(seq: int) -> bytes:
    return bytes([seq + 1]) * 32


def fed(order: list[int]) -> Chain:
    """The records with these numbers, in this order of arrival."""
    chain = Chain(words(len(order)))
    for index, seq in enumerate(order):
        chain.feed(Link(seq, leaf(seq), leaf(seq - 1) if seq else b"", index))
    return chain


@pytest.mark.parametrize("order", tuple(permutations(range(4))))
def test_each_record_follows_the_one_with_the_number_before(order: tuple[int, ...]) -> None:
    chain = fed(list(order))
    chain.finish()
    place = {seq: index for index, seq in enumerate(order)}
    assert [chain.before[place[seq]] for seq in range(4)] == [NONE, place[0], place[1], place[2]]
    assert chain.faults == []
    assert chain.first == (place[0], b"")


def runs(chain: Chain) -> list[tuple[int, int | None]]:
    """The last record of each run, and the number that is missing after it."""
    return [(last, None if hole is None else hole.first) for last, hole in chain.runs()]


def test_over_a_hole_the_next_one_that_is_there_follows() -> None:
    chain = fed([0, 1, 4, 3, 7])
    assert runs(chain) == [(1, 2), (2, 5), (4, None)]
    chain.finish()
    assert list(chain.before) == [NONE, 0, 3, 1, 2]


def test_a_run_ends_at_its_last_record_whatever_came_first() -> None:
    assert runs(fed([0, 2, 4, 1])) == [(1, 3), (2, None)]
    assert runs(fed([0, 1, 2])) == [(2, None)]


def test_what_is_past_the_last_good_number_shows_no_hole() -> None:
    chain = fed([0, 1, 4, 3, 200])
    chain.forget_past(4)
    assert runs(chain) == [(1, 2), (2, None)]
    chain.forget_past(-1)
    assert runs(chain) == [(1, None)]


def test_a_fork_is_a_fault_and_follows_nothing() -> None:
    chain = fed([0, 1, 2])
    chain.before.append(NONE)
    chain.feed(Link(1, b"z" * 32, leaf(0), 3))
    assert [(fault.rule, fault.index) for fault in chain.faults] == [("chain.fork", 3)]
    assert list(chain.before) == [NONE, 0, 1, NONE]


def test_a_fork_of_a_record_that_came_early_follows_nothing_either() -> None:
    chain = fed([0, 2])
    chain.before.append(NONE)
    chain.feed(Link(2, b"z" * 32, leaf(1), 2))
    assert runs(chain) == [(0, 1), (1, None)]
    chain.finish()
    assert list(chain.before) == [NONE, 0, NONE]
