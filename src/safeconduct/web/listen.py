"""Granian around the application, in this very process: whoever kills it kills all of it, and no worker holds the lock.

What granian does, and what is set here: HTTP/1.1 only; headers must be there after `HEADERS_S` and are at most 64 KiB
(431); a connection that is idle between two requests is closed after `HEADERS_S`, one whose reader takes nothing after
`READS_S`. At most `_CONNECTIONS` are taken at once, as far as this process may open so many files; the others wait in
the system's queue. Bodies are the front's (`web/front`).
"""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketSpec  # type: ignore[attr-defined]  # imported there under this name
from granian.server.mt import MTServer, WorkerThread

from safeconduct.adapters.files import writing
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.web.front import Front, Wsgi

HEADERS_S = 10
READS_S = 30
LAST_S = 10.0
"""After a stop: how long those who are being answered may still take."""
_MOST_HEADERS = 65_536
_QUEUE = 1_024
_CONNECTIONS = 2_048
_FILES, _FILES_A_THREAD = 128, 8
"""What else this process opens: each thread has connections of its own to the stores."""
_COMES_UP_S = 10.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what to connect to instead


def free_port(host: str, port: int) -> int:
    """`port`, if nobody listens there, or for 0 one that is free. Granian itself would share it with whoever does."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise Unavailable(
            "this is no address of this machine",
            where=f"--host {host}",
            next_step="Name one of its addresses",
        ) from error
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise Unavailable(
                f"nothing can listen here: {(error.strerror or 'no answer').lower()}",
                where=f"{host}:{port}",
                next_step="Stop the program that uses it, or name another --host and --port",
            ) from error
        return int(probe.getsockname()[1])


class Listener(MTServer):
    """One worker, which is a thread of this process; its own threads answer."""

    def __init__(self, host: str, port: int, *, threads: int, ready: Callable[[], None]) -> None:
        """`ready` is called once a connection was taken."""
        super().__init__(
            "safeconduct",
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            backlog=_QUEUE,
            backpressure=_connections(threads),
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADERS_S * 1000, max_buffer_size=_MOST_HEADERS),
            websockets=False,
            log_enabled=False,
        )
        self._ready = ready
        self._threads = threads
        self._front: Front | None = None

    def listen(self, application: Wsgi) -> None:
        """Until SIGTERM or SIGINT; requests that have come are answered, for up to `LAST_S`."""
        front = self._front = Front(application, threads=self._threads)
        with writing(f"{self.bind_addr}:{self.bind_port}"):
            self.serve(target_loader=lambda: front, wrap_loader=False)

    def _init_shared_socket(self) -> None:
        """Its own socket, made here: each connection has this limit from it."""
        held: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._shd = held
        with socket.socket(fileno=os.dup(held.get_fd())) as listening:
            listening.listen(self.backlog)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READS_S * 1000)

    def _check_gil(self) -> None:
        """Granian has a thread as its worker for interpreters without a lock; one such thread runs as well with it."""

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        threading.Thread(target=self._wait_for_itself, daemon=True).start()

    def _wait_for_itself(self) -> None:
        host = _ANY.get(self.bind_addr, self.bind_addr)
        end = time.monotonic() + _COMES_UP_S
        while time.monotonic() < end:
            try:
                with closing(socket.create_connection((host, self.bind_port), timeout=1)):
                    break
            except OSError:
                time.sleep(0.02)
        self._ready()

    def _stop_workers(self) -> None:
        worker: WorkerThread
        for worker in self.wrks:
            worker.terminate()  # type: ignore[no-untyped-call]
        if self._front is not None:
            self._front.hurry()
        for worker in self.wrks:
            worker.join(LAST_S)  # type: ignore[no-untyped-call]
        self.wrks.clear()


def _connections(threads: int) -> int:
    """How many there may be; for them, this process may open more files than it was told at first."""
    others = _FILES + _FILES_A_THREAD * threads
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = others + _CONNECTIONS
    if soft != unlimited and soft < wanted:
        soft = wanted if hard == unlimited else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _CONNECTIONS if soft == unlimited else max(_FILES, min(_CONNECTIONS, soft - others))
