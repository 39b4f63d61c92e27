"""One of each kind of fault against the real server; `make torture` plays all of them, and says how many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import calls, faults
from tests.faults.processes import fresh
from tests.faults.scene import Scene, make
from tests.faults.table import Row
from tests.postgres import Postgres

SEED = 4
_MISSING = "NO STRACE HERE, FAULTS AT SYSTEM CALLS ARE SKIPPED: install strace"


@pytest.fixture(scope="module")
def there() -> Iterator[Path]:
    with calls.place() as found:
        yield found


@pytest.fixture(scope="module")
def scene(there: Path) -> Scene:
    return fresh(make, there / "corridor")


def held(*rows: Row) -> None:
    assert rows
    assert [broken for row in rows for broken in row.broken] == []


def test_a_fault_at_each_kind_of_durable_call_loses_and_doubles_nothing(scene: Scene, there: Path) -> None:
    if not calls.is_here():
        os.write(2, f"\n{_MISSING}\n".encode())
        pytest.skip(_MISSING)
    (there / "killed").mkdir()
    killed = calls.left_by_a_kill(scene, there / "killed")
    held(*faults.at_calls(scene, killed, faults.one_of_each(scene, killed, SEED)))


def test_a_flipped_bit_is_named_and_nothing_is_signed_over_it(scene: Scene) -> None:
    held(*faults.flipped(scene, each=1, seed=SEED))


def test_a_clock_that_goes_wrong_stops_signing_or_nothing(scene: Scene) -> None:
    held(*faults.moved_clock(scene))


def test_of_two_who_append_at_one_size_at_once_one_wins(scene: Scene, postgres: Postgres) -> None:
    held(*faults.two_writers(scene, postgres, rounds=4))


def test_a_served_corridor_killed_at_random_keeps_every_receipt_that_it_gave() -> None:
    held(faults.killed_serve(seconds=4, longest_s=1.2, clients=4, each=100, seed=SEED))


def test_a_postgresql_stopped_in_mid_commit_loses_nothing_and_the_server_goes_on() -> None:
    with faults.a_postgres() as server:
        if server is None:
            pytest.skip("no PostgreSQL here")
        held(faults.stopped_postgres(server, faults=2, clients=4, each=25, seed=SEED))
