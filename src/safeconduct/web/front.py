"""Before the application: a request's body is here, whole, before any thread works on it.

The server hands over a request as soon as its headers are there. Reading its body is waiting, and who waits in a
thread cannot be interrupted; here thousands wait in one. Rules, in the order of the code:
 1. A body of more than 8 MiB is turned away: by its `Content-Length` before any of it is read, else once so much has
    come. What still comes is read and thrown away for `LINGER_S`, so that its sender gets to read the answer.
 2. It is here after `BODY_S`, and one second more for each `BYTES_PER_S` that have come. Slower ones get 408.
 3. At most `LARGE` bodies of more than `SMALL` are held at once. Others wait their turn, and then get 503.
 4. One that breaks off gets 400, if its sender still reads.
 5. What is whole goes to the WSGI application in one of its threads, with its length, however it was sent.
Bodies so take at most `LARGE` times 8 MiB, and `SMALL` for each connection.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from safeconduct.web.api.body import MAX_BYTES, too_large
from safeconduct.web.api.problem import Turned, turned
from safeconduct.web.logs import tell_turned
from safeconduct.web.security import HEADERS

BODY_S = 10.0
BYTES_PER_S = 4_096
LINGER_S = 2.0
TURN_S = 10.0
SMALL, LARGE = 65_536, 8

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Wsgi: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Front:
    """An ASGI application around a WSGI one."""

    def __init__(self, application: Wsgi, *, threads: int) -> None:
        """So many requests are answered at once; those after them wait."""
        self._application = application
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._turns = asyncio.Semaphore(LARGE)
        self._coming: set[asyncio.Timeout] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        self._loop = asyncio.get_running_loop()
        start = time.perf_counter()
        async with AsyncExitStack() as held:
            try:
                body = await self._body(dict(scope["headers"]), receive, held)
            except Turned as error:
                answer = _turned(error)
                tell_turned(scope["method"], answer.status, ms=(time.perf_counter() - start) * 1000)
                await _send(answer, send, linger=receive if answer.status == 413 else None)
                return
            environ = _environ(scope, body)
            await _send(await self._loop.run_in_executor(self._pool, self._answer, environ), send)

    def hurry(self) -> None:
        """The server stops: what is not here is not waited for. From another thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for limit in self._coming:
            limit.reschedule(0)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive, held: AsyncExitStack) -> BytesIO:
        """Rules 1 to 4; what is given back in the end is kept in `held`."""
        body = BytesIO()
        length = headers.get(b"content-length")
        if length is None and b"transfer-encoding" not in headers:
            return body
        if int(length or b"0") > MAX_BYTES:  # 1
            raise too_large()
        start, is_large = time.monotonic(), False
        more = True
        while more:
            chunk, more = await self._chunk(receive, start, body.tell())
            body.write(chunk)
            if body.tell() > MAX_BYTES:
                raise too_large()
            if body.tell() > SMALL and not is_large:  # 3
                asked, is_large = time.monotonic(), True
                await self._turn(held)
                start += time.monotonic() - asked
        body.seek(0)
        return body

    async def _chunk(self, receive: Receive, start: float, came: int) -> tuple[bytes, bool]:
        """What comes next, and whether there may be more."""
        left = start + BODY_S + came / BYTES_PER_S - time.monotonic()
        try:
            async with asyncio.timeout(left) as limit:  # 2
                self._coming.add(limit)
                try:
                    message = await receive()
                finally:
                    self._coming.discard(limit)
        except TimeoutError:
            raise Turned(
                "api.time",
                f"{came} bytes came, and then none for too long",
                where="body",
                next_step=f"Send it again, {BYTES_PER_S} bytes a second or faster, or fewer records at once",
            ) from None
        if message["type"] == "http.disconnect":  # 4
            raise Turned(
                "api.length",
                f"it breaks off after {came} bytes",
                where="body",
                next_step="Send it again, whole",
            )
        return message.get("body", b""), message.get("more_body", False)

    async def _turn(self, held: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(TURN_S):
                await self._turns.acquire()
        except TimeoutError:
            raise Turned(
                "api.busy",
                "too many long bodies are being read",
                where="body",
                next_step="Repeat it in a moment, or send fewer records at once",
            ) from None
        held.callback(self._turns.release)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        """What the application says; in a thread."""
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            told.append((status, headers))

        parts = self._application(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = told[-1]
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return Answer(int(status[:3]), named, body)


def _turned(error: Turned) -> Answer:
    response = turned(error)
    length = str(len(response.content))
    all_of = {**HEADERS, **response.headers, "Cache-Control": "no-store", "Connection": "close"}
    named = [(name.lower().encode(), value.encode()) for name, value in all_of.items()]
    named.append((b"content-length", length.encode()))
    return Answer(response.status_code, named, response.content)


async def _send(answer: Answer, send: Send, *, linger: Receive | None = None) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": linger is not None})
    if linger is None:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while (await linger()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _environ(scope: Scope, body: BytesIO) -> dict[str, Any]:
    """The request as PEP 3333 has it."""
    host, port = scope["server"]
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        said = value.decode("latin-1")
        environ[key] = f"{environ[key]},{said}" if key in environ else said
    length = len(body.getbuffer())
    if length:  # 5
        environ["CONTENT_LENGTH"] = str(length)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ
