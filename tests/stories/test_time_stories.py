"""Back-dated, post-dated: device time is a claim, and dated heads bound it from both sides."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from tests.stories.told import evening, rules, under_way

HOUR_S = 3_600


def honest(_: Stage, passage: Movement) -> None:
    passage.exit()


def some_minutes_off(stage: Stage, passage: Movement) -> None:
    passage.exit(iat=stage.clock.now() - 240)


def before_what_it_saw(stage: Stage, passage: Movement) -> None:
    passage.exit(iat=stage.clock.now() - HOUR_S)


def before_its_last(stage: Stage, passage: Movement) -> None:
    last = stage.clock.now()
    passage.find_seal("S-1")
    stage.clock.tick(HOUR_S)
    passage.account("left", "south-gate")
    passage.exit(iat=last - HOUR_S, seen=None)


def after_the_head_over_it(stage: Stage, passage: Movement) -> None:
    passage.exit(iat=stage.clock.now() + HOUR_S)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (honest, set()),
        (some_minutes_off, set()),
        (before_what_it_saw, {"time.before_seen"}),
        (before_its_last, {"time.backwards"}),
        (after_the_head_over_it, {"time.after_head"}),
    ],
)
def test_a_record_dated_outside_what_the_heads_allow_is_named(
    act: Callable[[Stage, Movement], None], named: set[str]
) -> None:
    stage = Stage()
    passage = under_way(stage)
    passage.account("arrived", "south-gate")
    stage.clock.advance(minutes=1)
    act(stage, passage)
    stage.clock.advance(minutes=1)
    stage.clock.advance(hours=3)
    evening(stage)
    assert rules(stage.audit()) == named


def test_a_first_record_that_saw_no_head_can_be_back_dated_unseen() -> None:
    """The lack: nothing bounds it from below; its bounds are open, and printed so."""
    stage = Stage()
    fresh = stage.enrol("relief-two/declarant")
    stage.clock.advance(hours=5)
    passage = under_way(stage)
    passage.exit()
    fresh.record(
        "account",
        passage=passage.psg,
        clear={"what": "left", "post": "south-gate"},
        iat=stage.clock.now() - 4 * HOUR_S,
        seen=None,
    )
    evening(stage)
    assert rules(stage.audit()) == set()


@pytest.mark.parametrize(
    ("size", "named"), [(None, set()), (9_999, {"seen.wrong"}), (5, {"seen.wrong"})], ids=str
)
def test_a_head_that_the_log_never_had_is_named(size: int | None, named: set[str]) -> None:
    stage = Stage()
    passage = under_way(stage)
    seen = stage.hand("south-gate").seen
    assert seen is not None
    told = {"root": seen.root, "size": seen.size if size is None else size}
    passage.exit(seen=told)
    evening(stage)
    assert rules(stage.audit()) == named
