"""A real web server on this machine, with a thread for each request, that serves what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

FOLDER = "/some/where/"
"""Where the archive lies."""


@dataclass
class Reply:
    """An answer; `write` instead of `body` for one that is written in an odd way."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[BinaryIO], None] | None = None


Answer = Callable[[str, Mapping[str, str]], Reply | None]
"""For a path below the folder and the request's headers; None: there is no such file."""


@dataclass
class Served:
    """The address, and what was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is none of our business."""


@contextmanager
def serving(answer: Answer) -> Iterator[Served]:
    """This answer, until the block ends."""
    served = Served("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix(FOLDER)
            served.asked.append(path)
            served.sent.append(dict(self.headers))
            reply = answer(path, served.sent[-1]) or Reply(b"no", 404)
            if reply.write is not None:
                self.close_connection = True
                with suppress(OSError):
                    reply.write(self.wfile)  # type: ignore[arg-type]  # a buffer to write to
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_port}{FOLDER}"
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def files(archive: Mapping[str, bytes]) -> Answer:
    """These files; the mapping may change meanwhile."""
    return lambda path, _: Reply(archive[path]) if path in archive else None


def files_in(place: Path) -> Answer:
    """The files in a folder, as a plain web server serves them."""
    return lambda path, _: Reply((place / path).read_bytes()) if (place / path).is_file() else None
