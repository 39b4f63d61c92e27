"""A served process and clients that mean it no good, on bare sockets: slow, endless, broken off, many."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest

from safeconduct.web.api.body import MAX_BYTES
from tests.web.running import Answer, Running, running
from tests.web.served import founded, item

HEAD = b"POST /api/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
IMPATIENT = (
    "from safeconduct.web import front, listen; "
    "front.BODY_S, front.LINGER_S, front.TURN_S = 1.0, 0.5, 1.0; "
    "listen.HEADERS_S, listen.READS_S = 1, 1; "
)
"""The same, with a tenth of the waiting."""
HELD_KB = 8 * 8_192 * 3 + 65_536
"""Eight of the longest bodies, thrice, and what Python keeps."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad") / "corridor"


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[Running]:
    founded(folder)
    with running(folder, first=IMPATIENT) as served:
        yield served
        told = served.told()
        assert not [line for line in told if line["level"] == "error"]
        assert not [line for line in told if line["event"] == "foreign"]


@contextmanager
def line(served: Running) -> Iterator[socket.socket]:
    with socket.create_connection(served.address, timeout=20) as connection:
        yield connection


def read(connection: socket.socket) -> Answer:
    """One answer, whole."""
    response = HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def send(served: Running, *parts: bytes) -> Answer:
    """The answer to what is sent, which may come before all of it has gone."""
    with line(served) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
        return read(connection)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def at_once(served: Running) -> None:
    """An honest client is answered."""
    start = time.monotonic()
    assert served.get("/health").status == 200
    assert time.monotonic() - start < 0.5


def memory_kb(served: Running) -> int:
    text = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0])


def tell(words: str) -> None:
    """Stands in the run's output."""
    os.write(2, f"\n{words}\n".encode())


def entries(served: Running) -> int:
    return int(served.get("/ready").document["size"])


def test_headers_that_never_end_hold_nobody_else_up_and_end(here: Running) -> None:
    with ExitStack() as held:
        slow = [held.enter_context(line(here)) for _ in range(320)]
        start = time.monotonic()
        for connection in slow:
            connection.sendall(HEAD + b"X-Slow: ")
        at_once(here)
        assert all(is_closed(connection) for connection in slow)
        assert time.monotonic() - start < 5


def test_headers_that_are_too_long_are_answered_without_a_document(here: Running) -> None:
    """By HTTP itself, before there is a request."""
    assert send(here, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n").status == 431
    assert send(here, b"no HTTP at all\r\n\r\n").status == 400
    at_once(here)


def test_bodies_that_come_by_the_byte_hold_nobody_else_up_and_are_answered(here: Running) -> None:
    """More than there are threads; each sends a byte now and then, so that no single wait is long."""
    with ExitStack() as held:
        slow = [held.enter_context(line(here)) for _ in range(160)]
        start = time.monotonic()
        for connection in slow:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(4):
            for connection in slow:
                connection.sendall(b" ")
            at_once(here)
            time.sleep(0.1)
        for connection in slow:
            answer = read(connection)
            document = answer.problem(408, "api.time")
            assert answer.headers["connection"] == "close"
            assert "4 bytes came" in document["detail"]
            assert is_closed(connection)
        assert time.monotonic() - start < 4


def test_a_body_that_never_begins_is_answered(here: Running) -> None:
    send(here, HEAD + b"Content-Length: 5\r\n\r\n").problem(408, "api.time")
    send(here, HEAD + b"Transfer-Encoding: chunked\r\n\r\n").problem(408, "api.time")


def test_who_sends_at_the_asked_pace_is_waited_for(here: Running) -> None:
    """Longer than the first second, for more has come by then."""
    pieces = [b" " * 4_096] * 16
    with line(here) as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (16 * 4_096))
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.1)
        read(connection).problem(400, "api.json")


