"""One question over HTTP to somebody whom nobody has to trust, and its answer: bounded in time and length.

Promises:
 1. `ask` returns or raises within `limit_s`, whatever the other side does; only finding the host's addresses is the
    system's, and where the first of them is silent the next one gets as long.
 2. A body is no longer than `most`. No redirect is followed, and nothing packed is unpacked.
 3. A connection is kept for the next question. One that was closed meanwhile is opened again, once.
 4. `cut` ends what is being asked, from any thread; nothing can be asked afterwards.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from typing import NamedTuple

from safeconduct.adapters.http_get import Address
from safeconduct.core.kernel.errors import Malformed, Unavailable

_CHECK = "Check its address and the network; it is asked again by itself"


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: Message
    body: bytes


class _Until(io.RawIOBase):
    """A socket to read from, up to a moment."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._socket, self._end = sock, end
        self._stream = sock.makefile("rb", buffering=0)  # holds the socket when the connection lets it go

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # whatever can be written to
        self._socket.settimeout(_left(self._end))
        return self._stream.readinto(buffer) or 0

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that is read up to a moment, headers and body."""

    def __init__(self, end: float, sock: socket.socket, *arguments: object, **named: object) -> None:
        super().__init__(sock, *arguments, **named)  # type: ignore[arg-type]  # as the library calls it
        self.fp.close()
        self.fp = io.BufferedReader(_Until(sock, end))


@dataclass(slots=True)
class HttpAsker:
    """Asks one address; one thread at a time."""

    address: Address
    limit_s: float
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _is_cut: bool = False

    def ask(self, method: str, path: str, body: bytes | None = None, *, most: int, kind: str = "") -> Said:
        """What it answers; Unavailable where no whole answer comes in time, Malformed where it is too long.

        `kind`: the body's media type, where the other side asks for one.
        """
        where, end = f"{self.address}{path}", time.monotonic() + self.limit_s
        try:
            if self._connection is not None:
                with suppress(ConnectionError, http.client.BadStatusLine):  # 3
                    return self._once(method, path, body, kind=kind, most=most, end=end)
                self.close()
            return self._once(method, path, body, kind=kind, most=most, end=end)
        except ssl.SSLCertVerificationError as error:
            self.close()
            message = "its certificate does not hold"
            raise Unavailable(
                message, where=where, next_step="Ask its keeper for the right address"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"it gave no whole answer ({said[:200].lower()})"
            raise Unavailable(message, where=where, next_step=_CHECK) from error

    def cut(self) -> None:
        """Promise 4."""
        self._is_cut = True
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection; the next question opens one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _once(self, method: str, path: str, body: bytes | None, *, kind: str, most: int, end: float) -> Said:
        connection = self._connection = self._connection or self._opened()
        connection.response_class = partial(_Response, end)  # type: ignore[assignment]  # made with these arguments
        connection.timeout = _left(end)
        if connection.sock is None:
            connection.connect()
        if self._is_cut:
            raise ConnectionAbortedError("it is no longer asked")
        connection.sock.settimeout(_left(end))
        headers = {"Accept-Encoding": "identity", "User-Agent": "safeconduct"}
        if kind:
            headers["Content-Type"] = kind
        connection.request(method, self.address.folder + path, body, headers)
        answer = connection.getresponse()
        try:
            content = answer.read(most + 1)
        finally:
            if not answer.isclosed():  # something of it was not read: the connection is of no use
                answer.close()
                self.close()
        if len(content) > most:
            where = f"{self.address}{path}"
            step = "Tell its keeper; it is asked again by itself"
            raise Malformed(f"its answer is longer than {most} bytes", where=where, next_step=step)
        return Said(answer.status, answer.headers, content)

    def _opened(self) -> http.client.HTTPConnection:
        host, port = self.address.host, self.address.port
        if self.address.secure:
            return http.client.HTTPSConnection(host, port, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("it takes too long")
    return left
