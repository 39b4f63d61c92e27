"""A witness as a process: what it answered survives its death, and nobody who is slow stops it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from safeconduct.adapters.http_serve import MOST_CONNECTIONS
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosigned_by
from safeconduct.core.tlog.note import Note, VerifierKey
from safeconduct.core.tlog.witness import SIZE_TYPE, TEXT, monitoring_path
from safeconduct.core.tlog.witness_request import MAX_BYTES, Request
from safeconduct.wiring.witness import new_witness
from tests.cli.typed import COMMAND
from tests.witness_scene import LOG, ORIGIN, POLICY, history, request

LEAVES = history("", 600)
SMALL_KB = 100 * 1024


@dataclass
class Answered:
    status: int
    content_type: str
    body: bytes


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    host: str
    port: int

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answered:
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=20)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return Answered(answer.status, answer.headers["Content-Type"], answer.read())

    def add(self, old: int, size: int, leaves: Sequence[bytes] = LEAVES) -> Answered:
        return self.ask("POST", "/add-checkpoint", request(leaves, old, size))

    def last(self) -> Checkpoint | None:
        found = self.ask("GET", monitoring_path(ORIGIN))
        return Checkpoint.parse(Note.parse(found.body).text) if found.status == 200 else None

    def memory_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])

    def open(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=20)


def made(folder: Path) -> VerifierKey:
    policy = folder.with_name("policy")
    policy.write_bytes(POLICY)
    where = ["--policy", str(policy), "--name", "orva.example/witness"]
    words = [str(COMMAND), "--json", "witness", "init", str(folder), *where]
    said = subprocess.run(words, capture_output=True, check=True, timeout=60)
    return VerifierKey.parse(json.loads(said.stdout)["verifier_key"])


def start(folder: Path) -> subprocess.Popen[bytes]:
    words = [str(COMMAND), "--json", "witness", "serve", str(folder), "--listen", "127.0.0.1:0"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder.parent)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Until the block ends; then it is told to stop, and stops in order unless it was killed."""
    process = start(folder)
    try:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline().decode()
            assert line, process.communicate()
            text += line
        url = urlsplit(json.loads(text)["url"])
        yield Running(process, str(url.hostname), int(url.port or 0))
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_witness(tmp_path / "witness", "orva.example/witness", POLICY)
    return tmp_path / "witness"


def test_a_witness_from_its_first_day_on(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    key = made(folder)
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.jwk")} == {0o600}
    with running(folder) as witness:
        assert (witness.last(), witness.ask("GET", monitoring_path("elsewhere")).status) == (None, 404)
        answer = witness.add(0, 3)
        note = Request.parse(request(LEAVES, 0, 3)).note
        assert (answer.status, answer.content_type) == (200, TEXT)
        cosigned = Note.parse(f"{note.print()}{answer.body.decode()}".encode())
        assert [*cosigned_by(cosigned, [key])] == [key]
        told = witness.add(0, 8)
        assert (told.status, told.content_type, told.body) == (409, SIZE_TYPE, b"3\n")
        assert witness.add(3, 8).status == 200
        shown = witness.ask("GET", monitoring_path(ORIGIN))
        assert (shown.status, shown.content_type) == (200, TEXT)
        last = Note.parse(shown.body)
        assert (last.verified_by([LOG]), [*cosigned_by(last, [key])]) == ((LOG,), [key])
        assert witness.add(8, 12, history("other", 12)).status == 422
        assert witness.ask("POST", "/add-checkpoint", b"nonsense").status == 400
        assert witness.ask("GET", "/add-checkpoint").status == 405
        assert witness.ask("POST", monitoring_path(ORIGIN)).status == 405
        assert witness.ask("GET", "/").status == 404
        assert witness.ask("POST", "/add-checkpoint", b"x" * (MAX_BYTES + 1)).status == 413
        assert witness.memory_kb() < SMALL_KB, witness.memory_kb()
        print(f"VmRSS {witness.memory_kb()} kB")  # noqa: T201 - a figure to be read
    with running(folder) as witness:
        assert witness.add(3, 12).body == b"8\n"
    status = subprocess.run(
        [COMMAND, "witness", "status", folder], capture_output=True, timeout=60, check=False
    )
    assert status.returncode == 1
    assert "refused and kept" in status.stdout.decode()


def test_whatever_was_answered_survives_a_kill(folder: Path) -> None:
    """Killed in the middle of a stream of heads, three times: its memory is never behind what it had said."""
    size = 0
    for alive_s in (0.07, 0.2, 0.4):
        with running(folder) as witness:
            last = witness.last()
            assert (last.size if last else 0) >= size
            size = last.size if last else 0
            killer = threading.Timer(alive_s, witness.process.kill)
            killer.start()
            with suppress(OSError, http.client.HTTPException):
                while size + 1 < len(LEAVES):
                    assert witness.add(size, size + 1).status == 200
                    size += 1
            killer.join()
            witness.process.wait(20)
    with running(folder) as witness:
        last = witness.last()
        assert last is not None
        assert last.size - size in (0, 1)  # the last one may have been kept and not told
        assert last.root == Request.parse(request(LEAVES, 0, last.size)).head.root
        assert size > 0


def test_whoever_is_asking_when_it_is_stopped_is_answered(folder: Path) -> None:
    with running(folder) as witness, witness.open() as connection:
        body = request(LEAVES, 0, 5)
        connection.sendall(
            b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        connection.sendall(body[:-10])
        time.sleep(0.2)
        witness.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(body[-10:])
        assert connection.recv(1024).startswith(b"HTTP/1.1 200 ")
        assert witness.process.wait(20) == 0


def test_slow_and_silent_connections_stop_nobody_and_fill_no_memory(folder: Path) -> None:
    """As many as it takes, each with a body that lacks its last bytes; then many more that say nothing."""
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % MAX_BYTES
    with running(folder) as witness, ExitStack() as held:
        for _ in range(MOST_CONNECTIONS - 1):
            held.enter_context(witness.open()).sendall(head + b"x" * (MAX_BYTES - 10))
        assert witness.add(0, 5).status == 200
        assert witness.memory_kb() < SMALL_KB, witness.memory_kb()
        for _ in range(2 * MOST_CONNECTIONS):
            held.enter_context(witness.open())
        started = time.monotonic()
        assert witness.add(5, 8).status == 200
        assert time.monotonic() - started < 5
        assert witness.memory_kb() < SMALL_KB, witness.memory_kb()
