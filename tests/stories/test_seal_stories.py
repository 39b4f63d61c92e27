"""Seals: by tags alone, so that nobody need disclose a number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from tests.stories.told import evening, rules, under_way


@pytest.mark.parametrize(
    ("at_exit", "named"),
    [
        (lambda passage: passage.find_seal("S-1"), set()),
        (lambda passage: passage.find_seal("s 1"), set()),
        (lambda passage: passage.find_seal("S-2"), {"seal.wrong_number"}),
        (lambda passage: passage.find_seal(None, condition="missing"), {"seal.missing"}),
        (lambda passage: passage.find_seal("S-1", condition="broken"), {"seal.broken"}),
    ],
    ids=["honest", "honest, written otherwise", "swapped", "missing", "broken"],
)
def test_a_seal_that_is_not_what_was_put_on_is_named(
    at_exit: Callable[[Movement], object], named: set[str]
) -> None:
    stage = Stage()
    passage = under_way(stage)
    at_exit(passage)
    passage.exit()
    evening(stage)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize("reader", ["mission", "public"])
def test_a_swapped_seal_is_seen_without_any_disclosure(reader: str) -> None:
    stage = Stage()
    passage = under_way(stage)
    passage.find_seal("S-2")
    passage.exit()
    evening(stage)
    archive = stage.archive(reader)
    archive.files.pop("disclosures.jsonl", None)
    report = stage.audit(archive)
    assert rules(report) == {"seal.wrong_number"}
    assert report.checked.disclosures is None


def test_two_posts_that_copy_the_tag_hide_a_swapped_seal_from_everybody() -> None:
    """The lack: equal tags say that two signers state the same, not that the second looked."""
    stage = Stage()
    passage = under_way(stage)
    passage.find_seal("S-1", private={"seal": "S-2"}, clear={"seal_tag": passage.tag("seal", "S-1")})
    passage.exit()
    evening(stage)
    archive = stage.archive("public")
    assert rules(stage.audit(archive)) == set()


def test_a_seal_that_nobody_read_at_the_exit_is_open_and_no_finding() -> None:
    stage = Stage()
    under_way(stage).exit()
    evening(stage)
    report = stage.audit()
    assert rules(report) == set()
    assert [state.why.value for state in report.open_states if state.rule == "seal.missing"] == [
        "seal not read at exit"
    ]
