"""Waits by month: small cases that a reader can count on their fingers."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.instant import parse_day
from safeconduct.core.passage.waits import DAY_S, Wait, median_waits


def waits(month: str, days: list[int | None]) -> list[Wait]:
    began = parse_day(f"{month}-01")
    return [Wait(began, None if wait is None else began + wait * DAY_S) for wait in days]


def test_the_middle_value_is_the_median_and_two_middle_ones_share_it() -> None:
    last = parse_day("2022-12-31")
    odd, even = median_waits(waits("2022-08", [9, 1, 2]) + waits("2022-09", [1, 2, 3, 9]), told_until_s=last)
    assert (odd.month, odd.begun, odd.ended, odd.median_days) == ("2022-08", 3, 3, Fraction(2))
    assert even.median_days == Fraction(5, 2)


def test_an_open_wait_does_not_hide_a_median_that_it_cannot_move() -> None:
    (month,) = median_waits(waits("2022-08", [1, 2, None]), told_until_s=parse_day("2022-08-31"))
    assert (month.ended, month.median_days) == (2, Fraction(2))


def test_where_most_are_still_open_only_a_lower_bound_is_known() -> None:
    (month,) = median_waits(waits("2022-08", [1, None, None]), told_until_s=parse_day("2022-08-08"))
    assert month.median_days is None
    assert month.at_least_days == Fraction(7)


def test_an_open_wait_that_began_yesterday_may_still_be_the_shortest() -> None:
    (month,) = median_waits(waits("2022-08", [4, 6, None]), told_until_s=parse_day("2022-08-02"))
    assert month.median_days is None
    assert month.at_least_days == Fraction(4)


@given(st.lists(st.integers(0, 60), min_size=1))
def test_the_order_of_the_waits_does_not_matter(days: list[int]) -> None:
    last = parse_day("2022-12-31")
    assert median_waits(waits("2022-08", [*days]), told_until_s=last) == median_waits(
        waits("2022-08", [*sorted(days)]), told_until_s=last
    )