def chunked(pieces: Sequence[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def test_chunks_are_a_body_too(here: Running) -> None:
    whole = json.dumps({"record": "x"}).encode()
    parts = list(chunked([whole[:5], whole[5:]]))
    send(here, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *parts).problem(422, "record.spelling")


def test_what_is_too_long_is_answered_however_it_is_sent(here: Running) -> None:
    before = memory_kb(here)
    send(here, HEAD + b"Content-Length: 9000000000\r\n\r\n").problem(413, "api.size")
    too_long = b" " * (MAX_BYTES + 1)
    send(here, HEAD + b"Content-Length: %d\r\n\r\n" % len(too_long), too_long).problem(413, "api.size")
    megabyte = b" " * 2**20
    parts = list(chunked([megabyte] * 12))
    send(here, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *parts).problem(413, "api.size")
    after = memory_kb(here)
    tell(f"resident before and after oversized bodies: {before} kB, {after} kB")
    assert after - before < 4 * MAX_BYTES // 1024
    at_once(here)


def test_many_long_bodies_wait_their_turn_and_then_are_turned_away(here: Running) -> None:
    """Forty, each nearly as long as may be, that never end: eight are held."""
    before = memory_kb(here)
    with ExitStack() as held:
        slow = [held.enter_context(line(here)) for _ in range(40)]
        for connection in slow:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % MAX_BYTES)
            connection.setblocking(False)
        mark, piece = time.monotonic(), b" " * 65_536
        while time.monotonic() - mark < 1.5:
            for connection in slow:
                try:
                    connection.send(piece)
                except BlockingIOError:
                    continue
                except OSError:
                    pass
        after = memory_kb(here)
        at_once(here)
        statuses = set()
        for connection in reversed(slow):
            connection.settimeout(1)
            with suppress(OSError):  # it was still sending when it was turned away, or has its turn
                statuses.add(read(connection).status)
            if 503 in statuses:
                break
    tell(f"resident before and with 40 long bodies: {before} kB, {after} kB")
    assert after - before < HELD_KB
    assert 503 in statuses


def test_a_body_that_breaks_off_enters_nothing(here: Running) -> None:
    size = entries(here)
    for ends in (socket.SHUT_WR, socket.SHUT_RDWR):
        with line(here) as connection:
            connection.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"record": "')
            connection.shutdown(ends)
            if ends == socket.SHUT_WR:  # it still reads
                read(connection).problem(400, "api.length")
    for chunk in (b"5\r\n{", b"zz\r\n"):
        with line(here) as connection:
            connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
            connection.shutdown(socket.SHUT_WR)
            read(connection).problem(400, "api.length")
    at_once(here)
    assert entries(here) == size


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"[" * 100_000, 413, "api.count"),
        (b'{"record":' * 900 + b"1" + b"}" * 900, 400, "api.form"),
        (b'{"record":"a","record":"b"}', 400, "api.json"),
        (b'{"record":"\xff"}', 400, "api.json"),
        (b"", 400, "api.length"),
        (b'{"records":[]}', 400, "api.form"),
    ],
    ids=["brackets", "deep", "a name twice", "not UTF-8", "empty", "no records"],
)
def test_what_is_no_body_of_ours_is_answered_over_the_wire(
    body: bytes, status: int, rule: str, here: Running
) -> None:
    send(here, HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body).problem(status, rule)


@pytest.mark.parametrize("kind", [b"text/plain", b"application/x-www-form-urlencoded", b"a\xffb", b""])
def test_another_type_is_answered(kind: bytes, here: Running) -> None:
    head = HEAD.replace(b"application/json", kind)
    send(here, head + b"Content-Length: 2\r\n\r\n{}").problem(415, "api.type")


def test_who_asks_before_sending_is_told(here: Running) -> None:
    with line(here) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        read(connection).problem(400, "api.form")
    refused = send(here, HEAD + b"Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n")
    refused.problem(413, "api.size")


def test_a_reader_who_takes_nothing_is_dropped(here: Running) -> None:
    request = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        connection.connect(here.address)
        connection.settimeout(0.5)

        def ask_until_dropped() -> None:
            end = time.monotonic() + 10
            while time.monotonic() < end:
                with suppress(TimeoutError):
                    connection.sendall(request * 100)

        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            ask_until_dropped()
    at_once(here)


def test_ten_thousand_tiny_requests_take_bounded_memory(here: Running) -> None:
    with line(here) as connection:
        stream = connection.makefile("rb")

        def ask(times: int) -> None:
            request = HEAD + b"Content-Length: 2\r\n\r\n{}"
            for _ in range(times // 50):
                connection.sendall(request * 50)
                for _ in range(50):
                    headers = b"".join(iter(stream.readline, b"\r\n"))
                    assert headers.startswith(b"HTTP/1.1 400"), headers
                    stream.read(int(re.findall(rb"content-length: (\d+)", headers)[0]))

        ask(500)
        before, start = memory_kb(here), time.monotonic()
        ask(10_000)
        after, took = memory_kb(here), time.monotonic() - start
    tell(f"resident before and after 10,000 tiny requests: {before} kB, {after} kB, in {took:.1f} s")
    assert after - before < 8_192


def test_a_stop_waits_for_no_slow_body(tmp_path: Path) -> None:
    stage = founded(tmp_path / "corridor")
    record = stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
    with running(tmp_path / "corridor") as served, line(served) as slow:
        slow.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        assert served.post(item(record)).status == 201
        start = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - start < 5
        read(slow).problem(408, "api.time")
