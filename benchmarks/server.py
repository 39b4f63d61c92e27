"""What a receipt costs: durable writes, time for one client and for many; a start after a kill.

All in process, but for the counting under strace. The corridors have no witness: their receipts are *logged*.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.measure import Figure, compare
from benchmarks.served import Made, corridor, new_folder, of_size
from benchmarks.skeleton import Skeleton, durable
from safeconduct.service.admission import HandedIn
from safeconduct.service.founded import founding_in
from safeconduct.wiring.server import Server, open_server

CLIENTS, EACH = 128, 8
ONE_CLIENT = 40
SMALL, LARGE = 1_000, 20_000
WAL_BYTES = 3_900_000
"""SQLite folds its write-ahead log in at 4 MB. This is the most that a kill leaves, and takes longest to read."""
_MARK = "/safeconduct-mark"


def figures() -> Iterator[Figure]:
    """Each limit is that of the server's specification."""
    yield counted()
    yield delayed()
    yield one_client()
    yield many_clients()
    yield from reopening()


# Durable writes

COUNTED = f"""
import os, sys, time
from pathlib import Path
from benchmarks.served import Made, corridor
from safeconduct.wiring.server import open_server
made = corridor()
with open_server(made.folder) as server:
    server.submit(made.records(1))
    for _ in range(15):
        time.sleep(0.6)  # what follows a commit, off the way of its receipt, is done by then
        record = made.records(1)
        os.path.exists("{_MARK}-begin")
        (outcome,) = server.submit(record)
        os.path.exists("{_MARK}-end")
        assert outcome.receipt is not None
"""


def counted() -> Figure:
    """fsync and fdatasync of the whole process between a submission and its receipt."""
    if shutil.which("strace") is None:
        return Figure(
            "fsyncs before a logged receipt", 0.0, "at most 5", False, "NOT COUNTED: no strace here"
        )
    trace = new_folder() / "trace"
    calls = "trace=fsync,fdatasync,stat,newfstatat,statx"
    command = ["strace", "-f", "-qq", "-e", calls, "-o", str(trace), sys.executable, "-c", COUNTED]
    subprocess.run(command, check=True, capture_output=True)
    between = re.findall(f"{_MARK}-begin(.*?){_MARK}-end", trace.read_text(), re.DOTALL)
    counts = [len(re.findall(r"\bf(?:data)?sync\(", calls)) for calls in between]
    found = median(counts)
    detail = f"{len(counts)} submissions, from {min(counts)} to {max(counts)} fsyncs"
    return Figure("fsyncs before a logged receipt", found, "at most 5", found <= 5, detail)


SLOW = """
import time
from benchmarks.served import corridor
from safeconduct.wiring.server import open_server
made = corridor()
with open_server(made.folder) as server:
    server.submit(made.records(1))
    for _ in range(15):
        time.sleep(0.6)
        record = made.records(1)
        start = time.perf_counter()
        (outcome,) = server.submit(record)
        print(time.perf_counter() - start)
        assert outcome.receipt is not None
"""
DELAY_S = 0.010


