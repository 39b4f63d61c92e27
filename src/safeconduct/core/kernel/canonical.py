"""JSON in one spelling (RFC 8785, JCS), restricted to what every reader reads alike.

Rules:
 1. UTF-8 without a byte order mark; integers only, |n| < 2**53; no other number, no NaN.
 2. Strings are in Normalization Form C, in letters that Unicode 14.0 has, and hold no lone surrogate.
 3. No duplicate names; at most 32 arrays and objects in each other.
 4. Printed back, the value gives the same bytes: member order, escapes and white space included.

Most texts need not be printed to know rule 4: names are compared where they are read, and without escapes,
white space and characters that UTF-16 sorts apart nothing else can be written in two ways.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from json.encoder import encode_basestring
from json.scanner import make_scanner
from typing import Any, NoReturn

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.letters import refuse_newer
from safeconduct.core.kernel.spelling import MAX_INTEGER

MAX_DEPTH = 32

_SAFE_DIGITS = 16  # fewer are below 2**53
_MAX_DIGITS = 17  # sixteen and a sign: longer ones are not even converted
_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")


def canonical(value: Any, *, where: str = "") -> bytes:
    """The JCS bytes of `value`: dicts with string keys, lists, strings, integers, booleans, None."""
    text = _PRINTER(value)
    try:
        data = text.encode("utf-8")
        if not text.isascii() and _BEYOND_BMP.search(text) and _order_differs(value):
            data = _IN_ORDER(_sorted_by_utf16(value)).encode("utf-8")
    except UnicodeEncodeError as error:
        hint = "Remove the lone surrogate"
        raise Malformed("a string holds half a character", where=where, next_step=hint) from error
    return data


def parse_canonical(data: bytes, *, where: str = "") -> Any:
    """The value that `data` spells; refuses everything that `canonical` would not have written."""
    try:
        text = data.decode("utf-8")
        value = _read(text)
    except Malformed as error:
        raise Malformed(error.faults[0].message, where=where, next_step=error.faults[0].next_step) from error
    except RecursionError as error:
        raise _too_deep(where) from error
    except ValueError as error:
        raise Malformed(
            "this is not JSON in UTF-8", where=where, next_step="Write JSON as in RFC 8785"
        ) from error
    # Both checks walk the value only where the bytes leave it open: the parts of a text in NFC are in NFC.
    if text.count("[") + text.count("{") > MAX_DEPTH and _looks_deep(data) and _depth(value, 0) > MAX_DEPTH:
        raise _too_deep(where)
    if not text.isascii():
        _check_letters(text, value, where)
    if not _is_plain(text) and canonical(value, where=where) != data:
        raise Malformed("printed back, this JSON differs", where=where, next_step=_HINT)
    return value


_HINT = "Write each name once, in order, without white space or needless escapes (RFC 8785)"


def _is_plain(text: str) -> bool:
    """Whether a text whose names are in order, and whose integers are spelled, can only be what is printed."""
    if "\\" in text or " " in text or "\n" in text or "\t" in text or "\r" in text:
        return False
    return text.isascii() or not _BEYOND_BMP.search(text)


_MAKE: Callable[..., Any] | None = getattr(json.encoder, "c_make_encoder", None)


def _printer(*, sort_keys: bool, make: Callable[..., Any] | None = _MAKE) -> Callable[[Any], str]:
    """One encoder each: json.dumps builds a new one at every call that changes a default.

    `make` is what JSONEncoder.encode itself calls, every time; a Python without it has the slower way.
    """
    library = json.JSONEncoder(
        ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys
    )
    if make is None:
        return library.encode
    encode = make(None, library.default, encode_basestring, None, ":", ",", sort_keys, False, False)
    return lambda value: "".join(encode(value, 0))


_PRINTER = _printer(sort_keys=True)
_IN_ORDER = _printer(sort_keys=False)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    # One name is in order; for the others sorting what is sorted costs one comparison each.
    if len(members) > 1 and (len(value) != len(members) or list(value) != sorted(value)):
        _in_order_of_utf16(members)
    return value


def _in_order_of_utf16(members: list[tuple[str, Any]]) -> None:
    names = [_utf16(name) for name, _ in members]
    if names != sorted(set(names)):
        raise Malformed("a name stands twice or out of order", next_step=_HINT)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _not_an_integer(text: str) -> NoReturn:
    raise Malformed(
        f"{text[:40]} is not an integer", next_step="Write integers only, in the unit's smallest part"
    )


def _integer(text: str) -> int:
    if len(text) < _SAFE_DIGITS:
        if text == "-0":
            raise Malformed("zero has no sign", next_step="Write 0")
        return int(text)
    if len(text) > _MAX_DIGITS or not -MAX_INTEGER <= (number := int(text)) <= MAX_INTEGER:
        raise Malformed("an integer is too large", next_step="Keep below 2**53")
    return number


_READER = json.JSONDecoder(
    parse_int=_integer, parse_float=_not_an_integer, parse_constant=_not_an_integer, object_pairs_hook=_object
)
_SCAN = make_scanner(_READER)  # type: ignore[arg-type]  # whatever has its hooks will do


def _read(text: str) -> Any:
    """The value that `text` begins and ends with. What has something around it, the library's own decoder names."""
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else _READER.decode(text)


def _too_deep(where: str) -> Malformed:
    return Malformed("the nesting is too deep", where=where, next_step=f"Nest at most {MAX_DEPTH} levels")


def _looks_deep(data: bytes) -> bool:
    """Whether brackets are left once those that hold nothing went: an array and an object in one turn."""
    brackets = data.translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH // 2):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)  # those in strings too: then the value is asked


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _depth(value: Any, above: int) -> int:
    """How many arrays and objects stand in each other; stops counting beyond the limit."""
    if not isinstance(value, dict | list) or above > MAX_DEPTH:
        return above
    members = value.values() if isinstance(value, dict) else value
    return max((_depth(member, above + 1) for member in members), default=above + 1)


def _check_letters(text: str, value: Any, where: str) -> None:
    refuse_newer(text, where=where)
    if not unicodedata.is_normalized("NFC", text) and not _is_nfc(value):
        raise Malformed("a string is not in NFC", where=where, next_step="Normalise it to Unicode NFC")


def _is_nfc(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_nfc(name) and _is_nfc(member) for name, member in value.items())
    if isinstance(value, list):
        return all(map(_is_nfc, value))
    return not isinstance(value, str) or unicodedata.is_normalized("NFC", value)


def _order_differs(value: Any) -> bool:
    """JCS sorts by UTF-16 units, Python by code points: they part only above U+FFFF."""
    if isinstance(value, dict):
        return any(
            max(name, default="") > "\uffff" or _order_differs(member) for name, member in value.items()
        )
    return isinstance(value, list) and any(map(_order_differs, value))


def _sorted_by_utf16(value: Any) -> Any:
    """`value` with its members in JCS order."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda item: _utf16(item[0]))
        return {name: _sorted_by_utf16(member) for name, member in ordered}
    return [_sorted_by_utf16(element) for element in value] if isinstance(value, list) else value
