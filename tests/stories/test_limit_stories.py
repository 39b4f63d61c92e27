"""Limits that cannot pass: left unset by the agreement, or without a dated head. Nothing is named for lateness then."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage, corridor_file
from tests.stories.told import evening, open_rules, rules, under_way

HOUR_S = 3_600
UNSET = re.sub(
    r"(?m)^\[limits\.(?!publication_delay)\w+\]\nvalue = .*\nsource = .*\n",
    "",
    corridor_file("agreement.toml"),
)


def in_time(_: Stage, passage: Movement) -> None:
    passage.exit()


def never_out(stage: Stage, _: Movement) -> None:
    stage.clock.advance(hours=8)


def kept_back(stage: Stage, passage: Movement) -> None:
    passage.exit()
    claims = {"what": "arrived", "post": "south-gate"}
    stage.hand("relief-one").write("account", passage=passage.psg, clear=claims)
    passage.account("left", "south-gate")


def offered_in_vain(stage: Stage, passage: Movement) -> None:
    passage.exit()
    stage.hand("orva/liaison").record("offered", clear={"leaf": "0" * 64})


def back_dated(stage: Stage, passage: Movement) -> None:
    passage.account("arrived", "south-gate")
    stage.clock.advance(minutes=10)
    passage.exit(iat=stage.clock.now() - HOUR_S)


def handed_in_late(stage: Stage, passage: Movement) -> None:
    hand = stage.hand("south-gate")
    hand.offline = True
    passage.exit()
    stage.pass_time(hours=40)
    hand.connect()


def not_countersigned(stage: Stage, passage: Movement) -> None:
    stage.change_watches(present=["orva", "tessin"])
    passage.inspect("south-gate")
    passage.exit()


ACTS: list[tuple[Callable[[Stage, Movement], None], set[str], set[tuple[str, str]]]] = [
    (in_time, set(), set()),
    (never_out, {"pair.never_exited"}, {("pair.never_exited", "on the road")}),
    (kept_back, {"chain.hole"}, {("chain.hole", "not handed in yet")}),
    (offered_in_vain, {"offered.withheld"}, {("offered.withheld", "not handed in yet")}),
    (back_dated, {"time.before_seen"}, set()),
    (handed_in_late, {"time.late"}, set()),
    (not_countersigned, {"countersign.short"}, {("countersign.short", "awaiting countersign")}),
]


@pytest.mark.parametrize(
    ("act", "named", "left_open"), ACTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_limit_that_the_agreement_leaves_unset_never_passes(
    act: Callable[[Stage, Movement], None], named: set[str], left_open: set[tuple[str, str]]
) -> None:
    set_, unset = Stage(), Stage(agreement=UNSET)
    for stage in (set_, unset):
        act(stage, under_way(stage))
        evening(stage)
    assert rules(set_.audit()) == named
    report = unset.audit()
    assert rules(report) == set()
    assert left_open <= open_rules(report)


@pytest.mark.parametrize("act", [act for act, _, _ in ACTS], ids=lambda act: act.__name__)
def test_without_witnesses_no_limit_passes_and_no_order_is_proved(
    act: Callable[[Stage, Movement], None],
) -> None:
    stage = Stage(witnesses=())
    act(stage, under_way(stage))
    evening(stage)
    report = stage.audit()
    assert rules(report) == set()
    assert report.head is not None
    assert report.head.time is None
    assert any("needs a time" in what for what in report.not_checkable)


@pytest.mark.parametrize("witnessed", [True, False])
def test_an_expired_pass_is_undecidable_where_nothing_dates_the_entry(*, witnessed: bool) -> None:
    stage = Stage() if witnessed else Stage(witnesses=())
    passage = stage.declare()
    passage.grant(clear={"valid_until": stage.clock.now()})
    stage.clock.advance(minutes=30)
    passage.enter()
    stage.close_watches()
    report = stage.audit()
    assert rules(report) == ({"pass.expired"} if witnessed else set())
    assert (("pass.expired", "undecidable") in open_rules(report)) != witnessed


def test_an_open_watch_is_open_as_long_as_no_limit_says_otherwise() -> None:
    set_, unset = Stage(), Stage(agreement=UNSET)
    for stage in (set_, unset):
        stage.pass_time(days=3)
    assert rules(set_.audit()) == {"watch.open_past_limit"}
    assert rules(unset.audit()) == set()
