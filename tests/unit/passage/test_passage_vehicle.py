import pytest

from safeconduct.core.passage.vehicle import two_names
from tests.unit.passage.told import Passage


def named(passage: Passage) -> list[str]:
    return [rule for rule in passage.found() if rule in ("pass.other_vehicle", "vehicle.imo_check_digit")]


@pytest.mark.parametrize(("seen", "rules"), [("aa", []), ("bb", ["pass.other_vehicle"])])
def test_another_vehicle_under_the_pass_is_named(seen: str, rules: list[str]) -> None:
    passage = Passage()
    granted = passage.cleared(plate_tag="aa")
    passage.enter(30, granted, plate_tag=seen)
    passage.exit(60, granted, plate_tag="aa")
    assert named(passage) == rules


def test_undeclared_the_first_tag_that_a_post_states_counts() -> None:
    passage = Passage()
    passage.declare()
    passage.enter(30, plate_tag="aa")
    passage.exit(60, plate_tag="bb")
    passage.arrive(20, plate_tag="aa")
    assert named(passage) == ["pass.other_vehicle"]


def test_the_pass_is_for_the_vehicle_of_its_own_declaration() -> None:
    passage = Passage()
    first = passage.declare(plate_tag="aa")
    granted = passage.grant(first)
    passage.declare(20, plate_tag="bb", corrects=first.leaf)
    passage.enter(30, granted, plate_tag="bb")
    assert named(passage) == ["pass.other_vehicle"]


def test_without_a_tag_at_a_crossing_it_is_not_checkable_here() -> None:
    passage = Passage()
    granted = passage.cleared(plate_tag="aa")
    passage.enter(30, granted, plate_tag="aa")
    passage.exit(60, granted)
    assert ("not checkable here", "pass.other_vehicle") in passage.open()
    assert named(passage) == []


@pytest.mark.parametrize(
    ("number", "rules"), [("9074729", []), ("9422348", ["vehicle.imo_check_digit"]), (None, [])]
)
def test_an_imo_number_whose_check_digit_does_not_fit_is_named(number: str | None, rules: list[str]) -> None:
    passage = Passage()
    passage.declare(imo=number)
    assert named(passage) == rules


def test_two_names_for_one_imo_number_are_one_finding_and_names_are_compared_as_written() -> None:
    stated = [
        ("9332224", "CAPTAIN P.EGGLEZOS ", 7),
        ("9332224", "CAPTAIN P EGGLEZOS", 3),
        ("9332224", "CAPTAIN P EGGLEZOS", 5),
        ("9074729", "ONE", 1),
        ("9543328", "BLUE SHARK", 9),
        ("9543328", "NAVIN VULTURE", 9),
    ]
    first, second = two_names(stated, leaf_of=lambda index: f"leaf {index}")
    assert (first.entries, first.evidence) == ((3, 7), ("leaf 3", "leaf 7"))
    assert (second.entries, second.found) == ((9,), "2 names")
    assert not any("SHARK" in text for text in (second.expected, second.found, second.touches))
    assert two_names(reversed(stated))[1].evidence == ()
