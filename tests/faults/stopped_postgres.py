"""PostgreSQL stopped at once, or one of its processes killed, while a server commits into it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

from safeconduct.service.admission import HandedIn
from tests.faults.processes import begin
from tests.faults.victim import load
from tests.postgres import Postgres

_BACKEND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'safeconduct' AND backend_type = 'client backend'"
_WAIT_S = 90


def stopped(
    postgres: Postgres,
    folder: Path,
    url: str,
    chains: Sequence[Sequence[HandedIn]],
    *,
    faults: int,
    seed: int,
) -> tuple[dict[bytes, bytes], list[str], int]:
    """Receipts, what the server said meanwhile, how many faults there were. The server is never restarted."""
    chance = random.Random(seed)  # noqa: S311 - when to stop is no secret
    process, pipe = begin(load, folder, url, chains)
    acknowledged: dict[bytes, bytes] = {}
    told: set[str] = set()

    def hear(seconds: float) -> bool:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if pipe.poll(left):
                said = pipe.recv()
                if said == "done":
                    return True
                entry, receipt, why = said
                if receipt is None:
                    told.add(why)
                else:
                    assert acknowledged.setdefault(entry, receipt) == receipt
        return False

    try:
        assert pipe.poll(_WAIT_S)
        assert pipe.recv() == "ready"
        done = count = 0
        while count < faults and not done:
            done = hear(chance.uniform(0.1, 0.6))
            known = len(acknowledged)
            if count % 2:
                _kill_a_backend(postgres, url, chance)
            else:
                postgres.stop(signal.SIGQUIT)
                postgres.start()
            count += 1
            end = time.monotonic() + 30
            while not done and len(acknowledged) == known and time.monotonic() < end:
                done = hear(0.1)
            assert done or len(acknowledged) > known, f"it does not go on by itself: {sorted(told)}"
        if not done:
            assert hear(_WAIT_S), "the clients do not come to an end"
        pipe.send("end")
        process.join(30)
    finally:
        process.kill()
        process.join()
        pipe.close()
    return acknowledged, sorted(told), count


def _kill_a_backend(postgres: Postgres, url: str, chance: random.Random) -> None:
    """After which PostgreSQL itself gives every connection up, and recovers."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = [pid for (pid,) in connection.execute(_BACKEND)]
    if found:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)
    for _ in _until_it_answers(url):
        pass


def _until_it_answers(url: str) -> Iterator[None]:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.05)
            yield
        else:
            return
