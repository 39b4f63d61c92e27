"""Findings in the source's words, compared with those that a human checked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.errors import Malformed
from safeconduct.service.expected import Known, compare, parse_expected

FILE = Path(__file__).parents[3] / "examples" / "black-sea-2022" / "expected_findings.json"
ONE = Known("vehicle.two_names", "9543328", (148,))
TWO = Known("vehicle.imo_check_digit", "9422348", (711,))


def test_the_same_findings_in_any_order_do_not_differ() -> None:
    assert not compare([ONE, TWO], [TWO, ONE])


def test_what_is_missing_and_what_is_more_are_told_apart_and_counted() -> None:
    difference = compare([ONE, ONE], [ONE, TWO])
    assert (difference.missing, difference.unexpected) == ((ONE,), (TWO,))


def test_the_file_lists_three_check_digits_and_six_pairs_of_names() -> None:
    rules = [one.rule for one in parse_expected(FILE.read_text(encoding="utf-8"))]
    assert rules.count("vehicle.imo_check_digit") == 3
    assert rules.count("vehicle.two_names") == 6
    assert len(rules) == 9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"findings": [1]}',
        '{"findings": [{"rule": "vehicle.two_names", "imo": "1", "voyages": [2, 1], "checked": ""}]}',
        '{"findings": [{"rule": "vehicle.two_names", "imo": 1, "voyages": [1], "checked": ""}]}',
        '{"findings": [{"rule": "vehicle.two_names", "imo": "1", "voyages": [true], "checked": ""}]}',
        '{"findings": [{"rule": "vehicle.two_names", "imo": "1", "voyages": [1]}]}',
        '{"findings": [{"rule": "no.rule", "imo": "1", "voyages": [1], "checked": ""}]}',
        "[" * 100_000,
    ],
)
def test_a_file_of_another_form_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_expected(text)


@given(st.text())
def test_any_text_is_a_list_of_findings_or_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_expected(text)
