"""A small web server of the standard library, for programs that answer at once: one thread, one request after another.

Rules, in the order of the code:
 1. At most `MOST_CONNECTIONS` at once. Where one more comes, the address that holds most of them loses its oldest one:
    who opens many and says nothing costs themselves, not others.
 2. A request has `WHOLE_S` from its first byte to its last, and a connection `IDLE_S` to its first one. A head has at
    most 16 KiB and is HTTP/1.1 or 1.0; a body is as long as it says, at most `most_body`. Nothing is answered, and no
    handler asked, before all of it is there.
 3. An answer that nobody takes is dropped after `WHOLE_S`.
 4. After `stop` nothing new is taken; what is being read or answered still has `LAST_S`.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable

MOST_CONNECTIONS = 128
WHOLE_S, IDLE_S, LAST_S = 10.0, 30.0, 5.0
MOST_HEAD = 16 * 1024

_FIRST = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.ASCII)
_LENGTH = re.compile("[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole request."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Asked], Reply]


class _Turned(Exception):
    """A request that is answered before it is whole, and the connection closed."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(slots=True, eq=False)
class _Connection:
    address: str
    task: asyncio.Task[None]
    is_idle: bool = True


def parse_listen(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `[::1]:PORT`, or `:PORT` for this machine alone."""
    host, colon, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 65_536
    if not colon or number > 65_535:
        raise Malformed(
            "this is no place to listen", where=f"--listen {text[:80]}", next_step="Write HOST:PORT"
        )
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", number


class Listener:
    """One place that is listened on."""

    def __init__(self, host: str, port: int, handler: Handler, *, most_body: int) -> None:
        """`port` 0 is one that is free."""
        self._host, self._port, self._handler, self._most_body = host, port, handler, most_body
        self._open: dict[asyncio.Task[None], _Connection] = {}
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, ready: Callable[[str], None]) -> None:
        """Until SIGTERM, SIGINT or `stop`; `ready` is told the address once somebody can connect."""
        asyncio.run(self._run(ready))

    def stop(self) -> None:
        """From any thread: rule 4."""
        if self._loop is not None and self._stopped is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopped.set)

    async def _run(self, ready: Callable[[str], None]) -> None:
        self._stopped, self._loop = asyncio.Event(), asyncio.get_running_loop()
        with suppress(ValueError, RuntimeError):  # only a process's main thread is told of signals
            for name in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(name, self._stopped.set)
        try:
            server = await asyncio.start_server(
                self._connected, self._host, self._port, limit=MOST_HEAD, backlog=1024
            )
        except (OSError, UnicodeError) as error:
            said = (getattr(error, "strerror", None) or "no address of this machine").lower()
            step = "Stop the program that uses it, or name another place"
            raise Unavailable(
                f"nothing can listen here: {said}", where=f"{self._host}:{self._port}", next_step=step
            ) from error
        ready(_url(server.sockets[0]))
        await self._stopped.wait()
        server.close()
        for connection in [*self._open.values()]:
            if connection.is_idle:
                connection.task.cancel()
        if self._open:
            await asyncio.wait([*self._open], timeout=LAST_S)
        for task in [*self._open]:
            task.cancel()
        if self._open:
            await asyncio.wait([*self._open], timeout=LAST_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError
        if len(self._open) >= MOST_CONNECTIONS:
            self._make_room()
        here = self._open[task] = _Connection(str((writer.get_extra_info("peername") or [""])[0]), task)
        try:
            while await self._one(here, reader, writer):
                pass
        except (asyncio.CancelledError, asyncio.IncompleteReadError, OSError, TimeoutError):
            pass  # it went away, was too slow, or had to make room
        finally:
            del self._open[task]
            writer.transport.abort() if here.is_idle else writer.close()

    def _make_room(self) -> None:
        """Rule 1. They stand in the order in which they came."""
        leaving = [one for one in self._open.values() if not one.task.cancelling()]
        held = Counter(one.address for one in leaving)
        if leaving:
            most = held.most_common(1)[0][1]
            next(one for one in leaving if held[one.address] == most).task.cancel()

    async def _one(
        self, here: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """One request and its answer; whether another may follow."""
        here.is_idle = True
        async with asyncio.timeout(IDLE_S):
            first = await reader.readexactly(1)
        here.is_idle = False
        try:
            async with asyncio.timeout(WHOLE_S):
                asked, goes_on = await self._read(first, reader, writer)  # 2
        except _Turned as turned:
            asked, goes_on = Asked("GET", "", b""), False
            reply = Reply(turned.status, f"{turned.status.phrase.lower()}\n".encode())
        except TimeoutError:
            asked, goes_on = Asked("GET", "", b""), False
            reply = Reply(HTTPStatus.REQUEST_TIMEOUT, b"too slow\n")
        else:
            reply = self._answered(asked)
        goes_on = goes_on and self._stopped is not None and not self._stopped.is_set()
        writer.write(_printed(reply, goes_on=goes_on, with_body=asked.method != "HEAD"))
        async with asyncio.timeout(WHOLE_S):  # 3
            await writer.drain()
        return goes_on

    async def _read(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[Asked, bool]:
        try:
            head = first + await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise _Turned(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
        line, *rest = head[:-4].decode("latin-1").split("\r\n")
        found, headers = _FIRST.fullmatch(line), _headers(rest)
        if found is None or headers is None:
            raise _Turned(HTTPStatus.BAD_REQUEST)
        if "transfer-encoding" in headers:
            raise _Turned(HTTPStatus.LENGTH_REQUIRED)
        length = headers.get("content-length", "0")
        if not _LENGTH.fullmatch(length):
            raise _Turned(HTTPStatus.BAD_REQUEST)
        if int(length) > self._most_body:
            raise _Turned(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(length))
        goes_on = found[3] == "1" and "close" not in headers.get("connection", "").lower()
        return Asked(found[1], found[2], body), goes_on

    def _answered(self, asked: Asked) -> Reply:
        try:
            return self._handler(asked)
        except SafeconductError as error:
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, f"{error.faults[0].message}\n".encode())
        except Exception:  # noqa: BLE001 - one request's defect ends no other's
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, b"this is a defect of the program\n")


def _headers(lines: list[str]) -> dict[str, str] | None:
    """By their names in lower case; None where one is malformed, or one that counts stands twice."""
    found: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        name = "" if header is None else header[1].lower()
        if header is None or (name in found and name in {"content-length", "transfer-encoding", "host"}):
            return None
        found[name] = header[2]
    return found


def _printed(reply: Reply, *, goes_on: bool, with_body: bool) -> bytes:
    status = HTTPStatus(reply.status)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        **reply.headers,
        "Content-Length": str(len(reply.body)),
        "Connection": "keep-alive" if goes_on else "close",
    }
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (reply.body if with_body else b"")


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
