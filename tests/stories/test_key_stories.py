"""Whose key, and which records of it: unknown, revoked, without the power, forked, with a hole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage, corridor_file
from tests.stories.told import evening, open_rules, rules, under_way


def honest(_: Stage, passage: Movement) -> None:
    passage.account("left", "south-gate")


def unknown(stage: Stage, passage: Movement) -> None:
    stage.stranger("relief-one/declarant", "stranger")
    passage.account("left", "south-gate", by="stranger")


def without_power(_: Stage, passage: Movement) -> None:
    passage.account("left", "south-gate", by="mission/officer")


def under_another_name(_: Stage, passage: Movement) -> None:
    passage.account("left", "south-gate", by="relief-one", iss="relief-two/declarant")


def before_its_enrolment(stage: Stage, passage: Movement) -> None:
    early = stage.stranger("relief-two/declarant")
    passage.account("left", "south-gate", by="relief-two/declarant")
    stage.enrol("relief-two/declarant").seq = early.seq


def revoked(stage: Stage, passage: Movement) -> None:
    last = passage.account("arrived", "south-gate")
    stage.revoke(stage.hand("relief-one"), last=last)
    stage.clock.advance(minutes=10)
    passage.account("left", "south-gate")


def revoked_and_silent(stage: Stage, passage: Movement) -> None:
    last = passage.account("arrived", "south-gate")
    stage.revoke(stage.hand("relief-one"), last=last)


def back_dated_by_a_revoked_key(stage: Stage, passage: Movement) -> None:
    before = stage.clock.now()
    last = passage.account("arrived", "south-gate")
    stage.revoke(stage.hand("relief-one"), last=last)
    passage.account("left", "south-gate", iat=before + 1)


def copied(stage: Stage, passage: Movement) -> None:
    clone = stage.hand("relief-one").copy()
    passage.account("arrived", "south-gate")
    clone.record("account", passage=passage.psg, clear={"what": "refused", "post": "south-gate"})


def handed_in_late(stage: Stage, passage: Movement) -> None:
    device = stage.hand("relief-one")
    device.offline = True
    passage.account("arrived", "south-gate")
    device.connect()
    passage.account("left", "south-gate")


def far_ahead_with_a_stolen_key(stage: Stage, passage: Movement) -> None:
    """The thief's numbers are nobody's duty: no hole is left below them."""
    last = passage.account("left", "south-gate")
    thief = stage.hand("relief-one").copy()
    thief.seq = 1000
    thief.record("account", passage=passage.psg, clear={"what": "refused", "post": "south-gate"})
    stage.revoke(stage.hand("relief-one"), last=last)


def kept_back(stage: Stage, passage: Movement) -> None:
    claims = {"what": "arrived", "post": "south-gate"}
    stage.hand("relief-one").write("account", passage=passage.psg, clear=claims)
    passage.account("left", "south-gate")


def under_a_version_not_in_force(_: Stage, passage: Movement) -> None:
    passage.account("left", "south-gate", agr=2)


def two_values_for_one_field(_: Stage, passage: Movement) -> None:
    passage.account("left", "south-gate", words={"_sd": ["A" * 43, "B" * 42 + "A"]})


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (honest, set()),
        (revoked_and_silent, set()),
        (handed_in_late, set()),
        (unknown, {"key.unknown"}),
        (without_power, {"key.power"}),
        (under_another_name, {"key.issuer"}),
        (before_its_enrolment, {"key.early"}),
        (revoked, {"key.revoked"}),
        (back_dated_by_a_revoked_key, {"key.revoked"}),
        (copied, {"chain.fork"}),
        (kept_back, {"chain.hole"}),
        (far_ahead_with_a_stolen_key, {"key.revoked"}),
        (under_a_version_not_in_force, {"agreement.version"}),
        (two_values_for_one_field, {"private.two_digests"}),
    ],
)
def test_a_record_by_a_key_that_may_not_or_out_of_its_chain_is_named(
    act: Callable[[Stage, Movement], None], named: set[str]
) -> None:
    stage = Stage()
    passage = under_way(stage)
    passage.exit()
    act(stage, passage)
    evening(stage)
    assert rules(stage.audit()) == named


def test_a_hole_is_not_handed_in_yet_until_the_offline_limit_has_passed() -> None:
    stage = Stage()
    passage = under_way(stage)
    kept_back(stage, passage)
    report = stage.audit()
    assert rules(report) == set()
    assert ("chain.hole", "not handed in yet") in open_rules(report)


@pytest.mark.parametrize(
    ("last_good", "admitted", "by_a_revoked_key"),
    [
        ("after", False, set()),
        ("before", False, {"thief", "owner", "owner's next"}),
        ("before", True, {"thief"}),
    ],
)
def test_of_a_fork_who_revokes_the_key_says_which_branch_was_the_owners(
    last_good: str, *, admitted: bool, by_a_revoked_key: set[str]
) -> None:
    """The lack is the first: a last good record after the fork leaves the thief's, logged first, as evidence."""
    stage = Stage()
    passage = under_way(stage)
    passage.exit()
    owner = stage.hand("relief-one")
    before = passage.account("arrived", "south-gate")
    thief = owner.copy()
    clear = {"what": "refused", "post": "south-gate"}
    told = {"thief": thief.record("account", passage=passage.psg, clear=clear)}
    told["owner"] = passage.account("waited", "south-gate")
    told["owner's next"] = passage.account("left", "south-gate")
    stage.revoke(owner, last=before if last_good == "before" else told["owner's next"])
    for name in ("owner", "owner's next") if admitted else ():
        stage.hand("mission/root").record("correction", clear={"of": told[name].leaf, "admits": True})
    evening(stage)
    findings = stage.audit().findings
    assert {finding.rule for finding in findings} - {"key.revoked"} == {"chain.fork"}
    revoked = {finding.entries[-1] for finding in findings if finding.rule == "key.revoked"}
    assert revoked == {stage.index_of(told[name]) for name in by_a_revoked_key}


def test_what_a_copied_key_signs_after_its_owner_stopped_looks_like_its_own() -> None:
    """The lack: as long as the owner signs nothing more, one chain goes on, and no rule can tell."""
    stage = Stage()
    passage = under_way(stage)
    passage.exit()
    clone = stage.hand("relief-one").copy()
    clone.record("account", passage=passage.psg, clear={"what": "left", "post": "south-gate"})
    evening(stage)
    assert rules(stage.audit()) == set()


def test_a_record_of_another_corridor_is_named() -> None:
    stage = Stage()
    stranger = Stage("another corridor")
    stage.hand("relief-one").record(
        "account",
        passage="00" * 16,
        clear={"what": "left", "post": "south-gate"},
        cor=stranger.cor,
    )
    evening(stage)
    assert rules(stage.audit()) == {"record.corridor"}


@pytest.mark.parametrize(
    ("cited", "named"), [(2, set()), (1, {"agreement.version"}), (3, {"agreement.version"})]
)
def test_a_record_is_judged_by_the_version_in_force_and_cites_it(cited: int, named: set[str]) -> None:
    stage = Stage()
    text = corridor_file("agreement.toml").replace("version = 1", "version = 2")
    clear = {"agreement": text, "route": corridor_file("route.geojson"), "version": 2}
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    stage.clock.advance(minutes=10)
    assert stage.hand("relief-one").agr == 2
    passage = stage.declare()
    passage.account("left", agr=cited)
    stage.close_watches()
    assert rules(stage.audit()) == named
