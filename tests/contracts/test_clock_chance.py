from __future__ import annotations

import time

import pytest

from safeconduct.adapters.chance import SeededChance, SystemChance
from safeconduct.adapters.clock import FixedClock, SystemClock
from safeconduct.service.ports import Chance


def test_1_now_is_whole_posix_seconds() -> None:
    before = int(time.time())
    now = SystemClock().now()
    assert isinstance(now, int)
    assert before <= now <= time.time()


def test_a_fixed_clock_moves_by_hand_only() -> None:
    clock = FixedClock(5)
    assert clock.now() == clock.now() == 5
    clock.seconds = 6
    assert clock.now() == 6


@pytest.fixture(params=[SystemChance(), SeededChance(b"seed")], ids=["system", "seeded"])
def chance(request: pytest.FixtureRequest) -> Chance:
    found: Chance = request.param
    return found


@pytest.mark.parametrize("n", [0, 1, 16, 32, 33, 100])
def test_1_there_are_as_many_bytes_as_asked_for(chance: Chance, n: int) -> None:
    assert len(chance.bytes("name", n)) == n


def test_1_another_name_gives_other_bytes(chance: Chance) -> None:
    assert chance.bytes("one", 32) != chance.bytes("two", 32)


def test_2_seeded_chance_is_hmac_of_the_name() -> None:
    # RFC 4231 test case 2
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert SeededChance(b"Jefe").bytes("what do ya want for nothing?", 32).hex() == expected
    assert SeededChance(b"a").bytes("name", 40) == SeededChance(b"a").bytes("name", 40)
    assert SeededChance(b"a").bytes("name", 40) != SeededChance(b"b").bytes("name", 40)
    assert SeededChance(b"a").bytes("name", 64)[:32] == SeededChance(b"a").bytes("name", 32)
