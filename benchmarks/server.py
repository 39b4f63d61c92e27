"""What a receipt costs: durable writes, time for one client and for many; an answer's CPU; a start after a kill.

All in process, but for the counting under strace. The corridors have no witness: their receipts are *logged*.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks.measure import Figure, compare
from benchmarks.served import Made, corridor, new_folder, of_size
from benchmarks.skeleton import Skeleton, durable
from safeconduct.service.admission import HandedIn
from safeconduct.wiring.server import Server, open_server

CLIENTS, EACH = 128, 8
ONE_CLIENT = 40
READS = 400
SMALL, LARGE = 1_000, 20_000
_MARK = "/safeconduct-mark"


def figures() -> Iterator[Figure]:
    """Each limit is that of the server's specification."""
    yield counted()
    yield one_client()
    yield many_clients()
    yield reading()
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


# An answer


def bare_view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return HttpResponse(b'{"status": "alive"}', content_type="application/json")


urlpatterns = [path("bare", bare_view)]


def reading() -> Figure:
    """`GET /api/records/<jti>`, which reads the log once, by the WSGI application with all that stands around it."""
    made = corridor()
    (record,) = made.records(1)
    os.environ["SAFECONDUCT_DIR"] = str(made.folder)
    from safeconduct.web import logs, state  # noqa: PLC0415 - needs the environment

    with Path(os.devnull).open("w") as nowhere:
        logs.configure(nowhere)
        from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415 - needs settings, as below
        from django.test import override_settings  # noqa: PLC0415

        from safeconduct.web import wsgi  # noqa: PLC0415 - opens the corridor

        try:
            state.server().submit([record])
            jti = next(row for row in record_jtis(state.server()))
            bare = WSGIHandler()

            def ours() -> None:
                for _ in range(READS):
                    asked(wsgi.application, f"/api/records/{jti}")

            def peer() -> None:
                with override_settings(ROOT_URLCONF=__name__):
                    for _ in range(READS):
                        asked(bare, "/bare")

            ours()
            return compare("API with one read / bare Django view", ours, peer, at_most=3.0)
        finally:
            state.stop()


def record_jtis(server: Server) -> Iterator[str]:
    from safeconduct.core.record.entry import parse_entry  # noqa: PLC0415 - of this figure alone

    for entry in server.store.entries(server.store.size() - 1):
        yield parse_entry(entry).jti


def asked(application: Any, where: str) -> None:
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": where, "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    response = application(environ, lambda status, _: statuses.append(status))
    b"".join(response)
    response.close()
    assert statuses == ["200 OK"], statuses


# A start

KILLED = """
import os, signal, sys
from pathlib import Path
from safeconduct.service.sequence import Submission
from safeconduct.wiring.server import open_server
with open_server(Path(sys.argv[1])) as server:
    while server.projections.size() < server.store.size():
        pass
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(made: Made) -> Path:
    """A copy of it, served and killed: with what a killed process leaves, write-ahead log and all."""
    folder = new_folder() / "killed"
    shutil.copytree(made.folder, folder)
    subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False, capture_output=True)
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
                start = time.perf_counter()
                with open_server(fresh()) as server:
                    assert server.stopped is None
                    return time.perf_counter() - start

            def bare(fresh: Callable[[], Path] = fresh) -> float:
                start = time.perf_counter()
                with closing(sqlite3.connect(fresh() / "corridor.db")) as database:
                    database.execute("SELECT count(*) FROM committed").fetchone()
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
