"""Granian around the application, in this very process: whoever kills it kills all of it, and no worker holds the lock.

What granian does, and what is set here: HTTP/1.1 only; headers must be there after `HEADERS_S` and are at most 64 KiB
(431); at most `2 * threads` connections are taken at once, the others wait in the system's queue; a body is not read
before the view reads it, so nothing oversized is in memory. How long a body may take is not limited here: a proxy that
takes whole requests first does it. A connection that is idle between two requests is closed after `HEADERS_S`.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mt import MTServer, WorkerThread

from safeconduct.adapters.files import writing
from safeconduct.core.kernel.errors import Unavailable

HEADERS_S = 10
LAST_S = 10.0
"""After a stop: how long those who are being answered may still take."""
_MOST_HEADERS = 65_536
_QUEUE = 1_024
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
            interface=Interfaces.WSGI,
            blocking_threads=threads,
            backlog=_QUEUE,
            backpressure=2 * threads,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADERS_S * 1000, max_buffer_size=_MOST_HEADERS),
            websockets=False,
            log_enabled=False,
        )
        self._ready = ready

    def listen(self, application: Callable[..., Any]) -> None:
        """Until SIGTERM or SIGINT; requests that have begun are answered, for up to `LAST_S`."""
        with writing(f"{self.bind_addr}:{self.bind_port}"):
            self.serve(target_loader=lambda: application, wrap_loader=False)

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
        for worker in self.wrks:
            worker.join(LAST_S)  # type: ignore[no-untyped-call]
        self.wrks.clear()
