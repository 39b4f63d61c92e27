"""Waits drawn in a terminal: bars from zero, and no number where none is known."""

from fractions import Fraction

from safeconduct.cli.bars import bars, day, days
from safeconduct.core.kernel.instant import parse_day
from safeconduct.core.passage.waits import MonthOfWaits


def test_a_bar_is_two_cells_a_day_and_its_number_stands_beside_it() -> None:
    (line,) = bars([MonthOfWaits("2022-10", 175, 175, Fraction(14), Fraction(14))])
    assert line == f"Oct 2022  {'█' * 28} 14  (175)"


def test_a_median_that_is_not_known_is_hatched_and_said_to_be_so() -> None:
    (line,) = bars([MonthOfWaits("2023-03", 48, 21, None, Fraction(15, 2))])
    assert line == f"Mar 2023  {'▒' * 15} not known, 7½ or more: 21 of 48 inspected when the source ends"


def test_a_bar_never_grows_wider_than_the_screen() -> None:
    (line,) = bars([MonthOfWaits("2023-03", 1, 1, Fraction(400), Fraction(400))])
    assert len(line) < 80


def test_days_and_halves_are_written_without_a_fraction_sign() -> None:
    assert (days(Fraction(8)), days(Fraction(17, 2))) == ("8", "8½")
    assert day(parse_day("2023-03-07")) == "7 March 2023"
