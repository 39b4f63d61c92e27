import pytest

from tests.unit.passage.told import Passage


def seals(passage: Passage) -> list[str]:
    return [rule for rule in passage.found() if rule.startswith("seal.")]


def left_open(passage: Passage) -> list[tuple[str, str]]:
    return [state for state in passage.open() if state[1].startswith("seal.")]


@pytest.mark.parametrize(("read_at_exit", "named"), [("s1", []), ("s2", ["seal.wrong_number"])])
def test_a_seal_swapped_on_the_road_is_named_and_an_honest_one_is_not(
    read_at_exit: str, named: list[str]
) -> None:
    passage = Passage()
    passage.seal(20, "affixed", "s1")
    passage.seal(90, "found", read_at_exit, at="south")
    assert seals(passage) == named


@pytest.mark.parametrize(
    ("act", "condition", "named"),
    [
        ("found", "missing", ["seal.missing"]),
        ("found", "broken", ["seal.broken"]),
        ("found", "resealed", ["seal.broken"]),
        ("found", "wrong-number", ["seal.wrong_number"]),
        ("removed", "broken", ["seal.broken"]),
        ("replaced", "broken", ["seal.broken"]),
        ("replaced", "resealed", []),
        ("removed", "intact", []),
    ],
)
def test_the_condition_that_a_post_states_decides(act: str, condition: str, named: list[str]) -> None:
    passage = Passage()
    passage.seal(20, "affixed", "s1")
    replaced = {"replaced_tag": "s1"} if act == "replaced" else {}
    passage.seal(90, act, "s2" if act == "replaced" else "s1", at="south", condition=condition, **replaced)
    assert seals(passage) == named


def test_custody_goes_on_through_a_replacement() -> None:
    passage = Passage()
    passage.seal(20, "affixed", "s1")
    passage.seal(40, "replaced", "s2", replaced_tag="s1")
    passage.seal(90, "found", "s2", at="south")
    assert seals(passage) == []
    passage.seal(95, "found", "s1", at="south")
    assert seals(passage) == ["seal.wrong_number"]


def test_a_replacement_of_a_seal_that_nobody_put_on_is_named() -> None:
    passage = Passage()
    passage.seal(20, "affixed", "s1")
    passage.seal(40, "replaced", "s2", replaced_tag="s9")
    assert seals(passage) == ["seal.wrong_number"]


def test_where_the_order_is_not_proved_a_seal_is_not_called_wrong() -> None:
    passage = Passage()
    passage.seal(20, "affixed", "s1")
    passage.seal(40, "replaced", "s2", replaced_tag="s1", bounds=(30, 60))
    passage.seal(45, "found", "s1", at="south", bounds=(30, 60))
    assert seals(passage) == []
    assert left_open(passage) == [("order undecidable", "seal.wrong_number")]


def test_a_seal_put_on_after_it_was_found_by_the_clocks_alone_stays_open() -> None:
    passage = Passage()
    passage.seal(45, "affixed", "s1", bounds=(30, 60))
    passage.seal(40, "found", "s1", at="south", bounds=(30, 60))
    assert seals(passage) == []
    assert left_open(passage) == [("order undecidable", "seal.wrong_number")]


def test_without_a_tag_or_without_a_seal_put_on_there_is_nothing_to_compare() -> None:
    passage = Passage()
    passage.seal(10, "found", "s7")
    passage.seal(20, "affixed", None)
    passage.seal(30, "affixed", "s1")
    passage.seal(90, "found", None, at="south")
    assert seals(passage) == []


def test_a_seal_that_nobody_read_at_the_exit_is_open() -> None:
    passage = Passage()
    passage.seal(20, "affixed", "s1")
    passage.seal(21, "affixed", "s2")
    passage.seal(90, "found", "s1", at="south")
    assert left_open(passage) == []
    passage.exit(95)
    assert left_open(passage) == [("seal not read at exit", "seal.missing")]
