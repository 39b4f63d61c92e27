"""Back-dated, post-dated: device time is a claim, and dated heads bound it from both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeconduct.sim.clock import HandClock
from safeconduct.sim.hand import Written
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from tests.stories.told import evening, open_rules, rules, under_way

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


def test_a_post_that_hands_in_a_day_late_while_the_log_went_on_is_named_and_nobody_else() -> None:
    assert late_by(hours=20) == {}
    assert late_by(hours=40) == {"time.late": {"south-gate/post"}}


def test_where_the_witnesses_stalled_nobody_is_late() -> None:
    """The lack: without dated heads in between, nothing proves for how long the record was kept back."""
    assert "time.late" not in late_by(hours=40, asleep=True)


def late_by(*, hours: int, asleep: bool = False) -> dict[str, set[str]]:
    """The south gate has no network for so long; what is named, and whom it touches."""
    stage = Stage()
    stage.hand("south-gate").offline = True
    passage = under_way(stage)
    passage.find_seal("S-1")
    passage.exit()
    for witness in stage.witnesses:
        witness.asleep = asleep
    stage.pass_time(hours=hours)
    stage.hand("south-gate").connect()
    for witness in stage.witnesses:
        witness.asleep = False
    stage.clock.advance(minutes=10)
    stage.close_watches()
    stage.clock.advance(hours=3)
    named: dict[str, set[str]] = {}
    for finding in stage.audit().findings:
        named.setdefault(finding.rule, set()).add(finding.touches)
    return named


def a_record_named_early(stage: Stage) -> Written:
    """A declarant shows a post the leaf of a record as if of a pass, and keeps the record back."""
    psg = "ab" * 16
    claims = {"what": "left", "post": "south-gate"}
    told: dict[str, Any] = {"iat": stage.clock.now() + 60 * HOUR_S, "seen": None}
    kept = stage.hand("relief-one").write("account", passage=psg, clear=claims, **told)
    clear = {"post": "south-gate", "direction": "in", "class": "resident", "pass": kept.leaf}
    stage.hand("south-gate").record("arrival", passage=psg, clear=clear)
    return kept


@pytest.mark.parametrize("cheats", [False, True])
def test_a_record_that_is_logged_late_moves_no_time_of_a_post_that_named_it(*, cheats: bool) -> None:
    """Else everything that the post saw afterwards would be as late as a declarant likes, here: past a pass's end."""
    stage = Stage()
    passage = stage.declare(direction="out")
    passage.grant(hours=3)
    kept = a_record_named_early(stage)
    stage.clock.advance(hours=1)
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    if cheats:
        stage.hand_in(kept)
    stage.pass_time(hours=12)
    assert "pass.expired" not in {rule for rule, _ in open_rules(stage.audit())}


def test_a_head_is_not_earlier_than_one_of_fewer_entries() -> None:
    stage = Stage()
    ahead = HandClock(stage.clock.now() + 280)  # a witness's clock may be 5 min ahead
    for witness in stage.witnesses:
        witness.clock = ahead
    stage.declare()
    stage.publish()
    for witness in stage.witnesses:
        witness.clock = stage.clock
    stage.declare()
    report = stage.audit()
    assert report.head is not None
    assert report.head.time == ahead.now() > stage.clock.now()


@pytest.mark.parametrize(("awake", "dated"), [(3, True), (2, True), (1, False), (0, False)])
def test_single_cosignatures_date_nothing(awake: int, *, dated: bool) -> None:
    stage = Stage()
    for witness in stage.witnesses[awake:]:
        witness.asleep = True
    passage = stage.declare()
    passage.account("left", iat=stage.clock.now() + 30 * HOUR_S)
    stage.clock.advance(hours=1)
    named = rules(stage.audit())
    assert ("time.after_head" in named) == dated


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
