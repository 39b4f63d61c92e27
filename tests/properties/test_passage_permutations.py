"""The fold of a passage does not depend on the order in which its records arrived."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.core.passage.events import Event
from safeconduct.core.passage.fold import fold
from safeconduct.core.passage.order import in_order, named_by
from safeconduct.core.passage.story import tell
from tests.unit.passage.told import BOTH, NOON, Passage, shift

POSTS = st.sampled_from(["north", "south"])
WAYS = st.sampled_from(["in", "out"])
TAGS = st.sampled_from(["aa", "bb"])
MINUTES = st.integers(0, 400)


@st.composite
def passages(draw: st.DrawFn) -> Passage:
    """Honest and dishonest passages alike: any records, some that name, correct or withdraw earlier ones."""
    shifts = (shift("north", present=frozenset({"orva"})), shift("south", whole_until=NOON + 9000))
    passage = Passage(
        now=draw(st.sampled_from([None, 100, 1440])), shifts=draw(st.sampled_from([BOTH, shifts]))
    )
    declaration = passage.declare(
        trip=draw(st.sampled_from(["one-way", "round", "out"])), plate_tag="aa", people=2
    )
    granted = passage.grant(declaration, draw(MINUTES))
    for _ in range(draw(st.integers(0, 8))):
        _one_more(draw, passage, granted)
    return passage


def _one_more(draw: st.DrawFn, passage: Passage, granted: Event) -> None:
    minute, width = draw(MINUTES), draw(st.integers(0, 90))
    told: dict[str, Any] = {"bounds": (minute - width, minute + width)}
    earlier = draw(st.sampled_from(passage.events))
    if draw(st.booleans()):
        told |= {"corrects": earlier.leaf, "kid": draw(st.sampled_from(["first", "second"]))}
    match draw(st.integers(0, 8)):
        case 0:
            passage.declare(minute, hs=["1101", "9301"], plate_tag=draw(TAGS), people=3, **told)
        case 1:
            passage.revoke(granted, minute, **told)
        case 2:
            passage.arrive(minute, granted, at=draw(POSTS), plate_tag=draw(TAGS), **told)
        case 3:
            passage.enter(minute, granted, at=draw(POSTS), direction=draw(WAYS), people=2, **told)
        case 4:
            passage.exit(minute, granted, at=draw(POSTS), direction=draw(WAYS), plate_tag=draw(TAGS), **told)
        case 5:
            passage.seal(minute, draw(st.sampled_from(["affixed", "found", "removed"])), draw(TAGS), **told)
        case 6:
            passage.inspect(minute, {0: draw(st.sampled_from(["match", "surplus"]))}, **told)
        case 7:
            passage.countersign(earlier, minute, "orva", **told)
        case _:
            passage.withdraw(earlier, minute)


@settings(max_examples=150, deadline=None)
@given(passage=passages(), random=st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_report(passage: Passage, random: Random) -> None:
    report = passage.report()
    shuffled = list(passage.events)
    random.shuffle(shuffled)
    assert fold(shuffled, passage.rules) == report
    assert tell(shuffled) == tell(passage.events)


@settings(max_examples=150, deadline=None)
@given(passage=passages())
def test_the_order_is_by_time_and_names_come_before_those_that_name_them(passage: Passage) -> None:
    told = in_order(passage.events).told
    place = {event.leaf: number for number, event in enumerate(told)}
    assert sorted(event.index for event in told) == list(range(len(passage.events)))
    assert all(first.occurred <= then.occurred for first, then in pairwise(told))
    for event in told:
        assert all(place[leaf] < place[event.leaf] for leaf in named_by(event) if leaf in place)
