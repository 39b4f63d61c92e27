"""What Unicode 14.0 does not have is refused by every reader, whatever its own tables know."""

from __future__ import annotations

import unicodedata
from types import SimpleNamespace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel import canonical as kernel
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.letters import (
    UNASSIGNED,
    UNSEEN,
    VERSION,
    capitals,
    is_seen,
    newer_letter,
    refuse_newer,
)

COMPOSE_LATER = ("\U00016d63\U00016d67", "\U000105d2\u0307")
"""Unicode 16.0 composes each of the two; for 14.0 the first are no letters."""

NEVER_ASSIGNED = {*range(0xFDD0, 0xFDF0), *(code for code in range(0x110000) if code & 0xFFFE == 0xFFFE)}


def ranges(table: str = UNASSIGNED) -> set[int]:
    parts = [part.partition("-") for part in table.split()]
    return {code for first, _, last in parts for code in range(int(first, 16), int(last or first, 16) + 1)}


def read(text: str) -> str:
    """What is said of a record's text."""
    try:
        return str(parse_canonical(canonical(text)))
    except Malformed as error:
        return str(error)


def test_the_table_is_that_of_unicode_14() -> None:
    here = {code for code in range(0x110000) if unicodedata.category(chr(code)) == "Cn"} - NEVER_ASSIGNED
    assert here <= ranges()  # a later version only adds letters
    assert (here == ranges()) == (unicodedata.unidata_version == f"{VERSION}.0")


def test_what_does_not_show_is_that_of_unicode_14_whatever_this_python_knows() -> None:
    unseen = ranges(UNSEEN)
    seen = {code for code in range(0x110000) if is_seen(chr(code))}
    assert seen == {*range(0x110000)} - unseen - ranges()
    assert len(seen) == 144_516
    if unicodedata.unidata_version == f"{VERSION}.0":
        assert seen == {code for code in range(0x110000) if chr(code).isprintable()}


def test_a_name_is_seen_whole_or_not() -> None:
    assert is_seen("tile/0/000 مرور É")
    for name in ("a\u200bb", "a\nb", "a\u202eb", "\udc80", "a\U000897e6"):
        assert not is_seen(name), ascii(name)


def test_the_ranges_stand_in_order_and_apart() -> None:
    edges = [int(edge, 16) for part in UNASSIGNED.split() for edge in dict.fromkeys(part.split("-"))]
    assert edges == sorted(set(edges))
    assert len(UNASSIGNED.split()) == 705


def test_each_range_ends_where_the_table_says() -> None:
    newer = ranges()
    edges = {code + step for code in newer for step in (-1, 0, 1) if not {code - 1, code + 1} <= newer}
    assert len(edges) > 2000
    for code in edges - {0x110000}:
        assert newer_letter(chr(code)) == (f"U+{code:04X}" if code in newer else "")


@given(st.text())
def test_of_a_text_the_first_newer_letter_is_told(text: str) -> None:
    assert newer_letter(text) == next(filter(None, map(newer_letter, text)), "")


@pytest.mark.parametrize("text", COMPOSE_LATER)
@pytest.mark.parametrize("knows_them", [False, True])
def test_readers_of_other_unicode_versions_say_the_same(
    monkeypatch: pytest.MonkeyPatch, text: str, *, knows_them: bool
) -> None:
    def is_normalized(form: Literal["NFC"], asked: str) -> bool:
        return not (knows_them and text in asked) and unicodedata.is_normalized(form, asked)

    monkeypatch.setattr(kernel, "unicodedata", SimpleNamespace(is_normalized=is_normalized))
    assert read(text) == f"U+{ord(text[0]):04X} is not in Unicode 14.0. Write letters that are."
    monkeypatch.setattr(kernel, "refuse_newer", lambda *_, **__: None)
    if knows_them:
        assert "not in NFC" in read(text)
    elif unicodedata.unidata_version == "14.0.0":
        assert read(text) == text  # what the table prevents


@pytest.mark.parametrize(
    "text",
    ["\ue000\U000f0000\U0010fffd", "\ufdd0\uffff\U0001fffe\U0010ffff", "\u1dfa\U0001e290", "é мир 道 🚚"],
    ids=["private use", "noncharacters", "new in 14.0", "living scripts"],
)
def test_what_unicode_14_assigns_is_read(text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize("value", ["\u0378", {"\u0378": 1}, [{"a": ["é", "\U0003fffd"]}]])
def test_a_newer_letter_is_refused_wherever_it_stands(value: object) -> None:
    with pytest.raises(Malformed, match=r"^entry 3: U\+(0378|3FFFD) is not in Unicode 14\.0"):
        parse_canonical(canonical(value), where="entry 3")


def test_half_a_character_is_another_rule_s() -> None:
    assert newer_letter("\ud800") == ""


def test_the_rule_is_named_by_who_asks() -> None:
    with pytest.raises(Malformed) as caught:
        refuse_newer("ab\u0378", where="a file", rule="route.json")
    assert (caught.value.rule, caught.value.faults[0].where) == ("route.json", "a file")


def test_a_capital_that_is_newer_is_none() -> None:
    assert capitals("straße é") == "STRASSE É"
    assert capitals("\u0264b") == "\u0264B"  # U+A7CB is its capital from 16.0 on
    assert capitals("\U00010d70é") == "\U00010d70É"  # 16.0 has it and its capital, 14.0 neither
