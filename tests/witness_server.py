"""A witness over HTTP, on this machine: honest by C2SP tlog-witness, until a test tells it to be something else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, BinaryIO

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.kernel.spelling import parse_base64, sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import Note, Signature, VerifierKey
from safeconduct.core.tlog.tree import EMPTY_ROOT, verify_consistency
from tests.http_server import Reply, _Server

SIZE = {"Content-Type": "text/x.tlog.size"}


@dataclass
class PlayedWitness:
    """`play`, if it is set, answers instead; it may call `honest`."""

    verifier: VerifierKey
    key: Ed25519Key
    log: VerifierKey
    now: Callable[[], int] = lambda: int(time.time())
    play: Callable[[bytes], Reply] | None = None
    show: Callable[[], Reply] | None = None
    head: Checkpoint | None = None
    note: bytes = b""
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    looked: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def post(self, body: bytes) -> Reply:
        self.asked.append(body)
        return self.honest(body) if self.play is None else self.play(body)

    def get(self, path: str) -> Reply:
        self.looked += 1
        if self.show is not None:
            return self.show()
        is_ours = path == f"/{sha256(self.log.name.encode()).hex()}/checkpoint"
        return Reply(self.note) if self.note and is_ours else Reply(b"no\n", 404)

    def honest(self, body: bytes) -> Reply:
        """Compare and keep in one step."""
        with self.lock:
            asked, _, signed = body.partition(b"\n\n")
            first, *proof = asked.decode().split("\n")
            old = int(first.removeprefix("old "))
            note = Note.parse(signed)
            try:
                note.verified_by([self.log])
            except SafeconductError:
                return Reply(b"no\n", 403)
            head, ours = Checkpoint.parse(note.text), self.head or Checkpoint(self.log.name, 0, EMPTY_ROOT)
            if old != ours.size:
                return Reply(f"{ours.size}\n".encode(), 409, SIZE)
            try:
                if old == head.size:
                    assert (ours.root, proof) == (head.root, [])
                elif old:
                    steps = list(map(parse_base64, proof))
                    verify_consistency(
                        old_size=old, old_root=ours.root, size=head.size, root=head.root, proof=steps
                    )
                else:
                    assert not proof
            except (AssertionError, SafeconductError):
                return Reply(b"no\n", 422)
            line = self.line(note)
            self.head, self.note = head, Note(note.text, (*note.lines_of(self.log), line)).print().encode()
            return Reply(str(line).encode())

    def line(self, note: Note, time_s: int | None = None) -> Signature:
        return cosign(note.text, self.verifier, self.key, time=self.now() if time_s is None else time_s)


def note_in(body: bytes) -> Note:
    """The head in a request."""
    return Note.parse(body.partition(b"\n\n")[2])


def writing(write: Callable[[BinaryIO], None]) -> Callable[..., Reply]:
    """For `play` and `show`: an answer that is written in an odd way."""
    return lambda *_: Reply(write=write)


def drip(out: BinaryIO) -> None:
    """Headers, then a byte and another one, for a minute."""
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n")
    for _ in range(600):
        out.write(b"x")
        out.flush()
        time.sleep(0.1)


def drip_headers(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(600):
        out.write(f"X-{number}: x\r\n".encode())
        out.flush()
        time.sleep(0.1)


def endless(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        out.write(b"x" * 65_536)


def endless_headers(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        out.write(b"X: " + b"x" * 60_000 + b"\r\n")


def stall(_: BinaryIO) -> None:
    time.sleep(20)


@contextmanager
def answering(*witnesses: PlayedWitness) -> Iterator[None]:
    """These, each at its own port, until the block ends."""
    with ExitStack() as opened:
        for one in witnesses:
            opened.enter_context(_answering(one))
        yield


@contextmanager
def _answering(witness: PlayedWitness) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(witness.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(witness.post(body) if self.path == "/add-checkpoint" else Reply(b"no", 404))

        def answer(self, reply: Reply) -> None:
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
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        witness.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def addresses(founding: Founding, *witnesses: PlayedWitness) -> str:
    """The file `witnesses`: the policy, with the addresses of these."""
    text = founding.policy()
    for one in witnesses:
        text = text.replace(f" {one.verifier}\n", f" {one.verifier} {one.url}\n")
    return text
