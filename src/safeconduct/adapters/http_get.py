"""Files fetched over HTTP or HTTPS from somebody whom nobody has to trust: bounded in length, time and lines.

Rules, in the order of the code:
 1. An address is `http://` or `https://`, a host, perhaps a port and a folder; no user, query or fragment.
 2. No redirect is followed, and nothing packed is unpacked: what counts is these bytes, from this place.
 3. A body is no longer than the file can be; headers are a hundred lines at most; an answer that stalls or drips
    is given up.
 4. What may pass by itself (no answer, 429, 5xx) is asked for again, a few times, with growing pauses; not
    where the server says that it will take longer.
 5. What the reader has already is asked for with its `ETag` and its date: 304 is an answer, and costs nobody anything.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from safeconduct.adapters.files import writing
from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable

PAUSES_S = (0.1, 1.0, 4.0)
"""Between two attempts."""
LONGEST_PAUSE_S = 10
SILENT_S = 15.0
"""Without a byte for so long: given up."""
STALLED_S = 30.0
SLOWEST = 16 * 1024
"""Bytes in a second, after the first `STALLED_S`."""

_PIECE = 2**20
_LONGEST_PROBLEM = 64 * 1024
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_ABSENT = frozenset({404, 410})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Address(NamedTuple):
    """Where an archive is served. The folder begins and ends with `/`."""

    secure: bool
    host: str
    port: int | None
    folder: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Rule 1."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        plain = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
            raise Malformed(
                "this is no address of an archive", where=url[:200], next_step="Write https://HOST/FOLDER/"
            )
        if parts.username is not None or parts.query or parts.fragment or port == 0:
            hint = "Write it without user, query and fragment: https://HOST/FOLDER/"
            raise Malformed("an archive's address has no such parts", where=url[:200], next_step=hint)
        return cls(
            parts.scheme == "https", parts.hostname, port, f"/{parts.path.strip('/')}/".replace("//", "/")
        )

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.secure or self.host in _LOCAL

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' * self.secure}://{host}{'' if self.port is None else f':{self.port}'}{self.folder}"


class _Timed(io.RawIOBase):
    """A socket to read from, until it stalls or drips: rule 3, for headers and body alike."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket, self._began, self._got = sock, time.monotonic(), 0
        self._stream = sock.makefile(
            "rb", buffering=0
        )  # holds the socket open when the connection lets it go

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # whatever can be written to
        left = self._began + STALLED_S + self._got / SLOWEST - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer drips")
        self._socket.settimeout(min(left, SILENT_S))
        count = self._stream.readinto(buffer) or 0
        self._got += count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is read with a limit of time."""

    def __init__(self, sock: socket.socket, *arguments: object, **named: object) -> None:
        super().__init__(sock, *arguments, **named)  # type: ignore[arg-type]  # as the library calls it
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock))


class _TryAgain(Exception):
    """It may pass by itself; `error` is what to say where it does not."""

    def __init__(self, error: SafeconductError) -> None:
        super().__init__()
        self.error = error


class Unchanged(Exception):
    """The reader has these very bytes: rule 5."""


class Busy(Unavailable):
    """The server asks to be left alone for `after_s` seconds."""

    after_s: int = 0


Version = Mapping[str, str]
"""What a later request says to be told only of other bytes: `If-None-Match`, `If-Modified-Since`."""
_CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
_LONGEST_CONDITION = 256

Authorize = Callable[[str], str]
"""The header `Authorization` for a request of this path."""


@dataclass(slots=True)
class HttpFiles:
    """The files below one address. Each process has a connection of its own."""

    address: Address
    authorize: Authorize | None = None
    sleep: Callable[[float], None] = time.sleep
    version: Version = field(default_factory=dict)
    """Of what was fetched last."""
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _process: int = 0

    def fetch(self, path: str, into: IO[bytes], *, most: int, unless: Version | None = None) -> bool:
        """Writes a file's content into an empty file; whether there is such a file. Unchanged: it is still `unless`."""
        for pause in PAUSES_S:
            try:
                return self._once(path, into, most, unless or {})
            except _TryAgain:
                self.close()
                self.sleep(pause)
        try:
            return self._once(path, into, most, unless or {})
        except _TryAgain as last:
            raise last.error from last.__cause__

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _once(self, path: str, into: IO[bytes], most: int, unless: Version) -> bool:
        where = f"{self.address}{path}"
        into.seek(0)
        into.truncate()
        try:
            answer = self._ask(self.address.folder + path, unless)
            try:
                if unless and answer.status == http.client.NOT_MODIFIED:
                    raise Unchanged
                return self._take(answer, into, where, most)
            finally:
                if not answer.isclosed():  # something of it was not read: the connection is of no use
                    answer.close()
                    self.close()
        except ssl.SSLCertVerificationError as error:
            hint = "Ask for the right address; do not go on without a valid certificate"
            raise Unavailable(
                "the server's certificate does not hold", where=where, next_step=hint
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"there was no whole answer ({said[:200].lower()})"
            raise _TryAgain(
                Unavailable(message, where=where, next_step="Check the address and the network, then repeat")
            ) from error

    def _ask(self, place: str, unless: Version) -> http.client.HTTPResponse:
        if self._connection is None or self._process != os.getpid():
            self._connection, self._process = self._connected(), os.getpid()
        headers = {"Accept-Encoding": "identity", "User-Agent": "safeconduct", **unless}
        if self.authorize is not None:
            headers["Authorization"] = self.authorize(place)
        self._connection.request("GET", place, headers=headers)
        return self._connection.getresponse()

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self.address.host, self.address.port
        connection: http.client.HTTPConnection
        if self.address.secure:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=SILENT_S, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=SILENT_S)
        connection.response_class = _Answer
        return connection

    def _take(self, answer: http.client.HTTPResponse, into: IO[bytes], where: str, most: int) -> bool:
        """Rules 2 and 3."""
        status = answer.status
        if status == http.client.OK:
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                hint = "Serve an archive's files as they are"
                raise Malformed("the server packed this file", where=where, next_step=hint)
            _copy(answer, into, where, most)
            said = {asked: answer.headers.get(name, "") for name, asked in _CONDITIONS.items()}
            self.version = {name: value for name, value in said.items() if _is_plain(value)}  # 5
            return True
        problem = _problem(answer)
        # Object stores refuse what they do not have, so that nobody can ask for names.
        if status in _ABSENT or (status == http.client.FORBIDDEN and self.authorize is None):
            return False
        raise self._refused(answer, status, problem, where)

    def _refused(self, answer: http.client.HTTPResponse, status: int, said: str, where: str) -> Exception:
        """What any other answer means."""
        if status in range(300, 400):
            to = answer.headers.get("Location", "")[:200]
            return Malformed(
                f"the server sends us elsewhere, to {to!r}",
                where=where,
                next_step="Name that address, if you trust it",
            )
        if status == http.client.UNAUTHORIZED and self.authorize is None:
            return Unavailable(
                "only parties read this archive", where=where, next_step="Name your seat's key: --key FILE"
            )
        error = Busy(f"the server answers {status}{said}", where=where, next_step="Repeat later")
        error.after_s = _wait(answer)
        return _TryAgain(error) if status in _AGAIN and error.after_s <= LONGEST_PAUSE_S else error


