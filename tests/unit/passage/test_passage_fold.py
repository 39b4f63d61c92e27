from safeconduct.core.passage.events import Other, happening
from safeconduct.core.passage.fold import fold
from safeconduct.core.passage.rules import ASSUMPTION_OF, NEEDS, RULES
from safeconduct.core.passage.state import Phase
from tests.unit.passage.told import Passage


def test_the_phase_is_the_last_that_was_seen() -> None:
    passage = Passage()
    seen = [passage.report().state.phase]
    declaration = passage.declare()
    seen.append(passage.report().state.phase)
    passage.tell("pass-refusal", 5, "mission/officer", declaration=declaration.leaf, reasons=[{"rule": "x"}])
    seen.append(passage.report().state.phase)
    granted = passage.grant(declaration)
    seen.append(passage.report().state.phase)
    for step in (passage.arrive, passage.enter):
        step(20, granted)
        seen.append(passage.report().state.phase)
    passage.exit(60, granted)
    seen.append(passage.report().state.phase)
    passage.turn_back(70)
    seen.append(passage.report().state.phase)
    assert seen == [
        Phase.OPENED, Phase.DECLARED, Phase.REFUSED, Phase.CLEARED, Phase.ARRIVED, Phase.ON_THE_ROAD,
        Phase.EXITED, Phase.TURNED_BACK,
    ]  # fmt: skip


def test_papers_that_come_in_late_do_not_move_what_is_on_the_road() -> None:
    passage = Passage()
    passage.enter(30)
    declaration = passage.declare(40)
    passage.grant(declaration, 50)
    passage.tell("pass-refusal", 55, "mission/officer", declaration=declaration.leaf, reasons=[])
    assert passage.report().state.phase is Phase.ON_THE_ROAD


def test_a_kind_of_a_later_version_is_kept_and_not_judged() -> None:
    passage = Passage()
    event = passage.tell("weighing", 5, "north/post", kilograms=3)
    assert happening(event) == Other(event)
    passage.tell("acknowledgement", 6, "mission/officer", of=event.leaf)
    passage.tell("account", 7, "agency/declarant", what="waited", post="north")
    report = passage.report()
    assert (report.findings, report.open) == ((), ())
    assert len(report.state.history.told) == 3
    assert len(report.state.accounts) == 1


def test_a_withdrawn_declaration_binds_nobody_and_a_corrected_one_until_it_was_corrected() -> None:
    passage = Passage()
    first = passage.declare()
    second = passage.declare(20, corrects=first.leaf)
    state = passage.report().state
    assert [version.event for version in state.versions] == [first, second]
    assert state.declaration is not None
    assert state.declaration.event is second
    passage.withdraw(second, 30)
    state = passage.report().state
    assert (state.versions, state.declaration) == ([], None)


def test_a_replay_is_not_judged_by_rules_on_kinds_that_its_source_does_not_observe() -> None:
    passage = Passage(source_kinds=frozenset({"declaration", "entered", "inspection"}))
    passage.declare(hs=["7799"])
    passage.enter(30)
    report = passage.report()
    assert [finding.rule for finding in report.findings] == ["goods.unknown_heading"]
    assert [state.why.value for state in report.open] == ["awaiting inspection"]
    unobserved = {rule for rule, kind in NEEDS.items() if kind in ("pass", "seal", "exited", "countersign")}
    assert report.not_judged == dict.fromkeys(unobserved, 1)


def test_every_rule_states_its_assumption_and_what_it_needs() -> None:
    identifiers = [rule.id for rule in RULES]
    assert len(set(identifiers)) == len(identifiers)
    assert set(ASSUMPTION_OF) == set(identifiers)
    assert set(NEEDS) == set(identifiers) - {"vehicle.two_names"}


def test_half_a_trip_is_handed_on_to_be_paired() -> None:
    passage = Passage()
    assert passage.report().trip is None
    passage.declare(trip="out", trip_tag="tt")
    trip = passage.report().trip
    assert trip is not None
    assert (trip.leg, trip.went) == ("out", None)
    entered = passage.enter(30)
    trip = fold(reversed(passage.events), passage.rules).trip
    assert trip is not None
    assert trip.went == entered
