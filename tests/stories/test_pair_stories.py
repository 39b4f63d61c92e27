"""Out without in, in without out, there and not back: findings from absence wait for the posts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import POSTS, Stage
from tests.stories.told import open_rules, provisional, rules, under_way


def in_and_out(stage: Stage) -> None:
    under_way(stage).exit()


def never_out(stage: Stage) -> None:
    under_way(stage)


def never_in(stage: Stage) -> None:
    stage.clock.advance(hours=7)
    stage.passage(traffic_class="resident").exit()


def there_and_back(stage: Stage) -> None:
    passage = there(stage)
    stage.clock.advance(hours=3)
    passage.direction = "out"
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()


def there(stage: Stage) -> Movement:
    passage = under_way(stage, trip="round")
    passage.exit()
    return passage


@pytest.mark.parametrize(
    ("story", "named"),
    [
        (in_and_out, set()),
        (never_out, {"pair.never_exited"}),
        (never_in, {"pair.never_entered"}),
        (there_and_back, set()),
        (there, {"pair.never_returned"}),
    ],
)
def test_what_is_missing_of_a_pair_is_named_once_the_posts_have_handed_in(
    story: Callable[[Stage], object], named: set[str]
) -> None:
    stage = Stage()
    story(stage)
    stage.clock.advance(hours=70)
    stage.close_watches()
    report = stage.audit()
    assert provisional(report) == dict.fromkeys(named, False)


@pytest.mark.parametrize(
    ("story", "rule", "wait_h"),
    [
        (never_out, "pair.never_exited", 10),
        (never_in, "pair.never_entered", 0),
        (there, "pair.never_returned", 60),
    ],
)
def test_until_the_posts_have_handed_in_it_is_provisional(
    story: Callable[[Stage], object], rule: str, wait_h: int
) -> None:
    stage = Stage()
    story(stage)
    for hour in range(0, wait_h, 10):
        stage.clock.advance(hours=10)
        for device in POSTS if hour < 40 < wait_h else ("relief-one",):
            stage.hand(device).record("offered", clear={"leaf": stage.founding.leaf})
    assert provisional(stage.audit())[rule] is True


@pytest.mark.parametrize("story", [never_out, there])
def test_before_the_limit_has_passed_nothing_is_missing(story: Callable[[Stage], object]) -> None:
    stage = Stage()
    story(stage)
    assert rules(stage.audit()) == set()


def test_a_post_that_never_hands_in_is_named_and_the_declarant_is_not() -> None:
    """The lack: without the post's records nobody knows whether it came out."""
    stage = Stage()
    under_way(stage)
    stage.clock.advance(hours=5)
    stage.close_watches(["north-gate"])
    stage.pass_time(days=3)
    report = stage.audit()
    assert rules(report) == {"watch.open_past_limit"}
    assert [finding.touches for finding in report.findings] == ["south-gate/post"]
    assert ("pair.never_exited", "unknown") in open_rules(report)


def test_where_nobody_was_on_watch_nothing_is_missing() -> None:
    """The lack: an unwatched gate is *not watched*, never *nothing happened*."""
    stage = Stage()
    stage.close_watches(["south-gate"])
    under_way(stage)
    stage.clock.advance(hours=5)
    stage.close_watches(["north-gate"])
    stage.pass_time(days=3)
    report = stage.audit()
    assert rules(report) == set()
    assert ("pair.never_exited", "not watched") in open_rules(report)


def test_a_vehicle_waved_past_is_seen_by_its_own_account_alone() -> None:
    """The lack: no rule can name what no one recorded; the account stands in the log for all to read."""
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    passage.account("arrived", "north-gate")
    passage.account("left", "south-gate")
    stage.close_watches()
    stage.pass_time(days=2)
    assert rules(stage.audit()) == set()
