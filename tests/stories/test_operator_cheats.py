"""Kinds of an operator's cheat, each named from one party's copy alone; what the party did not keep, it cannot show."""

from __future__ import annotations

import pytest

from safeconduct.sim.stage import SEATS
from tests.stories.operators import HEAD, KEPT, KINDS, OFFERS, RECEIPT, Kind, play
from tests.stories.told import rules

SEEDS = (0, 1)


def kind_called(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_cheat_is_named_and_its_honest_twin_is_not(kind: Kind) -> None:
    for seed in SEEDS:
        assert play(kind, seed, cheats=True).audit(*kind.needs).rules & kind.rules, seed
    assert rules(play(kind, SEEDS[0], cheats=False).audit(*KEPT)) == set()


@pytest.mark.parametrize(
    "name", ["a record acknowledged, not logged", "an old backup put back", "the whole log signed anew"]
)
def test_without_what_was_kept_the_report_says_that_it_was_compared_with_nothing(name: str) -> None:
    """The lack: who kept neither head nor receipt is shown a log that is sound in itself."""
    kind = kind_called(name)
    report = play(kind, SEEDS[0], cheats=True).audit()
    assert not rules(report) & {"log.receipt", "log.rollback"}
    assert report.sound
    assert any("Compared with nothing kept outside" in line for line in report.lines())


def test_an_offer_that_nobody_logged_is_missed_only_by_the_party_that_kept_it() -> None:
    kind = kind_called("a record offered and withheld")
    scene = next(scene for seed in range(20) if OFFERS in (scene := play(kind, seed, cheats=True)).kept)
    assert rules(scene.audit(OFFERS)) - rules(scene.audit()) == {"offered.withheld"}


@pytest.mark.parametrize("kept", [(), (HEAD,), (RECEIPT,)], ids=["nothing", HEAD, RECEIPT])
def test_the_last_record_of_a_device_can_be_left_out_until_somebody_names_it(kept: tuple[str, ...]) -> None:
    """The lack of what the log alone shows: nobody has signed anything since, over it or under the same key."""
    scene = play(KINDS[0], SEEDS[0], cheats=False)
    stage = scene.stage
    stage.clock.advance(minutes=10)
    last = scene.movements[0].account("searched")
    stage.publish()
    scene.kept = {RECEIPT: stage.receipt(last), HEAD: stage.head()}
    stage.cheat.drop(last, colluding=SEATS)
    named = rules(scene.audit(*kept))
    assert named == ({"log.rollback"} if HEAD in kept else {"log.receipt"} if RECEIPT in kept else set())