def delayed() -> Figure:
    """A receipt where each durable write takes ten milliseconds longer."""
    name = "a receipt, 10 ms added to each fsync"
    if shutil.which("strace") is None:
        return Figure(name, 0.0, "at most 6 x 10 ms", False, "NOT MEASURED: no strace here")
    inject = f"inject=fsync,fdatasync:delay_exit={round(DELAY_S * 1e6)}"
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", inject, "-o", os.devnull]
    done = subprocess.run(
        [*command, sys.executable, "-c", SLOW], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    took = [float(line) for line in done.stdout.split()]
    found = median(took) / DELAY_S
    detail = f"{len(took)} submissions, median {median(took) * 1e3:.1f} ms, longest {max(took) * 1e3:.1f} ms"
    return Figure(name, found, "at most 6 x 10 ms", found <= 6, detail)


# Receipts


def one_client() -> Figure:
    """One record after the other, each answered before the next."""
    made, database = corridor(), durable(new_folder() / "bare.db")
    prepared = [made.records(ONE_CLIENT) for _ in range(7)]
    entries = [record.entry for record in prepared[0]]
    with open_server(made.folder) as server, closing(database):
        server.submit(prepared.pop())

        def ours() -> None:
            for record in prepared.pop():
                server.submit([record])

        def bare() -> None:
            for entry in entries:
                database.execute("BEGIN IMMEDIATE")
                database.execute("INSERT INTO entries (entry) VALUES (?)", (entry,))
                database.execute("COMMIT")

        return compare(
            "one client's receipt in process / bare SQLite FULL commit",
            ours, bare, clock=time.perf_counter, at_most=12.0,
        )  # fmt: skip


def many_clients() -> Figure:
    """Each client waits for its receipt before it sends the next one; records are signed before."""
    made, skeleton = corridor(), Skeleton(new_folder() / "skeleton.db")
    prepared = [[made.records(EACH) for _ in range(CLIENTS)] for _ in range(6)]
    entries = [record.entry for record in prepared[0][0]]
    try:
        with open_server(made.folder) as server:
            at_once([lambda each=each: send(server, each) for each in prepared.pop()])  # type: ignore[misc]
            return compare(
                f"{CLIENTS} clients, admission done, against a bare group commit",
                lambda: at_once([lambda each=each: send(server, each) for each in prepared.pop()]),  # type: ignore[misc]
                lambda: at_once([lambda: send_bare(skeleton, entries)] * CLIENTS),
                clock=time.perf_counter,
                at_least=0.3,
            )
    finally:
        skeleton.stop()


def send(server: Server, records: Sequence[HandedIn]) -> None:
    for record in records:
        (outcome,) = server.submit([record])
        assert outcome.receipt is not None, outcome


def send_bare(skeleton: Skeleton, entries: Sequence[bytes]) -> None:
    for entry in entries:
        skeleton.submit(entry)


def at_once(work: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# A start

KILLED = f"""
import os, pickle, signal, sys
from pathlib import Path
from safeconduct.wiring.server import open_server
folder = Path(sys.argv[1])
with open_server(folder) as server:
    for record in pickle.load(sys.stdin.buffer):
        (outcome,) = server.submit([record])
        assert outcome.receipt is not None, outcome
        if (folder / "corridor.db-wal").stat().st_size >= {WAL_BYTES}:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(made: Made) -> Path:
    """A copy of it, served and killed under load, with what that leaves at most."""
    folder = new_folder() / "killed"
    shutil.copytree(made.folder, folder)
    records = pickle.dumps(made.records(400))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], check=False, input=records, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    return folder


@contextmanager
def copies(folder: Path, count: int) -> Iterator[Callable[[], Path]]:
    """The next copy of it, made before."""
    made = []
    for _ in range(count):
        copy = new_folder() / "copy"
        shutil.copytree(folder, copy)
        made.append(copy)
    yield made.pop


def reopening() -> Iterator[Figure]:
    """Until it would take a record: locked, the log read, history compared. Both sides begin with Python running."""
    took: dict[int, float] = {}
    for size in (SMALL, LARGE):
        folder = killed(of_size(size))
        with copies(folder, 12) as fresh:

            def ours(fresh: Callable[[], Path] = fresh) -> float:
                folder = fresh()
                founding_in.cache_clear()
                start = time.perf_counter()
                with open_server(folder) as server:
                    assert server.stopped is None
                    return time.perf_counter() - start

            def bare(fresh: Callable[[], Path] = fresh) -> float:
                folder = fresh()
                start = time.perf_counter()
                with closing(sqlite3.connect(folder / "corridor.db", isolation_level=None)) as database:
                    database.executescript(
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE; ROLLBACK;"
                    )
                    return time.perf_counter() - start

            ours()
            pairs = [(ours(), bare()) for _ in range(5)]
        took[size] = median(a for a, _ in pairs)
        ratio = median(a / b for a, b in pairs)
        detail = f"median {took[size] * 1e3:.1f} ms against {median(b for _, b in pairs) * 1e3:.1f} ms"
        name = f"ready after a kill, {size:,} entries / SQLite's own reopening"
        yield Figure(name, ratio, "at most 3.0", ratio <= 3.0, detail)
    ratio = took[LARGE] / took[SMALL]
    detail = f"{took[LARGE] * 1e3:.1f} ms against {took[SMALL] * 1e3:.1f} ms"
    yield Figure(f"ready, {LARGE:,} entries / {SMALL:,}", ratio, "at most 1.3", ratio <= 1.3, detail)
