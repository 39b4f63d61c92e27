"""What nobody should send is answered by a rule, in bounded memory and time, and nothing of it is written."""

from __future__ import annotations

import gc
import json
import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from safeconduct.web.api import forms
from safeconduct.web.api.body import MAX_BYTES, MOST_RECORDS, NATURES
from safeconduct.web.api.problem import RULES
from tests.web.served import Served, item, problem, served


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("bad") / "corridor") as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_is_written(here: Served) -> Iterator[None]:
    before = here.entries()
    yield
    assert here.entries() == before


RECORD = '{"record":"a.b.c"}'
BODIES: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"record=a", 400, "api.json"),
    "cut off": (RECORD[:-2].encode(), 400, "api.json"),
    "something behind it": (b"{}{}", 400, "api.json"),
    "byte order mark": (b"\xef\xbb\xbf" + RECORD.encode(), 400, "api.json"),
    "UTF-16": (RECORD.encode("utf-16"), 400, "api.json"),
    "half a character": (b'{"record":"\xff"}', 400, "api.json"),
    "no number": (b'{"record":NaN}', 400, "api.json"),
    "a name twice": (b'{"record":"a.b.c","record":"d.e.f"}', 400, "api.json"),
    "a name twice inside": (b'{"records":[{"record":"a.b.c","record":"d"}]}', 400, "api.json"),
    "nested deep": (b'{"record":' + b"[" * 900 + b"]" * 900 + b"}", 400, "api.form"),
    "nested deeper": (b"[" * 1000 + b'{"a":' * 1000, 400, "api.json"),
    "nested without end": (b"[" * 100_000, 413, "api.count"),
    "a long number": (b'{"record":' + b"9" * 100_000 + b"}", 400, "api.form"),
    "a string": (b'"a.b.c"', 400, "api.form"),
    "null": (b"null", 400, "api.form"),
    "a list": (b"[" + RECORD.encode() + b"]", 400, "api.form"),
    "an empty list": (b'{"records":[]}', 400, "api.form"),
    "no list": (b'{"records":{}}', 400, "api.form"),
    "no record": (b"{}", 400, "api.form"),
    "a number for a record": (b'{"record":5}', 400, "api.form"),
    "another member": (b'{"record":"a.b.c","jti":"x"}', 400, "api.form"),
    "a member beside the list": (b'{"records":[{"record":"a.b.c"}],"nature":"live"}', 400, "api.form"),
    "disclosures that are none": (b'{"record":"a.b.c","disclosures":[1]}', 400, "api.form"),
    "disclosures that are null": (b'{"record":"a.b.c","disclosures":null}', 400, "api.form"),
    "a nature that is none": (b'{"record":"a.b.c","nature":"wild"}', 400, "api.form"),
    "no object in the list": (b'{"records":["a.b.c"]}', 400, "api.form"),
    "too many": (json.dumps({"records": [{"record": "a.b.c"}] * (MOST_RECORDS + 1)}).encode(), 413, "api.count"),
    "too many strings": (json.dumps({"records": ["a"] * (MOST_RECORDS + 1)}).encode(), 400, "api.form"),
    "a million nothings": (b'{"records":[' + b"{}," * 1_000_000 + b"{}]}", 413, "api.count"),
    "a million values": (b'{"records":[' + b'"",' * 1_000_000 + b'""]}', 413, "api.count"),
    "no record by its spelling": (RECORD.encode(), 422, "record.spelling"),
    "half a surrogate": (b'{"record":"\\ud800"}', 422, "record.spelling"),
    "letters that are not ASCII": ('{"record":"é.é.é"}'.encode(), 422, "record.spelling"),
    "a record that is too long": (json.dumps({"record": "a" * 70_000}).encode(), 422, "record.too_long"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_answered_by_its_rule(name: str, here: Served) -> None:
    body, status, rule = BODIES[name]
    started = time.process_time()
    response = here.post(body)
    assert time.process_time() - started < 2
    document = response.json()
    assert (document["status"], document["rule"]) == (status, rule), document
    forms.Problem.model_validate(document)
    assert response["Content-Type"] == "application/problem+json"
    assert len(response.content) < 20_000


def test_every_fault_of_a_form_is_named_with_its_place(here: Served) -> None:
    body = {"records": [{"record": 1, "nature": "wild"}, {"record": "a", "x": 1}, 5], "y": 1}
    faults = here.post(body).json()["faults"]
    assert [fault["where"] for fault in faults] == [
        "$", "$.records[0].record", "$.records[0].nature", "$.records[1]", "$.records[2]",
    ]  # fmt: skip
    assert all(nature in faults[2]["next_step"] for nature in NATURES)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json-seq",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_another_content_type_is_turned_away(content_type: str, here: Served) -> None:
    response = here.client.generic("POST", "/api/records", RECORD, content_type)
    problem(response, 415, "api.type")


def test_a_compressed_body_is_turned_away_and_a_charset_is_not(here: Served) -> None:
    problem(here.post(b"x", headers={"Content-Encoding": "gzip"}), 415, "api.type")
    response = here.client.generic("POST", "/api/records", RECORD, "application/json; charset=utf-8")
    problem(response, 422, "record.spelling")


class Endless(BytesIO):
    """A body that goes on; how much of it was asked for."""

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0, "a server that reads to the end never ends"
        self.asked += size
        return super().read(size)


def call(
    body: Any, length: str | None, method: str = "POST", path: str = "/api/records"
) -> tuple[int, bytes]:
    """One request by WSGI, as a server hands it over."""
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "x", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": body, "wsgi.url_scheme": "http",
        "CONTENT_TYPE": "application/json",
    }  # fmt: skip
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    statuses: list[str] = []
    started: Callable[..., Any] = lambda status, _: statuses.append(status)  # noqa: E731
    response = HANDLER(environ, started)
    content = b"".join(response)
    response.close()
    return int(statuses[0][:3]), content


