"""Whatever is read: a value, or Malformed with a place and advice; never another exception."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.lines import Path, lines_of
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import Route, parse_route
from safeconduct.core.agreement.words import in_words
from safeconduct.core.kernel.errors import Malformed
from tests.unit.agreement.agreement_samples import MINIMAL, ROUTE
from tests.unit.agreement.test_agreement_parse import FULL

SCRAPS = st.sampled_from(
    [
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        '"""',
        "=",
        ".",
        ",",
        "#",
        "\n",
        "nan",
        "1.5",
        "2026-02-30",
        "е",
        "\ud800",
        "[[",
        "true",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def check_faults(malformed: Malformed) -> None:
    assert all(fault.where and fault.rule and fault.next_step for fault in malformed.faults)


def reads_or_says_why(text: str) -> None:
    try:
        agreement = parse_agreement(text)
    except Malformed as malformed:
        check_faults(malformed)
        return
    assert isinstance(agreement, Agreement)
    assert isinstance(agreement.unset(), tuple)
    assert in_words(agreement, None)


@given(st.text())
def test_any_text_is_an_agreement_or_malformed(text: str) -> None:
    reads_or_says_why(text)


@given(st.integers(0, len(FULL)), st.integers(0, 12), SCRAPS | st.text(max_size=3))
def test_a_damaged_agreement_is_one_or_malformed(at: int, gone: int, put: str) -> None:
    reads_or_says_why(FULL[:at] + put + FULL[at + gone :])


@given(st.lists(st.tuples(st.sampled_from(MINIMAL.splitlines()), st.integers(0, 2)), max_size=20))
def test_shuffled_lines_are_an_agreement_or_malformed(lines: list[tuple[str, int]]) -> None:
    reads_or_says_why("\n".join(line[cut:] for line, cut in lines))


def paths_in(value: Any, path: Path = ()) -> Iterator[Path]:
    parts = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for part, inner in parts:
        yield (*path, part)
        yield from paths_in(inner, (*path, part))


@given(st.integers(0, len(FULL)), SCRAPS)
@example(FULL.index("[") + 2, ".")
def test_wherever_toml_is_valid_the_line_of_every_key_is_found(at: int, put: str) -> None:
    text = FULL[:at] + put + FULL[at:]
    try:
        value = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    assert set(paths_in(value)) == set(lines_of(text))


def test_every_part_of_a_dotted_header_and_of_a_quoted_key_has_its_line() -> None:
    text = """[a.b]
c."d.\\u0065".'f"' = 1
[[a.g]]
[a.g.h]
i = [{ j.k = 1 }, 2]
"""
    assert dict(lines_of(text)) == {
        ("a",): 1,
        ("a", "b"): 1,
        ("a", "b", "c"): 2,
        ("a", "b", "c", "d.e"): 2,
        ("a", "b", "c", "d.e", 'f"'): 2,
        ("a", "g"): 3,
        ("a", "g", 0): 3,
        ("a", "g", 0, "h"): 4,
        ("a", "g", 0, "h", "i"): 5,
        ("a", "g", 0, "h", "i", 0): 5,
        ("a", "g", 0, "h", "i", 0, "j"): 5,
        ("a", "g", 0, "h", "i", 0, "j", "k"): 5,
        ("a", "g", 0, "h", "i", 1): 5,
    }


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_a_route_or_malformed(text: str) -> None:
    route_or_malformed(text)


@given(st.integers(0, len(ROUTE)), st.integers(0, 6), SCRAPS | st.text(max_size=3))
def test_a_damaged_route_is_one_or_malformed(at: int, gone: int, put: str) -> None:
    route_or_malformed(ROUTE[:at] + put + ROUTE[at + gone :])


def route_or_malformed(text: str) -> None:
    try:
        route = parse_route(text)
    except Malformed as malformed:
        check_faults(malformed)
        return
    assert isinstance(route, Route)
    assert route.length_m >= 0
