"""The small web server: whole requests only, bounded in length, time and number."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from urllib.parse import urlsplit

import pytest

from safeconduct.adapters import http_serve
from safeconduct.adapters.http_serve import MOST_CONNECTIONS, Asked, Listener, Reply, parse_listen
from safeconduct.core.kernel.errors import Malformed, Unavailable
from tests.unit.adapters.witness_scene import listening

MOST = 1_000


def echo(asked: Asked) -> Reply:
    if asked.path == "/defect":
        raise ZeroDivisionError
    if asked.path == "/away":
        raise Unavailable("the disk is full")
    return Reply(200, f"{asked.method} {asked.path} ".encode() + asked.body, {"X-Said": "yes"})


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, int]]:
    with listening(lambda: nullcontext(echo), MOST) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0)


@contextmanager
def connected(place: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(place, timeout=20) as sock:
        yield sock


def said(place: tuple[str, int], text: bytes) -> bytes:
    """Everything that comes until the server closes."""
    with connected(place) as sock:
        sock.sendall(text)
        got = b""
        while piece := sock.recv(65_536):
            got += piece
        return got


def test_two_requests_on_one_connection_are_answered(place: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*place, timeout=10)
    for body in (b"one", b"x" * MOST):
        connection.request("POST", "/there", body=body)
        answer = connection.getresponse()
        assert (answer.status, answer.read(), answer.headers["X-Said"]) == (
            200,
            b"POST /there " + body,
            "yes",
        )
    connection.request("HEAD", "/there")
    answer = connection.getresponse()
    assert (answer.headers["Content-Length"], answer.read()) == ("12", b"")
    connection.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /defect HTTP/1.0\r\n\r\n", 500),
        (b"GET /away HTTP/1.0\r\n\r\n", 503),
        (b"GET /there HTTP/1.0\r\n\r\n", 200),
        (b"GET /there HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
    ],
)
def test_what_is_no_whole_request_of_ours_is_turned_away(
    place: tuple[str, int], text: bytes, status: int
) -> None:
    answer = said(place, text)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"Traceback" in answer, b"the disk is full" in answer) == (False, status == 503)


def test_who_asks_first_whether_to_send_is_told_to(place: tuple[str, int]) -> None:
    with connected(place) as sock:
        sock.sendall(
            b"POST /there HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
        )
        assert sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ok")
        assert b"POST /there ok" in sock.recv(65_536)


def test_a_request_that_drips_is_given_up(place: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_serve, "WHOLE_S", 0.3)
    with connected(place) as sock:
        begun = time.monotonic()
        sock.sendall(b"GET / HT")
        for _ in range(100):
            time.sleep(0.05)
            try:
                sock.sendall(b"T")
            except OSError:
                break
            if time.monotonic() - begun > 1.0:
                break
        assert sock.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_those_who_say_nothing_do_not_keep_others_out(place: tuple[str, int]) -> None:
    """More of them than there is room for, half of them in the middle of a request."""
    with ExitStack() as stack:
        for number in range(MOST_CONNECTIONS + 40):
            sock = stack.enter_context(connected(place))
            if number % 2:
                sock.sendall(b"POST /there HTTP/1.1\r\nContent-Length: 900\r\n\r\nhalf")
        begun = time.monotonic()
        for _ in range(20):
            assert said(place, b"GET /there HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - begun < 5


def test_a_stop_answers_what_has_begun_and_takes_nothing_new() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(_: Asked) -> Reply:
        entered.set()
        leave.wait(10)
        return Reply(200, b"done")

    got: list[bytes] = []
    with listening(lambda: nullcontext(slow), MOST) as url:
        parts = urlsplit(url)
        there = (str(parts.hostname), int(parts.port or 0))
        with connected(there):  # says nothing, and holds nobody up
            client = threading.Thread(target=lambda: got.append(said(there, b"GET / HTTP/1.1\r\n\r\n")))
            client.start()
            assert entered.wait(10)
            threading.Timer(0.2, leave.set).start()
    client.join(10)
    assert got[0].endswith(b"done")
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system calls it
        socket.create_connection(there, timeout=1)


def test_a_place_that_is_taken_is_named(place: tuple[str, int]) -> None:
    with pytest.raises(Unavailable, match="nothing can listen here"):
        Listener(*place, echo, most_body=1).run(lambda _: None)
    with pytest.raises(Unavailable):
        Listener("no-such-host.invalid", 1, echo, most_body=1).run(lambda _: None)


@pytest.mark.parametrize(
    ("text", "found"),
    [("0.0.0.0:80", ("0.0.0.0", 80)), (":0", ("127.0.0.1", 0)), ("[::1]:8443", ("::1", 8443))],  # noqa: S104 - what is typed
)
def test_a_place_to_listen_is_a_host_and_a_port(text: str, found: tuple[str, int]) -> None:
    assert parse_listen(text) == found
    for wrong in ("8443", "host:", "host:99999", "host:+1", "host:１"):
        with pytest.raises(Malformed, match="no place to listen"):
            parse_listen(wrong)
