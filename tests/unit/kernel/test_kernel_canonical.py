from __future__ import annotations

from typing import Any

import pytest

from safeconduct.core.kernel.canonical import MAX_DEPTH, _printer, canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, False, None]}, '{"a":[true,false,null],"b":1}'),
        ("€$\u000f\nA'\"\\/\u007f", '"€$\\u000f\\nA\'\\"\\\\/\u007f"'),
        (-(2**53) + 1, "-9007199254740991"),
        ({}, "{}"),
        # RFC 8785 §3.2.3: by UTF-16 units, so U+1F600 comes before U+FF01. (Its U+FB33 is not in NFC.)
        (
            {"€": 1, "\r": 2, "1": 3, "😀": 4, "\uff01": 5, "\x80": 6, "ö": 7},
            '{"\\r":2,"1":3,"\x80":6,"ö":7,"€":1,"😀":4,"\uff01":5}',
        ),
        ([{"😀": {"\uff01": 1, "😀": 2}}], '[{"😀":{"😀":2,"\uff01":1}}]'),
        ({"a": "😀", "b": [1]}, '{"a":"😀","b":[1]}'),
    ],
)
def test_a_value_has_one_spelling_and_is_read_back_from_it(value: Any, text: str) -> None:
    assert canonical(value) == text.encode()
    assert parse_canonical(text.encode()) == value


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"{} x", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\n"', "not JSON"),
        (b"1.0", "not an integer"),
        (b"1E2", "not an integer"),
        (b"NaN", "not an integer"),
        (b"-Infinity", "not an integer"),
        (b"9007199254740992", "too large"),
        (b"-9007199254740992", "too large"),
        (b"1" * 5000, "too large"),
        (b"-0", "no sign"),
        (b" 1", "differs"),
        (b'{"a":1,"a":2}', "stands twice"),
        (b'{"b":1,"a":2}', "out of order"),
        (b'"\\u0041"', "differs"),
        (b'"\\/"', "differs"),
        (b'"\\u00e9"', "differs"),
        (b'"\\ud800"', "half a character"),
        ('{"\uff01":1,"😀":2}'.encode(), "differs"),
        ('"e\u0301"'.encode(), "not in NFC"),
        ('{"e\u0301":1}'.encode(), "not in NFC"),
        ('[1,{"a":"e\u0301"}]'.encode(), "not in NFC"),
        (b"[" * 33 + b"]" * 33, "too deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too deep"),
    ],
)
def test_every_other_spelling_is_refused_with_its_place(data: bytes, what: str) -> None:
    with pytest.raises(Malformed, match=rf"^entry 3: .*{what}"):
        parse_canonical(data, where="entry 3")


def test_32_levels_are_read_full_or_empty() -> None:
    for inner in (b"", b"1"):
        parse_canonical(b"[" * MAX_DEPTH + inner + b"]" * MAX_DEPTH)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    flat = b"[" + b",".join([b"[1]"] * 50) + b"]"
    assert parse_canonical(flat) == [[1]] * 50


def test_a_string_in_nfc_is_read_where_the_text_around_it_would_compose() -> None:
    # Printed, the line feed ends in a letter n, which would compose with the accent.
    value = ["\n\u0303", 1]
    assert parse_canonical(canonical(value)) == value


def test_half_a_character_has_no_spelling() -> None:
    for value in ("\ud800", {"\ud800": 1}, {"😀": "\ud800"}):
        with pytest.raises(Malformed, match="half a character"):
            canonical(value)


def test_without_the_library_s_own_encoder_the_spelling_is_the_same() -> None:
    value = {"b": [1, "é", None, True, {}], "a": '"'}
    assert _printer(sort_keys=True, make=None)(value) == canonical(value).decode()
