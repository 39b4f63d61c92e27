from safeconduct.core.passage.events import Event
from tests.unit.passage.told import BOTH, Passage, limits, shift

PRESENT = (shift("north", present=frozenset({"orva"})), BOTH[1])


def inspected(**told: object) -> tuple[Passage, Event]:
    passage = Passage(**{"shifts": PRESENT, **told})  # type: ignore[arg-type]
    passage.declare()
    return passage, passage.inspect(20, {0: "match"}, iss="mission")


def test_who_was_present_and_signs_owes_nothing_and_the_absent_leave_it_signed_by_fewer() -> None:
    passage, record = inspected()
    passage.countersign(record, 30, "orva")
    assert passage.found() == []
    (state,) = passage.report().open
    assert (state.why.value, state.says) == (
        "signed by fewer", "signed by 1 of 3; mission, tessin not recorded as present",
    )  # fmt: skip


def test_past_the_limit_who_owes_is_named_with_the_count() -> None:
    passage, record = inspected(now=20 + 1 + 61)
    passage.countersign(record, 30, "tessin")
    (finding,) = passage.report().findings
    assert (finding.rule, finding.found, finding.touches) == ("countersign.short", "signed by 1 of 3", "orva")


def test_until_the_limit_or_without_one_it_is_awaited() -> None:
    for told in (
        {"now": 20 + 1 + 60},
        {"now": None},
        {"agreement": limits(countersign_limit_s=None)},
    ):
        passage, _ = inspected(**told)
        assert passage.found() == []
        assert passage.open() == [("awaiting countersign", "countersign.short")]


def test_a_record_that_no_dated_head_covers_is_awaited() -> None:
    passage = Passage(shifts=PRESENT)
    passage.inspect(20, bounds=(19, None))
    assert passage.open() == [("awaiting countersign", "countersign.short")]


def test_the_author_of_a_record_has_signed_it() -> None:
    passage = Passage(shifts=BOTH)
    record = passage.tell("inspection", 20, "mission/liaison", post="north", depth="full", cause="owed")
    passage.countersign(record, 21, "orva")
    passage.countersign(record, 22, "tessin")
    assert (passage.found(), passage.open()) == ([], [])


def test_a_refusal_to_countersign_is_named_and_counts_as_signed() -> None:
    passage, record = inspected()
    passage.countersign(record, 30, "orva", "refuses")
    (finding,) = passage.report().findings
    assert (finding.rule, finding.entries) == ("countersign.refused", (1, 2))


def test_a_refusal_of_a_record_of_elsewhere_is_named_too() -> None:
    passage, record = inspected()
    passage.events.remove(record)
    passage.countersign(record, 30, "orva", "refuses")
    (finding,) = passage.report().findings
    assert finding.touches == "orva/liaison"


def test_a_record_by_a_key_that_may_not_sign_it_is_owed_nothing() -> None:
    passage, record = inspected()
    passage.void = {record.leaf}
    assert (passage.found(), passage.open()) == ([], [])
