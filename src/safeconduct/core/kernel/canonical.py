"""JSON in one spelling (RFC 8785, JCS), restricted to what every reader reads alike.

Rules:
 1. UTF-8 without a byte order mark; integers only, |n| < 2**53; no other number, no NaN.
 2. Strings are in Normalization Form C and hold no lone surrogate.
 3. No duplicate names; depth at most 32.
 4. Printed back, the value gives the same bytes: member order, escapes and white space included.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import MAX_INTEGER

MAX_DEPTH = 32


def canonical(value: Any) -> bytes:
    """The JCS bytes of `value`: dicts with string keys, lists, strings, integers, booleans, None."""
    text = _PRINTER(value)
    if not text.isascii() and _order_differs(value):
        text = _IN_ORDER(_sorted_by_utf16(value))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("a string holds half a character", next_step="Remove the lone surrogate") from error


def parse_canonical(data: bytes, *, where: str = "") -> Any:
    """The value that `data` spells; refuses everything that `canonical` would not have written."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except Malformed as error:
        raise Malformed(error.faults[0].message, where=where, next_step=error.faults[0].next_step) from error
    except RecursionError as error:
        raise Malformed(
            "the nesting is too deep", where=where, next_step=f"Nest at most {MAX_DEPTH} levels"
        ) from error
    except ValueError as error:
        raise Malformed(
            "this is not JSON in UTF-8", where=where, next_step="Write JSON as in RFC 8785"
        ) from error
    _check(value, where, 0, ascii_only=text.isascii())
    if canonical(value) != data:
        hint = "Write each name once, in order, without white space or needless escapes (RFC 8785)"
        raise Malformed("printed back, this JSON differs", where=where, next_step=hint)
    return value


def _printer(*, sort_keys: bool) -> Callable[[Any], str]:
    """One encoder each: json.dumps builds a new one at every call that changes a default."""
    return json.JSONEncoder(
        ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys
    ).encode


_PRINTER = _printer(sort_keys=True)
_IN_ORDER = _printer(sort_keys=False)


def _no_float(text: str) -> NoReturn:
    raise Malformed(
        f"{text[:40]} is not an integer", next_step="Write integers only, in the unit's smallest part"
    )


def _check(value: Any, where: str, depth: int, *, ascii_only: bool) -> None:
    """Rules 1 to 3, where JSON's own reader is lenient."""
    if depth > MAX_DEPTH:
        raise Malformed("the nesting is too deep", where=where, next_step=f"Nest at most {MAX_DEPTH} levels")
    kind = type(value)
    if kind is str:
        if not ascii_only and not unicodedata.is_normalized("NFC", value):
            raise Malformed("a string is not in NFC", where=where, next_step="Normalise it to Unicode NFC")
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Malformed("an integer is too large", where=where, next_step="Keep below 2**53")
    elif kind is dict:
        for name, member in value.items():
            _check(name, where, depth + 1, ascii_only=ascii_only)
            _check(member, where, depth + 1, ascii_only=ascii_only)
    elif kind is list:
        for element in value:
            _check(element, where, depth + 1, ascii_only=ascii_only)


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
        ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be", "surrogatepass"))
        return {name: _sorted_by_utf16(member) for name, member in ordered}
    return [_sorted_by_utf16(element) for element in value] if isinstance(value, list) else value
