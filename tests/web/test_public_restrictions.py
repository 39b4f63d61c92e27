"""Is the road open, for whom, since when, who says so: what restriction records add up to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeconduct.service.restrictions import ClassStatus, announced, restrictions_in, statuses
from safeconduct.sim.stage import Stage, corridor_file
from tests.web.public_scene import agreement_with_restrictions, restrict

OFFICER, ORVA, TESSIN = "mission/officer", "orva/liaison", "tessin/liaison"
STRETCH = {"from": "north-gate", "to": "north-gate"}


@pytest.fixture
def stage() -> Stage:
    return Stage("restrictions", agreement=agreement_with_restrictions())


def told(stage: Stage, *, later_s: int = 0) -> dict[str, ClassStatus]:
    said = restrictions_in(stage.founding, stage.store, stage.store.size())
    now = stage.clock.now() + later_s
    return {one.traffic_class: one for one in statuses(stage.founding.agreement, said, now)}


def words(stage: Stage, *, later_s: int = 0) -> dict[str, str]:
    return {name: one.status for name, one in told(stage, later_s=later_s).items()}


def everyone(status: str) -> dict[str, str]:
    return dict.fromkeys(("humanitarian", "resident", "guarantor"), status)


def test_where_nobody_spoke_nothing_is_recorded_and_that_is_not_open(stage: Stage) -> None:
    assert words(stage) == everyone("not-recorded")


def test_a_road_closed_for_one_class_is_not_recorded_for_the_others(stage: Stage) -> None:
    restrict(stage, {"class": "resident"}, by=ORVA)
    assert words(stage) == {**everyone("not-recorded"), "resident": "closed"}
    (said,) = told(stage)["resident"].decided_by
    assert (said.said_by, said.speaker, said.state) == (ORVA, "orva", "closed")


def test_a_word_about_everyone_is_one_about_each_class(stage: Stage) -> None:
    restrict(stage, {})
    assert words(stage) == everyone("closed")


def test_the_same_speakers_later_word_counts_and_anothers_does_not_end_it(stage: Stage) -> None:
    restrict(stage, {}, by=ORVA)
    restrict(stage, {"state": "open"}, by=ORVA)
    assert words(stage) == everyone("open")
    restrict(stage, {"state": "closed"}, by=TESSIN)
    assert words(stage) == everyone("disputed")
    assert {said.speaker for said in told(stage)["resident"].decided_by} == {"orva", "tessin"}


def test_two_who_agree_that_it_is_not_open_do_not_dispute(stage: Stage) -> None:
    restrict(stage, {}, by=ORVA)
    restrict(stage, {"state": "restricted"}, by=TESSIN)
    assert words(stage) == everyone("closed")


def test_later_is_what_takes_effect_later_not_what_was_logged_later(stage: Stage) -> None:
    now = stage.clock.now()
    restrict(stage, {"state": "open", "from": now - 60})
    restrict(stage, {"state": "closed", "from": now - 3_600})
    assert words(stage) == everyone("open")


def test_a_restriction_ends_with_its_until_and_the_one_before_it_holds_again(stage: Stage) -> None:
    now = stage.clock.now()
    restrict(stage, {"state": "open", "from": now - 60})
    restrict(stage, {"state": "closed", "until": now + 3_600})
    assert words(stage) == everyone("closed")
    assert words(stage, later_s=3_600) == everyone("open")


def test_what_begins_later_is_announced_and_not_in_force(stage: Stage) -> None:
    restrict(stage, {"from": stage.clock.now() + 3_600})
    said = restrictions_in(stage.founding, stage.store, stage.store.size())
    assert words(stage) == everyone("not-recorded")
    assert [one.state for one in announced(said, stage.clock.now())] == ["closed"]
    assert words(stage, later_s=3_600) == everyone("closed")
    assert announced(said, stage.clock.now() + 3_600) == ()


def test_one_direction_is_told_with_its_direction(stage: Stage) -> None:
    restrict(stage, {"direction": "in"})
    assert words(stage) == everyone("closed")
    assert [said.direction for said in told(stage)["resident"].decided_by] == ["in"]
    restrict(stage, {"direction": "out", "state": "open"})
    assert [said.direction for said in told(stage)["resident"].decided_by] == ["in"]


def test_a_word_about_the_whole_road_ends_the_older_one_about_a_stretch_and_not_a_newer_one(
    stage: Stage,
) -> None:
    restrict(stage, {"where": STRETCH})
    restrict(stage, {"state": "open"})
    assert words(stage) == everyone("open")
    restrict(stage, {"state": "restricted", "where": STRETCH})
    assert words(stage) == everyone("restricted")


def withdrawn(stage: Stage, said: Any) -> None:
    stage.hand(OFFICER).record("withdrawal", withdraws=said.leaf)


def corrected(stage: Stage, said: Any) -> None:
    clear = {"state": "open", "from": stage.clock.now(), "conditions": []}
    stage.hand(OFFICER).record("restriction", corrects=said.leaf, clear=clear)


@pytest.mark.parametrize(("ends", "left"), [(withdrawn, "not-recorded"), (corrected, "open")])
def test_what_was_withdrawn_or_corrected_counts_no_more(
    stage: Stage, ends: Callable[[Stage, Any], None], left: str
) -> None:
    said = restrict(stage, {})
    assert words(stage) == everyone("closed")
    ends(stage, said)
    stage.publish()
    assert words(stage) == everyone(left)


@pytest.mark.parametrize("by", ["relief-one", "north-gate"])
def test_who_may_not_sign_a_restriction_closes_nothing(stage: Stage, by: str) -> None:
    restrict(stage, {}, by=by)
    assert words(stage) == everyone("not-recorded")


def test_a_stranger_closes_nothing_even_under_the_officers_name(stage: Stage) -> None:
    stage.stranger(OFFICER, "a stranger's telephone")
    restrict(stage, {}, by="a stranger's telephone")
    assert words(stage) == everyone("not-recorded")


def test_under_an_agreement_that_gives_nobody_the_power_nothing_can_be_said() -> None:
    power = 'restriction = ["mission/officer"]\n'
    stage = Stage("powerless", agreement=corridor_file("agreement.toml").replace(power, ""))
    restrict(stage, {})
    assert words(stage) == everyone("not-recorded")
