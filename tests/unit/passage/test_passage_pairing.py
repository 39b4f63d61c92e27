from dataclasses import replace

import pytest

from safeconduct.core.passage.pairing import TripEnd, pair_trips
from tests.unit.passage.told import AGREEMENT, BOTH, NOON, OBSERVED, Passage, limits, shift

LIMIT = 30 + 1 + 180
"""The entry at 30, its upper bound a minute later, the transit limit."""


def entered(**told: object) -> Passage:
    passage = Passage(**told)  # type: ignore[arg-type]
    passage.declare(class_="resident")
    passage.enter(30)
    return passage


def pairs(passage: Passage) -> list[tuple[str, str]]:
    return [state for state in passage.open() if state[1].startswith("pair.")]


def test_what_went_in_and_came_out_is_silent() -> None:
    passage = entered()
    passage.exit(90)
    assert (passage.found(), passage.open()) == ([], [])


def test_what_never_came_out_is_named_once_the_limit_has_passed() -> None:
    (finding,) = entered(now=LIMIT + 1).report().findings
    assert (finding.rule, finding.touches, finding.provisional) == (
        "pair.never_exited", "agency/declarant", False,
    )  # fmt: skip


def test_until_the_limit_or_without_one_it_is_on_the_road() -> None:
    for passage in (entered(now=LIMIT), entered(agreement=limits(transit_limit_s=None))):
        assert passage.found() == []
        assert pairs(passage) == [("on the road", "pair.never_exited")]


@pytest.mark.parametrize(
    "passage",
    [entered(now=None), entered(agreement=limits(offline_limit_s=60))],
)
def test_without_dated_heads_or_with_wide_bounds_it_is_undecidable(passage: Passage) -> None:
    assert passage.found() == []
    assert pairs(passage) == [("undecidable", "pair.never_exited")]


@pytest.mark.parametrize("bounds", [(29, None), (None, 31)])
def test_an_entry_with_an_open_bound_is_undecidable(bounds: tuple[int | None, int | None]) -> None:
    passage = Passage()
    passage.declare(class_="resident")
    passage.enter(30, bounds=bounds)
    assert pairs(passage) == [("undecidable", "pair.never_exited")]


def test_without_an_offline_limit_no_bounds_are_too_wide() -> None:
    passage = Passage(agreement=limits(offline_limit_s=None))
    passage.enter(30, bounds=(None, 31))
    (finding,) = passage.report().findings
    assert (finding.rule, finding.touches) == ("pair.never_exited", "north/post")


def test_a_turning_back_ends_what_went_in_unless_it_came_before() -> None:
    passage = entered()
    passage.turn_back(60)
    assert (passage.found(), pairs(passage)) == ([], [])
    earlier = entered()
    earlier.turn_back(10, seq=0)
    assert earlier.found() == ["pair.never_exited"]


def test_absence_is_provisional_until_each_post_has_handed_in_past_the_limit() -> None:
    until = NOON + 60 * LIMIT
    assert entered(shifts=(BOTH[0], shift("south", whole_until=until - 1))).found() == ["pair.never_exited?"]
    assert entered(shifts=(shift("north", whole_until=until - 1), BOTH[1])).found() == ["pair.never_exited?"]
    assert entered(shifts=(BOTH[0], shift("south", whole_until=until))).found() == ["pair.never_exited"]


def test_absence_ends_as_unknown_where_a_post_did_not_hand_in() -> None:
    passage = entered(shifts=(BOTH[0], shift("south", whole_until=NOON, overdue=True)))
    assert passage.found() == []
    (state,) = passage.report().open
    assert (state.why.value, state.says) == ("unknown", "unknown: post south did not hand in")


def test_absence_says_nothing_where_nobody_was_on_watch() -> None:
    for shifts in ((BOTH[0],), (BOTH[0], shift("south", start=NOON + 3600))):
        passage = entered(shifts=shifts)
        assert passage.found() == []
        assert pairs(passage) == [("not watched", "pair.never_exited")]


def test_a_direction_that_the_agreement_does_not_know_is_watched_nowhere() -> None:
    passage = Passage(agreement=replace(AGREEMENT, directions={}))
    passage.enter(30)
    passage.exit(60, direction="out")
    assert passage.found() == []
    assert pairs(passage) == [("not watched", "pair.never_exited"), ("not watched", "pair.never_entered")]


def test_where_the_posts_observe_other_kinds_the_rule_is_not_judged_and_counted() -> None:
    blind = shift("south", kinds=OBSERVED - {"exited"})
    report = entered(shifts=(BOTH[0], blind)).report()
    assert (report.findings, report.open) == ((), ())
    assert report.not_judged == {"pair.never_exited": 1}
    passage = Passage(shifts=(shift("north", kinds=frozenset({"seal"})), BOTH[1]))
    passage.exit(60)
    assert passage.report().not_judged == {"pair.never_entered": 1}


