from dataclasses import replace

from safeconduct.core.passage.events import Event
from safeconduct.core.passage.order import in_order, named_by, surely_before
from tests.unit.passage.told import NOON, Passage


def again(event: Event, **claims: object) -> Event:
    """The same record with other claims."""
    return replace(event, payload={**event.payload, **claims})


def leaves(passage: Passage) -> list[str]:
    return [event.evt for event in in_order(passage.events).told]


def test_the_order_is_by_occurrence_not_by_place_in_the_log() -> None:
    passage = Passage()
    passage.exit(90)
    passage.enter(30)
    assert leaves(passage) == ["entered", "exited"]


def test_at_one_time_the_named_record_comes_first_and_keys_decide_the_rest() -> None:
    passage = Passage()
    declaration = passage.declare(5, kid="z")
    passage.grant(declaration, 5, kid="a")
    passage.arrive(5, kid="b")
    passage.enter(5, kid="b")
    assert leaves(passage) == ["arrival", "entered", "declaration", "pass"]


def test_a_record_is_raised_to_the_time_of_one_that_it_names() -> None:
    passage = Passage()
    declaration = passage.declare(60)
    granted = passage.grant(declaration, 20)
    passage.enter(30, granted)
    passage.countersign(passage.events[2], 25, "orva", corrects=granted.leaf)
    told = in_order(passage.events).told
    assert [event.evt for event in told] == ["declaration", "pass", "entered", "countersign"]
    assert {event.occurred for event in told} == {NOON + 3600}


def test_a_time_told_afterwards_stays_as_claimed() -> None:
    passage = Passage()
    granted = passage.cleared()
    passage.events.append(again(passage.enter(-60, granted), at=NOON - 3600, via="paper"))
    del passage.events[-2]
    assert leaves(passage) == ["entered", "declaration", "pass"]
    passage.declare(70)
    passage.grant(passage.events[-1], 65)
    assert leaves(passage) == ["entered", "declaration", "pass", "declaration", "pass"]


def test_records_that_name_each_other_still_have_an_order() -> None:
    passage = Passage()
    first = passage.tell("acknowledgement", 5, "a/b", of="later")
    second = passage.tell("acknowledgement", 6, "a/b", of=first.leaf)
    looped = again(first, of=second.leaf)
    assert [event.index for event in in_order([second, looped]).told] == [0, 1]


def test_corrections_of_each_other_still_have_a_last_word() -> None:
    passage = Passage()
    first = passage.enter(30)
    second = passage.enter(40, corrects=first.leaf)
    assert in_order([again(first, corrects=second.leaf), second]).standing == (second,)


def test_a_holder_corrects_with_another_device_too() -> None:
    passage = Passage()
    wrong = passage.enter(30)
    first = passage.enter(40, corrects=wrong.leaf, kid="second-device", seq=0)
    assert in_order(passage.events).standing == (first,)
    last = passage.enter(50, corrects=wrong.leaf, kid="third-device", seq=0)
    assert in_order(passage.events).standing == (last,)


def test_a_correction_by_the_same_holder_replaces_and_both_are_told() -> None:
    passage = Passage()
    wrong = passage.enter(30)
    passage.enter(40, corrects=wrong.leaf)
    history = in_order(passage.events)
    assert len(history.told) == 2
    assert [event.occurred for event in history.standing] == [NOON + 2400]


def test_the_last_of_several_corrections_stands() -> None:
    passage = Passage()
    wrong = passage.enter(30)
    better = passage.enter(40, corrects=wrong.leaf, seq=9)
    passage.enter(50, corrects=wrong.leaf, seq=5)
    passage.enter(35, corrects=better.leaf, seq=12)
    assert [event.seq for event in in_order(passage.events).standing] == [12]


def test_a_withdrawal_by_the_same_holder_removes_until_it_corrects_again() -> None:
    passage = Passage()
    wrong = passage.enter(30)
    passage.withdraw(wrong, 40)
    assert in_order(passage.events).standing == ()
    passage.enter(50, corrects=wrong.leaf)
    assert [event.occurred for event in in_order(passage.events).standing] == [NOON + 3000]


def test_a_stranger_under_the_same_name_withdraws_nothing() -> None:
    passage = Passage()
    entered = passage.enter(30)
    forged = passage.withdraw(entered, 40, kid="stranger")
    assert in_order(passage.events, void={forged.leaf}).standing == (entered,)
    assert in_order(passage.events).standing == ()


def test_nobody_corrects_or_withdraws_for_another_holder() -> None:
    passage = Passage()
    entered = passage.enter(30)
    foreign = passage.tell("withdrawal", 40, "south/post", withdraws=entered.leaf)
    passage.exit(50, corrects=entered.leaf)
    passage.exit(55, corrects="ff" * 32)
    assert foreign not in in_order(passage.events).standing
    assert [event.evt for event in in_order(passage.events).standing] == ["entered", "exited", "exited"]


def test_two_keys_are_in_order_only_when_bounds_or_names_prove_it() -> None:
    passage = Passage()
    first = passage.declare(10)
    apart = passage.arrive(20)
    near = passage.arrive(11, bounds=(9, 13))
    naming = passage.grant(first, 11, bounds=(9, 13))
    assert surely_before(first, apart)
    assert not surely_before(first, near)
    assert surely_before(first, naming)


def test_one_key_orders_its_own_records_unless_a_time_is_told_afterwards() -> None:
    passage = Passage()
    first = passage.enter(10, bounds=(None, None))
    second = passage.exit(10, at="north", bounds=(None, None))
    claimed = passage.tell("exited", 5, "north/post", at=NOON, via="paper", bounds=(None, 90))
    assert surely_before(first, second)
    assert not surely_before(second, first)
    assert not surely_before(first, claimed)
    assert claimed.claimed


def test_a_record_names_what_its_kind_refers_to() -> None:
    passage = Passage()
    granted = passage.cleared()
    assert named_by(granted) == (passage.events[0].leaf,)
    assert named_by(passage.tell("weighing", 5, "a/b", corrects="aa", of="bb")) == ("aa",)


def test_a_long_chain_of_corrections_takes_no_longer_than_its_records() -> None:
    passage = Passage()
    last = passage.declare(0)
    for _ in range(20_000):
        last = passage.declare(1, corrects=last.leaf)
    history = in_order(passage.events)
    assert history.standing == (last,)
    assert len(history.versions) == len(history.told) == 20_001
