"""What an inspection says against what was declared, and people against people."""

from __future__ import annotations

import pytest

from safeconduct.sim.stage import Stage
from tests.stories.told import evening, rules

LINES = [("1101", 20_000, "KGM"), ("3004", 300, "KGM")]


@pytest.mark.parametrize(
    ("results", "named"),
    [
        ({0: "match", 1: "match"}, set()),
        ({0: "match", 1: "surplus"}, {"manifest.contradicted"}),
        ({0: "misdeclared", 1: "match"}, {"manifest.contradicted"}),
        ({0: "match"}, {"manifest.line_without_result"}),
        ({0: "match", 1: "match", 2: "match"}, {"manifest.unknown_line"}),
    ],
)
def test_line_results_that_contradict_the_manifest_are_named(
    results: dict[int, str], named: set[str]
) -> None:
    stage = Stage()
    passage = stage.declare(lines=LINES)
    passage.grant()
    passage.arrive()
    passage.inspect(results=results)
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    assert rules(stage.audit()) == named


def test_an_inspection_that_says_nothing_about_lines_contradicts_nothing() -> None:
    """The lack: who inspects papers only has not looked at the goods, and the record says so."""
    stage = Stage()
    passage = stage.declare(lines=LINES)
    passage.grant()
    passage.arrive()
    passage.inspect(depth="documentary", results={})
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    assert rules(stage.audit()) == set()


@pytest.mark.parametrize(("counted", "named"), [(3, set()), (5, {"people.differ"})])
def test_another_number_of_people_is_named(counted: int, named: set[str]) -> None:
    stage = Stage()
    passage = stage.declare(people=3)
    passage.grant()
    passage.arrive()
    passage.inspect()
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit(people=counted)
    evening(stage)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize(
    ("refused", "named"), [([{"line": 1, "rule": "arms"}], set()), ([], {"pass.refused_goods"})]
)
def test_a_pass_for_goods_that_the_agreement_refuses_is_named(
    refused: list[dict[str, object]], named: set[str]
) -> None:
    stage = Stage()
    passage = stage.declare(lines=[("1101", 20_000, "KGM"), ("9306", 50, "KGM")])
    passage.grant(clear={"refused": refused})
    evening(stage)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize(
    ("orva", "tessin", "named"),
    [
        ("agrees", "agrees", set()),
        ("agrees", None, {"countersign.short"}),
        ("agrees", "refuses", {"countersign.refused"}),
    ],
)
def test_who_was_present_and_did_not_countersign_is_named(
    orva: str, tessin: str | None, named: set[str]
) -> None:
    stage = Stage()
    stage.change_watches(present=["orva", "tessin"])
    passage = stage.declare()
    passage.grant()
    passage.arrive()
    seen = passage.inspect()
    for seat, verdict in (("orva", orva), ("tessin", tessin)):
        if verdict is not None:
            passage.countersign(seen, by=f"{seat}/liaison", verdict=verdict)
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    report = stage.audit()
    assert rules(report) == named
    assert all(
        "tessin" in finding.touches for finding in report.findings if finding.rule == "countersign.short"
    )


def test_who_was_not_present_owes_no_countersignature() -> None:
    """The lack: a liaison that the watch record does not name is not waited for."""
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    passage.arrive()
    passage.inspect()
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    assert rules(stage.audit()) == set()