def test_what_came_out_and_never_went_in_is_named_as_soon_as_the_posts_have_handed_in() -> None:
    passage = Passage(now=61)
    passage.declare(class_="resident")
    passage.exit(60)
    assert passage.found() == ["pair.never_entered"]
    passage.shifts = (shift("north", whole_until=NOON + 3599), BOTH[1])
    assert passage.found() == ["pair.never_entered?"]
    passage.shifts = (shift("north", start=NOON), BOTH[1])
    assert pairs(passage) == [("not watched", "pair.never_entered")]


def test_without_a_transit_limit_the_entry_is_looked_for_from_the_first_record_on() -> None:
    passage = Passage(agreement=limits(transit_limit_s=None), shifts=(shift("north", start=NOON), BOTH[1]))
    passage.declare(class_="resident")
    passage.exit(60)
    assert passage.found() == ["pair.never_entered"]


def round_trip(now: int = 1440, **told: object) -> Passage:
    passage = Passage(now=now, **told)  # type: ignore[arg-type]
    passage.declare(class_="resident", trip="round")
    passage.enter(30)
    passage.exit(60)
    return passage


def test_a_round_trip_that_did_not_return_is_named_past_the_return_limit() -> None:
    assert round_trip(now=30 + 1 + 601).found() == ["pair.never_returned"]
    assert pairs(round_trip(now=30 + 1 + 600)) == [("awaiting return", "pair.never_returned")]


def test_a_round_trip_that_returned_or_was_turned_back_is_silent() -> None:
    passage = round_trip()
    passage.enter(100, at="south", direction="out")
    passage.exit(130, at="north", direction="out")
    assert (passage.found(), pairs(passage)) == ([], [])
    back = round_trip()
    back.turn_back(70)
    assert back.found() == []


def test_a_round_trip_of_which_only_the_way_back_is_seen_awaits_nothing_more() -> None:
    passage = Passage()
    passage.declare(class_="resident", trip="round")
    passage.enter(100, at="south", direction="out")
    passage.exit(130, at="north", direction="out")
    assert passage.found() == []


def test_the_way_back_cannot_have_come_before() -> None:
    passage = Passage()
    passage.declare(class_="resident", trip="round")
    passage.enter(10, at="south", direction="out")
    passage.exit(20, at="north", direction="out")
    passage.exit(60)
    assert passage.found() == ["pair.never_entered", "pair.never_returned"]


def half(trip: str, *, went: bool = True, now: int = 1440) -> TripEnd:
    passage = Passage(now=now)
    passage.declare(class_="resident", trip=trip, trip_tag="tt", direction="in" if trip == "out" else "out")
    if went:
        passage.enter(30, direction="in" if trip == "out" else "out")
    end = passage.report().trip
    assert end is not None
    return end


def test_a_trip_of_two_passages_is_paired_by_its_tag() -> None:
    rules = Passage().rules
    assert pair_trips([half("out"), half("back")], rules).findings == []
    for ends in ([half("out")], [half("back", went=False), half("out")]):
        (finding,) = pair_trips(ends, rules).findings
        assert (finding.rule, finding.touches) == ("pair.never_returned", "agency/declarant")


def test_a_trip_that_did_not_go_or_was_turned_back_has_nothing_to_return() -> None:
    rules = Passage().rules
    assert pair_trips([half("out", went=False), half("back")], rules).findings == []
    passage = Passage()
    passage.declare(trip="out", trip_tag="tt")
    passage.enter(30)
    passage.turn_back(60)
    end = passage.report().trip
    assert end is not None
    assert end.went is None


def test_a_trip_without_a_tag_or_in_one_way_is_half_of_nothing() -> None:
    passage = Passage()
    passage.declare(trip="out")
    assert passage.report().trip is None


def test_an_exit_surely_before_its_entry_is_out_of_order() -> None:
    passage = entered()
    passage.exit(20)
    assert passage.found() == ["passage.order"]


def test_an_entry_surely_before_its_arrival_is_out_of_order() -> None:
    passage = entered()
    passage.exit(60)
    passage.arrive(40, class_="resident", kid="second-device")
    passage.arrive(10, class_="resident", at="south")
    assert passage.found() == ["passage.order"]


def test_an_order_that_only_the_clocks_tell_stays_open() -> None:
    passage = entered()
    passage.exit(20, bounds=(10, 40))
    assert passage.found() == []
    assert pairs(passage) == []
    assert ("order undecidable", "passage.order") in passage.open()
