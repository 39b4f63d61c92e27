from __future__ import annotations

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.instant import (
    parse_day,
    parse_duration,
    parse_instant,
    print_day,
    print_duration,
    print_instant,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-01T06:10:00Z", 1_772_345_400),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ],
)
def test_an_instant_is_read_and_printed_back(text: str, seconds: int) -> None:
    assert parse_instant(text) == seconds
    assert print_instant(seconds) == text
    assert print_day(seconds) == text[:10]
    assert parse_day(text[:10]) == seconds - seconds % 86_400


def test_what_no_calendar_can_write_is_printed_as_seconds() -> None:
    for seconds in (-62_135_596_801, 253_402_300_800, 2**53 - 1):
        assert print_instant(seconds) == print_day(seconds) == f"{seconds} s"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6 March",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-03-01T06:10:00+00:00",
        "2026-03-01T06:10:00.000Z",
        "2026-03-01 06:10:00Z",
        "2026-03-01T06:10:00Z\n",
        "２026-03-01T06:10:00Z",
    ],
)
def test_a_time_in_another_spelling_or_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="Write UTC as 2026-03-01T06:10:00Z"):
        parse_instant(text, where="entry 1")


@pytest.mark.parametrize("text", ["", "2026-02-30", "1.3.2026", "2026-3-1", "2026-03-01Z", "0000-01-01"])
def test_a_day_in_another_spelling_or_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="Write it as 2026-03-01"):
        parse_day(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("44 h", 158_400), ("7 d", 604_800), ("10 min", 600), ("30 s", 30), ("0 d", 0)]
)
def test_a_duration_is_printed_in_the_largest_unit_that_divides_it(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds
    assert print_duration(seconds) == text


@pytest.mark.parametrize(
    "text", ["", "44h", "44 hours", "-1 h", "1.5 h", "044 h", "1 h 30 min", "9999999999 s"]
)
def test_a_duration_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="Write it as 44 h, 10 min, 30 s or 7 d"):
        parse_duration(text)
