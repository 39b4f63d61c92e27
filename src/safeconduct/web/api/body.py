"""A request's body, read strictly and in bounded memory.

Rules, in the order of the code:
 1. `application/json`, not compressed; at most 8 MiB; as long as `Content-Length` says.
 2. No more arrays, objects and values than 1,000 records have: counted before anything is built. No record and no
    disclosure has a bracket or a comma in it.
 3. JSON (RFC 8259) in UTF-8 without a byte order mark; no name twice; no NaN.
 4. `{"record":…}` with `disclosures` and `nature` where there are any, or `{"records":[…]}` of 1 to 1,000 such
    objects; nothing else stands in them. Every fault of the form is named, and nothing of the body enters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from safeconduct.core.kernel.errors import Fault
from safeconduct.service.admission import HandedIn
from safeconduct.web.api.problem import Turned

MAX_BYTES = 8 * 2**20
MOST_RECORDS = 1_000
NATURES = ("live", "simulated", "replay")
_SHORTEST_DISCLOSURE = 48
"""Base64url of a salt, `value` and an empty value."""
_MOST_VALUES = MAX_BYTES // _SHORTEST_DISCLOSURE
_MEMBERS = {"record", "disclosures", "nature"}
_SHAPE = 'Send {"record":"…"}, or {"records":[{"record":"…"},…]}'


@dataclass(frozen=True, slots=True)
class Body:
    """What was handed in."""

    submissions: tuple[HandedIn, ...]
    is_list: bool


def read_body(request: HttpRequest) -> Body:
    """The submissions in a request; `Turned` otherwise."""
    return parse_body(_bytes_of(request))


def _bytes_of(request: HttpRequest) -> bytes:
    """Rule 1. What is too long is not read at all."""
    if request.content_type != "application/json" or "Content-Encoding" in request.headers:
        raise Turned(
            "api.type",
            "the body is not plain JSON",
            where="Content-Type",
            next_step="Send Content-Type: application/json, not compressed",
        )
    said = request.META.get("CONTENT_LENGTH") or "0"
    length = int(said[:16]) if said.isascii() and said.isdigit() else 0
    if length > MAX_BYTES:
        raise too_large()
    try:
        data = request.read(length)
    except (UnreadablePostError, OSError):
        data = b""
    if len(data) != length or not length:
        raise Turned(
            "api.length",
            f"{len(data)} of {length} bytes came",
            where="Content-Length",
            next_step="Send it again, whole, with its Content-Length",
        )
    return data


def too_large() -> Turned:
    """Rule 1, for what is announced and for what came."""
    return Turned(
        "api.size",
        f"the body has more than {MAX_BYTES} bytes",
        where="Content-Length",
        next_step="Send fewer records at once",
    )


def parse_body(data: bytes) -> Body:
    """Rules 2 to 4."""
    if data.count(b"{") > MOST_RECORDS + 1 or data.count(b"[") > MOST_RECORDS + 1:  # 2
        raise Turned(
            "api.count",
            f"more arrays or objects than {MOST_RECORDS} records have",
            where="$",
            next_step=f"Send at most {MOST_RECORDS} records at once",
        )
    if data.count(b",") > _MOST_VALUES:
        raise Turned("api.count", "more values than records of this size have", where="$", next_step=_SHAPE)
    value = _json(data)  # 3
    is_list = type(value) is dict and "records" in value
    faults = list(_faults_of_list(value) if is_list else _faults_of_one(value, "$"))  # 4
    if faults:
        raise Turned.of(faults)
    items = value["records"] if is_list else [value]
    return Body(tuple(_handed_in(item) for item in items), is_list)


def _handed_in(item: dict[str, Any]) -> HandedIn:
    # A character that is not ASCII becomes a question mark, which no record and no disclosure has.
    return HandedIn(
        item["record"].encode("ascii", "replace"), tuple(item.get("disclosures", ())), item.get("nature")
    )


def _json(data: bytes) -> Any:
    try:
        return _READER.decode(data.decode("utf-8"))
    except RecursionError:
        said = "it is nested too deep"
    except UnicodeDecodeError:
        said = "it is not UTF-8"
    except json.JSONDecodeError as error:
        said = f"it stops being JSON at character {error.pos}"
    except _NotOurs as error:
        said = str(error)
    raise Turned("api.json", said, where="$", next_step=_SHAPE)


class _NotOurs(Exception):
    """What Python reads and others do not, or not alike."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise _NotOurs("a name stands twice in one object")
    return found


def _no_constant(word: str) -> NoReturn:
    raise _NotOurs(f"{word} is no JSON")


_READER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_no_constant,
    parse_int=lambda _: 0,  # no number stands anywhere in the form: how long it is costs nothing
    parse_float=lambda _: 0.0,
)


def _faults_of_list(value: dict[str, Any]) -> Iterator[Fault]:
    records = value["records"]
    for name in value.keys() - {"records"}:
        yield _fault("$", f"{name[:40]!r} stands beside records", "Put it into each record, or leave it out")
    if type(records) is not list or not records:
        yield _fault("$.records", "it is not a list with a record in it", _SHAPE)
        return
    for number, item in enumerate(records):
        yield from _faults_of_one(item, f"$.records[{number}]")


def _faults_of_one(item: Any, where: str) -> Iterator[Fault]:
    if type(item) is not dict:
        yield _fault(where, "it is not an object", _SHAPE)
        return
    for name in item.keys() - _MEMBERS:
        yield _fault(where, f"{name[:40]!r} is not known here", "Leave it out")
    if type(item.get("record")) is not str:
        yield _fault(f"{where}.record", "it is not a string", "Give the record as it was signed")
    disclosures = item.get("disclosures", [])
    if type(disclosures) is not list or any(type(text) is not str for text in disclosures):
        yield _fault(
            f"{where}.disclosures", "it is not a list of strings", "Give the disclosures, or leave it out"
        )
    if "nature" in item and item["nature"] not in NATURES:
        yield _fault(f"{where}.nature", "it is no nature", f"Write one of {', '.join(NATURES)}")


def _fault(where: str, message: str, next_step: str) -> Fault:
    return Fault(message, where, next_step, "api.form")