HANDLER = WSGIHandler()


@pytest.mark.parametrize("length", [str(MAX_BYTES + 1), "9" * 14, "9" * 400, "-1", "1e3", "٣", "+5", None])
def test_a_body_that_is_too_long_or_has_no_length_is_not_read(length: str | None, here: Served) -> None:
    body = Endless(b"x" * 10)
    status, content = call(body, length)
    expected = (413, "api.size") if length and length[0] in "89" else (400, "api.length")
    assert (status, json.loads(content)["rule"]) == expected
    assert body.asked == 0


def test_a_body_of_the_largest_size_is_read_and_no_more_of_it(here: Served) -> None:
    text = RECORD.encode() + b" " * (MAX_BYTES - len(RECORD))
    body = Endless(text + b"{}")
    status, content = call(body, str(MAX_BYTES))
    assert (status, json.loads(content)["rule"]) == (422, "record.spelling")
    assert body.tell() == MAX_BYTES


def test_a_body_that_breaks_off_is_not_taken_for_whole(here: Served) -> None:
    whole = json.dumps(item(here.offer())).encode()
    status, content = call(Endless(whole), str(len(whole) + 1))
    assert (status, json.loads(content)["rule"]) == (400, "api.length")

    class Broken(BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    status, content = call(Broken(), "5")
    assert (status, json.loads(content)["rule"]) == (400, "api.length")


def peak_of(act: Callable[[], object]) -> int:
    """How many bytes were held at once, at most."""
    gc.collect()
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a million nothings", "a million values", "nested without end", "too many"])
def test_memory_is_bounded_by_the_size_of_the_body(name: str, here: Served) -> None:
    body = BODIES[name][0]
    assert peak_of(lambda: call(BytesIO(body), str(len(body)))) < 4 * len(body) + 2_000_000


def test_the_fullest_body_that_is_read_needs_a_few_times_its_size(here: Served) -> None:
    full = b'{"record":"a.b.c","disclosures":["' + b'","'.join([b"e30"] * 170_000) + b'"]}'
    assert peak_of(lambda: call(BytesIO(full), str(len(full)))) < 30 * 2**20


def test_ten_thousand_tiny_requests_leave_nothing_behind(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)  # pytest keeps what is logged
    bodies = [b"{}", b"", b"[", RECORD.encode()[:9], b'{"record":""}']

    def many(count: int) -> None:
        for number in range(count):
            body = bodies[number % 4]
            status, _ = call(BytesIO(body), str(len(body)))
            assert status == 400

    many(1_000)
    tracemalloc.start()
    try:
        many(500)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        many(500)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    many(8_000)
    grown = len(gc.get_objects())
    many(500)
    gc.collect()
    assert after < before + 50_000
    assert len(gc.get_objects()) < grown + 100


def test_every_rule_of_the_api_is_answered_somewhere_in_these_tests() -> None:
    asked = {rule for _, _, rule in BODIES.values()} | {"api.type", "api.size", "api.length"}
    others = {"api.path", "api.unknown", "api.method", "api.defect"}  # test_api.py
    others |= {"api.time", "api.busy"}  # test_serve_bad_input.py
    assert asked - {"record.spelling", "record.too_long"} | others == RULES.keys()
