"""The pass: forged, expired, not yet valid, revoked, used twice, missing, another vehicle's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.core.kernel.spelling import sha256
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from tests.stories.told import evening, rules

Tell = Callable[[Stage, Movement], object]


def through(stage: Stage, grant: Tell, *, enter: Tell = lambda _, passage: passage.enter()) -> set[str]:
    """One passage under the pass that `grant` gives; what the auditor named."""
    passage = stage.declare(people=2)
    grant(stage, passage)
    passage.arrive()
    passage.inspect()
    enter(stage, passage)
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    return rules(stage.audit())


def forged(_: Stage, passage: Movement) -> None:
    """A leaf that no record has."""
    granted = passage.grant()
    passage.granted = type(granted)(granted.entry, sha256(b"forged").hex(), granted.payload, ())


def by_a_stranger(stage: Stage, passage: Movement) -> None:
    stage.stranger("mission/officer", "forger")
    passage.grant(by="forger")


def by_the_declarant(_: Stage, passage: Movement) -> None:
    passage.grant(by="relief-one")


def by_a_partys_officer(stage: Stage, passage: Movement) -> None:
    """A party enrols whom it likes for itself; passes are the mission's officers' alone."""
    stage.enrol("orva/officer")
    stage.publish()
    passage.grant(by="orva/officer")


def revoked(stage: Stage, passage: Movement) -> None:
    passage.grant()
    passage.revoke()
    stage.clock.advance(minutes=5)


@pytest.mark.parametrize(
    ("grant", "named"),
    [
        (lambda _, passage: passage.grant(), set()),
        (forged, {"pass.unknown"}),
        (by_a_stranger, {"key.unknown", "pass.unknown"}),
        (by_the_declarant, {"key.power", "pass.unknown"}),
        (by_a_partys_officer, {"key.power", "pass.unknown"}),
        (
            lambda stage, passage: passage.grant(clear={"valid_from": stage.clock.now() + 86_400}),
            {"pass.not_yet"},
        ),
        (lambda stage, passage: passage.grant(clear={"valid_until": stage.clock.now()}), {"pass.expired"}),
        (revoked, {"pass.revoked"}),
        (lambda _, __: None, {"pass.missing"}),
    ],
    ids=[
        "honest",
        "forged",
        "stranger's",
        "declarant's own",
        "party's",
        "not yet",
        "expired",
        "revoked",
        "none",
    ],
)
def test_a_pass_that_is_no_good_is_named(grant: Tell, named: set[str]) -> None:
    assert through(Stage(), expired_by_now(grant)) == named


def expired_by_now(grant: Tell) -> Tell:
    """Some minutes lie between the pass and the post, in the honest story too, with a head between them."""

    def then_wait(stage: Stage, passage: Movement) -> None:
        grant(stage, passage)
        stage.clock.advance(minutes=30)

    return then_wait


def test_a_forged_pass_is_provisional_while_its_record_may_still_come_in() -> None:
    stage = Stage()
    passage = stage.declare()
    forged(stage, passage)
    passage.arrive()
    passage.inspect()
    passage.enter()
    found = {finding.rule: finding.provisional for finding in stage.audit().findings}
    assert found == {"pass.unknown": True}


@pytest.mark.parametrize(("late", "named"), [(True, set()), (False, {"pass.refused_goods"})])
def test_a_declaration_that_is_corrected_later_makes_no_pass_wrong(*, late: bool, named: set[str]) -> None:
    """A permission is judged on what its signer had; a late record makes no earlier decision wrong."""
    stage = Stage()
    passage = stage.declare()
    if late:
        passage.grant()
        stage.clock.advance(minutes=10)
    passage.declare(goods=[("9306", 50, "KGM")])
    if not late:
        passage.grant()
    evening(stage)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize(("plate", "named"), [("KM 4711", set()), ("KM 4712", {"pass.other_vehicle"})])
def test_another_vehicle_under_the_pass_is_named(plate: str, named: set[str]) -> None:
    def enter(_: Stage, passage: Movement) -> None:
        passage.enter(plate=plate)

    assert through(Stage(), lambda _, passage: passage.grant(), enter=enter) == named


def test_letters_that_look_alike_make_no_other_vehicle() -> None:
    def enter(_: Stage, passage: Movement) -> None:
        passage.enter(plate="КМ-4711")  # Cyrillic, as on the plate

    assert through(Stage(), lambda _, passage: passage.grant(), enter=enter) == set()


@pytest.mark.parametrize(("entries", "named"), [(1, set()), (2, {"pass.used_again"})])
def test_a_pass_that_lets_in_twice_is_named(entries: int, named: set[str]) -> None:
    def enter(_: Stage, passage: Movement) -> None:
        for _time in range(entries):
            passage.enter()

    assert through(Stage(), lambda _, passage: passage.grant(), enter=enter) == named


def test_a_vehicle_without_any_tag_cannot_be_told_from_another() -> None:
    """The lack: where a post states no tag, the auditor says that it cannot check."""
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    passage.arrive()
    passage.inspect()
    passage.enter(plate="KM 4712", clear={"plate_tag": None})
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    report = stage.audit()
    assert rules(report) == set()
    assert ("pass.other_vehicle", "not checkable here") in {
        (state.rule, state.why.value) for state in report.open_states
    }
