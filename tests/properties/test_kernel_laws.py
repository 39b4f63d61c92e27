"""Any bytes at all: a value that prints back, or Malformed; never another exception."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.instant import (
    parse_day,
    parse_duration,
    parse_instant,
    print_day,
    print_instant,
)
from safeconduct.core.kernel.letters import newer_letter
from safeconduct.core.kernel.spelling import (
    parse_base64,
    parse_base64url,
    parse_decimal,
    parse_hex,
    print_base64,
    print_base64url,
)

STRINGS = (
    st.text(st.characters(exclude_categories=["Cs"]))
    .filter(lambda text: not newer_letter(text))
    .map(lambda text: unicodedata.normalize("NFC", text))
)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)
JSON_LIKE = st.text('{}[]":,0123456789-+.eE \\u\n"aé\u0301😀\ud800', max_size=30)


def in_utf16_order(value: Any) -> Any:
    """Members in the order of RFC 8785 §3.2.3, by another road than the code's."""
    if isinstance(value, dict):
        return {
            name: in_utf16_order(value[name])
            for name in sorted(value, key=lambda name: list(memoryview(name.encode("utf-16-be"))))
        }
    return [in_utf16_order(element) for element in value] if isinstance(value, list) else value


@given(VALUES)
def test_what_canonical_writes_is_read_back_and_is_jcs(value: Any) -> None:
    data = canonical(value)
    assert parse_canonical(data) == value
    assert data == json.dumps(in_utf16_order(value), ensure_ascii=False, separators=(",", ":")).encode()


@given(st.binary() | JSON_LIKE.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_canonical_json_or_malformed(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except Malformed:
        return
    assert canonical(value) == data


@given(VALUES, st.data())
def test_one_more_space_anywhere_is_refused_unless_it_stands_in_a_string(
    value: Any, data: st.DataObject
) -> None:
    text = canonical(value).decode()
    place = data.draw(st.integers(0, len(text)))
    spaced = f"{text[:place]} {text[place:]}".encode()
    with contextlib.suppress(Malformed):
        assert parse_canonical(spaced) != value


@pytest.mark.parametrize(
    ("parse", "back"),
    [
        (parse_base64, print_base64),
        (parse_base64url, print_base64url),
        (parse_decimal, str),
        (lambda text: parse_hex(text, length=2), bytes.hex),
        (parse_instant, print_instant),
        (parse_day, print_day),
    ],
)
@given(text=st.text() | st.from_regex(r"\A[0-9A-Za-z+/=_-]{0,12}\Z") | st.from_regex(r"\A[0-9TZ:-]{10,20}\Z"))
def test_any_text_is_read_and_printed_back_or_malformed(
    parse: Callable[[str], Any], back: Callable[[Any], str], text: str
) -> None:
    try:
        value = parse(text)
    except Malformed:
        return
    assert back(value) == text


@given(st.text() | st.from_regex(r"\A[0-9]{1,10} (s|min|h|d)\Z"))
def test_any_text_is_a_duration_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert parse_duration(text) >= 0
