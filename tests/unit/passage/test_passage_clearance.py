from dataclasses import replace
from typing import Any

import pytest

from tests.unit.passage.told import AGREEMENT, NOON, Passage, limits


def through(passage: Passage, granted: object = None) -> Passage:
    """It comes out in good time, so that pairing is silent."""
    passage.exit(100)
    return passage


UNDECLARED = {"declaration": "ef" * 32, "valid_from": NOON, "valid_until": NOON + 9000, "refused": []}


def only(passage: Passage, prefix: str = "pass.") -> list[str]:
    return [rule for rule in passage.found() if rule.startswith(prefix)]


def test_an_entry_under_its_pass_is_silent() -> None:
    passage = Passage()
    granted = passage.cleared()
    passage.arrive(20, granted)
    passage.enter(30, granted)
    assert through(passage).found() == []


def test_a_pass_by_a_key_that_may_not_grant_it_is_forged() -> None:
    passage = Passage()
    forged = passage.cleared()
    passage.void = {forged.leaf}
    passage.arrive(20, forged)
    passage.enter(30, forged)
    (finding,) = through(passage).report().findings
    assert (finding.rule, finding.entries, finding.provisional) == ("pass.unknown", (2, 3), False)
    assert "no standing pass" in finding.found


def test_a_pass_that_is_no_record_may_come_in_until_the_offline_limit() -> None:
    def shown_at(now: int | None, **told: Any) -> list[str]:
        passage = Passage(now=now)
        passage.declare()
        passage.enter(30, pass_="ab" * 32, **told)
        return only(through(passage))

    assert shown_at(60) == ["pass.unknown?"]
    assert shown_at(30 + 1 + 120) == ["pass.unknown?"]
    assert shown_at(30 + 1 + 121) == ["pass.unknown"]
    assert shown_at(None) == ["pass.unknown?"]
    assert shown_at(600, bounds=(29, None)) == ["pass.unknown?"]


def test_without_an_offline_limit_a_pass_may_always_still_come_in() -> None:
    passage = Passage(agreement=limits(offline_limit_s=None))
    passage.enter(30, pass_="ab" * 32)
    assert only(through(passage)) == ["pass.unknown?"]


@pytest.mark.parametrize(
    ("minute", "bounds", "found", "left_open"),
    [
        (240, (239, 500), [], []),
        (242, (241, 243), ["pass.expired"], []),
        (242, (240, 243), [], [("undecidable", "pass.expired")]),
        (242, (None, 243), [], [("undecidable", "pass.expired")]),
        (-2, (-3, -1), ["pass.not_yet"], []),
        (-2, (-3, 0), [], [("undecidable", "pass.not_yet")]),
        (-2, (-3, None), [], [("undecidable", "pass.not_yet")]),
    ],
)
def test_validity_is_judged_for_the_benefit_of_who_enters(
    minute: int, bounds: tuple[int | None, int | None], found: list[str], left_open: list[tuple[str, str]]
) -> None:
    passage = Passage()
    granted = passage.grant(passage.declare(-30), -20)
    passage.enter(minute, granted, bounds=bounds)
    passage.exit(minute + 20)
    assert only(passage) == found
    assert [state for state in passage.open() if state[1].startswith("pass.")] == left_open


def test_an_entry_surely_after_the_revocation_is_named() -> None:
    passage = Passage()
    granted = passage.cleared()
    passage.revoke(granted, 20)
    passage.enter(30, granted)
    assert only(through(passage)) == ["pass.revoked"]


def test_an_entry_before_the_revocation_or_another_passes_revocation_is_silent() -> None:
    passage = Passage()
    granted = passage.cleared()
    passage.enter(30, granted)
    passage.revoke(granted, 40)
    passage.revoke(granted, 20, pass_="cd" * 32)
    assert only(through(passage)) == []


def test_a_revocation_whose_order_is_not_proved_stays_open() -> None:
    passage = Passage()
    granted = passage.cleared()
    passage.revoke(granted, 20, bounds=(19, 40))
    passage.enter(30, granted)
    assert ("order undecidable", "pass.revoked") in through(passage).open()
    assert only(passage) == []


def test_a_pass_lets_in_once() -> None:
    passage = Passage()
    granted = passage.cleared()
    passage.enter(30, granted)
    passage.enter(50, granted)
    assert only(through(passage)) == ["pass.used_again"]


def test_a_round_trip_enters_once_in_each_direction() -> None:
    passage = Passage()
    granted = passage.cleared(trip="round")
    passage.enter(30, granted)
    passage.exit(60, granted)
    passage.enter(80, granted, at="south", direction="out")
    passage.exit(100, granted, at="north", direction="out")
    assert passage.found() == []


def test_a_pass_whose_declaration_is_not_here_lets_in_once_and_clears_what_nobody_knows() -> None:
    passage = Passage()
    granted = passage.tell("pass", 10, "mission/officer", **UNDECLARED)
    passage.enter(30, granted, plate_tag="aa")
    passage.enter(50, granted, at="south", direction="out", plate_tag="aa")
    assert "pass.used_again" in through(passage).found()


def test_who_needs_a_pass_and_names_none_is_named() -> None:
    passage = Passage()
    passage.declare()
    passage.arrive(20)
    passage.enter(30)
    assert only(through(passage)) == ["pass.missing"]


def test_a_class_that_needs_no_pass_enters_without_one() -> None:
    passage = Passage()
    passage.arrive(20, class_="resident")
    passage.enter(30)
    assert through(passage).found() == []


def test_where_no_class_is_known_every_class_must_ask_for_a_pass() -> None:
    passage = Passage()
    passage.enter(30)
    assert through(passage).found() == []
    strict = {name: replace(traffic, pass_required=True) for name, traffic in AGREEMENT.classes.items()}
    passage.agreement = replace(AGREEMENT, classes=strict)
    assert passage.found() == ["pass.missing"]
    passage.agreement = replace(AGREEMENT, classes={})
    assert passage.found() == []


def test_a_pass_that_clears_refused_goods_is_named_and_one_that_leaves_them_out_is_not() -> None:
    passage = Passage()
    declaration = passage.declare(hs=["1101", "9301"])
    passage.grant(declaration, refused=[{"line": 1, "rule": "arms"}])
    assert only(passage) == []
    passage.grant(declaration)
    assert only(passage) == ["pass.refused_goods"]
    passage.agreement = replace(AGREEMENT, goods=None)
    assert only(passage) == []
