from dataclasses import replace

import pytest

from tests.unit.passage.told import AGREEMENT, BOTH, NOON, Passage, shift


def named(passage: Passage, *prefixes: str) -> list[str]:
    return [rule for rule in passage.found() if rule.startswith(prefixes)]


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("1101", []),
        ("110100", []),
        ("93", []),
        ("none", []),
        ("7799", ["goods.unknown_heading"]),
        ("77", ["goods.unknown_heading"]),
    ],
)
def test_a_declared_code_is_a_heading_or_a_chapter(code: str, rules: list[str]) -> None:
    passage = Passage()
    passage.declare(hs=[code])
    assert named(passage, "goods.") == rules


@pytest.mark.parametrize(("unit", "rules"), [("TNE", []), ("ZZY", ["goods.unknown_unit"])])
def test_a_declared_unit_is_a_common_code(unit: str, rules: list[str]) -> None:
    passage = Passage()
    passage.declare(lines=[{"hs": "1101", "quantity": 20, "unit": unit}])
    assert named(passage, "goods.") == rules


def test_a_line_result_other_than_match_contradicts_the_manifest() -> None:
    passage = Passage()
    passage.declare(hs=["1101", "1102"])
    passage.inspect(20, {0: "match", 1: "shortage"})
    (finding,) = passage.report().findings
    assert (finding.rule, finding.found, finding.touches) == (
        "manifest.contradicted", "shortage", "agency/declarant",
    )  # fmt: skip


def test_a_result_for_a_line_that_nobody_declared_is_named() -> None:
    passage = Passage()
    passage.declare()
    passage.inspect(20, {0: "match", 1: "match"})
    assert named(passage, "manifest.") == ["manifest.unknown_line"]


def test_inspections_by_line_together_leave_no_line_out() -> None:
    passage = Passage()
    passage.declare(hs=["1101", "1102", "1103"])
    passage.inspect(20, {0: "match"})
    assert named(passage, "manifest.") == ["manifest.line_without_result"]
    passage.inspect(25, {1: "match", 2: "match"})
    assert named(passage, "manifest.") == []


def test_a_line_left_out_is_provisional_until_the_post_has_handed_in() -> None:
    passage = Passage(shifts=(shift("north", whole_until=NOON), BOTH[1]))
    passage.declare(hs=["1101", "1102"])
    passage.inspect(20, {0: "match"})
    assert named(passage, "manifest.") == ["manifest.line_without_result?"]


def test_an_inspection_without_lines_or_without_a_declaration_contradicts_nothing() -> None:
    passage = Passage()
    passage.inspect(20, {0: "match"})
    assert passage.found() == []
    passage = Passage()
    passage.declare()
    passage.inspect(20)
    assert passage.found() == []


def test_the_version_in_force_at_the_inspection_counts() -> None:
    passage = Passage()
    first = passage.declare(hs=["1101"])
    passage.inspect(20, {0: "match"})
    passage.declare(60, hs=["1101", "1102"], corrects=first.leaf)
    assert named(passage, "manifest.") == []
    passage.inspect(80, {0: "match"})
    assert named(passage, "manifest.") == ["manifest.line_without_result"]


def test_where_the_clocks_do_not_settle_the_version_the_one_that_agrees_counts() -> None:
    passage = Passage()
    first = passage.declare(hs=["1101"])
    passage.inspect(20, {0: "match", 1: "match"})
    passage.declare(25, hs=["1101", "1102"], corrects=first.leaf, bounds=(10, 40))
    assert named(passage, "manifest.") == []


def test_a_declaration_that_came_surely_after_the_inspection_is_compared_all_the_same() -> None:
    passage = Passage()
    passage.inspect(20, {0: "surplus"})
    first = passage.declare(60)
    passage.declare(70, corrects=first.leaf)
    assert named(passage, "manifest.") == ["manifest.contradicted"]


def test_what_entered_uninspected_awaits_inspection_with_its_lines() -> None:
    passage = Passage()
    granted = passage.cleared(hs=["1101", "1102"])
    passage.enter(30, granted)
    passage.exit(60)
    (state,) = passage.report().open
    assert (state.why.value, state.lines, state.entries) == ("awaiting inspection", 2, (0, 2))
    passage.inspect(70)
    assert passage.open() == [("signed by fewer", "countersign.short")]


def test_a_class_that_nobody_inspects_awaits_nothing() -> None:
    passage = Passage()
    passage.declare(class_="resident")
    passage.enter(30)
    passage.exit(60)
    assert passage.open() == []
    passage.agreement = replace(AGREEMENT, classes={})
    assert passage.open() == []


def people(passage: Passage) -> list[str]:
    return named(passage, "people.")


def test_people_counted_are_those_declared() -> None:
    passage = Passage()
    granted = passage.cleared(people=3)
    passage.arrive(20, granted)
    passage.enter(30, granted, people=3)
    assert people(passage) == []
    passage.exit(60, people=4)
    assert people(passage) == ["people.differ"]


def test_people_undeclared_are_compared_with_the_first_count_in_that_direction() -> None:
    passage = Passage()
    passage.declare(trip="round", people=9, direction="out")
    passage.enter(30, people=3)
    passage.exit(60, people=3)
    passage.enter(70, at="south", direction="out", people=9)
    assert people(passage) == []
    passage.exit(90, people=2)
    assert people(passage) == ["people.differ"]