def _copy(answer: http.client.HTTPResponse, into: IO[bytes], where: str, most: int) -> None:
    got = 0
    while piece := answer.read(min(_PIECE, most + 1 - got)):
        got += len(piece)
        if got > most:
            raise Malformed(
                f"{where.rpartition('//')[2]} is larger than {most} bytes",
                where=where,
                next_step="Tell whoever serves it; another party's archive has the right one",
            )
        with writing(into.name):
            into.write(piece)
    declared = answer.headers.get_all("Content-Length") or []
    if declared and declared != [str(got)]:
        raise http.client.HTTPException(f"{got} bytes came, where {', '.join(declared)[:40]} were promised")


def _wait(answer: http.client.HTTPResponse) -> int:
    after = answer.headers.get("Retry-After", "0")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0


def _is_plain(value: str) -> bool:
    """Whether it can be sent back as it came."""
    return 0 < len(value) <= _LONGEST_CONDITION and value.isascii() and value.isprintable()


def _problem(answer: http.client.HTTPResponse) -> str:
    """What a problem document (RFC 9457) says; anything else is not repeated."""
    data = answer.read(_LONGEST_PROBLEM)
    if answer.headers.get("Content-Type", "").partition(";")[0] == "application/problem+json":
        with suppress(ValueError, RecursionError):
            document = json.loads(data)
            if isinstance(document, dict) and isinstance(document.get("detail"), str):
                return f": {document['detail'][:500]}"
    return ""
