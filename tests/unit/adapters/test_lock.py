"""One process sequences; whoever dies lets go."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.lock import Lock, Locks, PostgresLock
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.wiring.database import conninfo_of
from tests.postgres import Postgres

Make = Callable[[], Lock]


@pytest.fixture(params=["file", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    if request.param == "file":
        yield lambda: FileLock(tmp_path / "sequencer.lock")
        return
    url = founded(request.getfixturevalue("postgres"))
    yield lambda: PostgresLock(conninfo_of(url), "DATABASE_URL")


def founded(server: Postgres) -> str:
    url = server.database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE committed (size bigint)")
    return url


def test_one_holds_it_until_it_lets_go(make: Make) -> None:
    first, second = make(), make()
    first.take()
    first.take()
    with pytest.raises(Unavailable, match="another process sequences"):
        second.take()
    first.release()
    first.release()
    second.take()
    second.release()


_HOLD = """
import sys, time
from pathlib import Path
from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.lock import PostgresLock
from safeconduct.wiring.database import conninfo_of
kind, where = sys.argv[1:]
lock = FileLock(Path(where)) if kind == "file" else PostgresLock(conninfo_of(where), where)
lock.take()
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["file", "postgresql"])
def test_a_killed_process_does_not_hold_it(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where = str(tmp_path / "lock") if kind == "file" else founded(request.getfixturevalue("postgres"))
    lock: Lock = FileLock(Path(where)) if kind == "file" else PostgresLock(conninfo_of(where), where)
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, kind, where], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Unavailable, match="another process sequences"):
        lock.take()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    taken_within(lock, 50)
    lock.release()


def taken_within(lock: Lock, trials: int) -> None:
    """PostgreSQL notices a broken connection a moment later."""
    for _ in range(trials - 1):
        try:
            lock.take()
        except Unavailable:
            subprocess.run(["sleep", "0.1"], check=True)
        else:
            return
    lock.take()


def test_whoever_lost_the_connection_that_held_it_takes_it_again_or_is_told(postgres: Postgres) -> None:
    conninfo = conninfo_of(founded(postgres))
    first, second = PostgresLock(conninfo, "here"), PostgresLock(conninfo, "here")
    first.take()
    postgres.stop()
    try:
        with pytest.raises(Unavailable, match="gives no lock"):
            first.take()
    finally:
        postgres.start()
    second.take()
    with pytest.raises(Unavailable, match="another process sequences"):
        first.take()
    second.release()
    first.take()
    first.release()


def test_two_logs_in_one_server_have_two_locks(postgres: Postgres) -> None:
    with Locks((PostgresLock(conninfo_of(founded(postgres)), "one"),)) as one:
        one.take()
        with Locks((PostgresLock(conninfo_of(founded(postgres)), "two"),)) as two:
            two.take()


def test_of_several_locks_all_are_held_or_none(tmp_path: Path) -> None:
    here, there = FileLock(tmp_path / "one"), FileLock(tmp_path / "two")
    other = FileLock(tmp_path / "two")
    other.take()
    with pytest.raises(Unavailable):
        Locks((here, there)).take()
    again = FileLock(tmp_path / "one")
    again.take()
    again.release()
    other.release()


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file"):
        FileLock(tmp_path / "nowhere" / "lock").take()
