"""Permissions at the door: each is decided by its rules, on what its signer had seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeconduct.service.admission import Outcome, Refused
from safeconduct.service.permission import DECIDED, SENTENCE
from safeconduct.service.refusal import read_refusal
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage, corridor_file
from tests.unit.service.admission_scene import Door, check, door, rules

__all__ = ["door"]


def granted(door: Door, **told: Any) -> Outcome:
    """What is said of the pass of a declared movement; told, of the movement."""
    door.stage.declare(**told).grant()
    return door.said[-1]


def test_7_a_pass_for_what_was_declared_is_granted(door: Door) -> None:
    assert granted(door).error is None
    assert granted(door, lines=[("2710", 5, "LTR")]).error is None
    assert door.stage.audit().findings == ()


def declared_by_nobody(door: Door) -> None:
    other, passage = door.stage.declare(), door.stage.passage()
    passage.declaration = other.declaration
    passage.grant()


def withdrawn(door: Door) -> None:
    passage = door.stage.declare()
    assert passage.declaration is not None
    door.stage.hand("relief-one").record("withdrawal", withdraws=passage.declaration.leaf)
    passage.grant()


def superseded(door: Door) -> None:
    passage = door.stage.declare()
    first = passage.declaration
    passage.declare()
    passage.declaration = first
    passage.grant()


def granted_twice(door: Door) -> None:
    passage = door.stage.declare()
    passage.grant(), passage.grant()


def revoked_twice(door: Door) -> None:
    passage = door.stage.declare()
    passage.grant(), passage.revoke(), passage.revoke()


def revoked_before_it_was_granted(door: Door) -> None:
    passage = door.stage.declare()
    passage.granted = passage.declaration
    passage.revoke()


def amended(version: int, number: int) -> Callable[[Door], None]:
    def act(door: Door) -> None:
        text = corridor_file("agreement.toml").replace("version = 1", f"version = {version}")
        clear = {"agreement": text, "route": corridor_file("route.geojson"), "version": number}
        door.stage.hand("mission/root").record("amendment", clear=clear)

    return act


def up(door: Door) -> None:
    passage = door.stage.passage(goods=[("1101", 5, "KGM")])
    passage.declare(clear={"direction": "up"})
    passage.grant()


CASES: list[tuple[list[str], Callable[[Door], object]]] = [
    (["declaration.unknown"], declared_by_nobody),
    (["declaration.withdrawn"], withdrawn),
    (["declaration.superseded"], superseded),
    (["class.unknown"], lambda door: granted(door, traffic_class="tourist")),
    (["direction.unknown"], up),
    (["goods.prohibited"], lambda door: granted(door, lines=[("9301", 5, "C62")])),
    (["pass.refused_goods"], lambda door: granted(door, lines=[("9301", 5, "C62"), ("1101", 5, "KGM")])),
    (["validity.empty"], lambda door: door.stage.declare().grant(hours=-1)),
    (["validity.past"], lambda door: door.stage.declare().grant(clear={"valid_from": 1, "valid_until": 2})),
    (["pass.granted_already"], granted_twice),
    (["pass.unknown"], revoked_before_it_was_granted),
    (["pass.revoked"], revoked_twice),
    (["key.power"], lambda door: door.stage.declare(by="north-gate")),
    (["key.power"], lambda door: door.stage.declare().grant(by="tessin/liaison")),
    (["key.issuer"], lambda door: door.stage.declare().grant(iss="orva/officer")),
    (["agreement.version"], lambda door: door.stage.declare().grant(agr=2)),
    (["key.issuer", "agreement.version"],
     lambda door: door.stage.passage().declare(iss="a/declarant", agr=2)),
    (["key.enroller"], lambda door: door.stage.enrol("orva/clerk", by="tessin/root")),
    (["key.enroller"], lambda door: door.stage.revoke(door.stage.hand("orva/liaison"))),
    (["agreement.amendment"], amended(1, 1)),
    (["agreement.amendment"], amended(2, 3)),
    (["agreement.consent_to"], lambda door: door.stage.hand("orva/root").record("consent", clear={"of": "0" * 64})),
    (["key.power"], lambda door: door.stage.hand("orva/liaison").record("erasure", clear={"digests": ["A" * 43]})),
    (["key.power"], lambda door: door.stage.hand("mission/root").record("head", clear={"note": "x"})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "act"), CASES, ids=lambda value: value[0] if type(value) is list else ""
)
def test_7_a_permission_is_refused_by_its_rule_signed_and_not_logged(
    expected: list[str], act: Callable[[Door], object], door: Door
) -> None:
    before = len(door.kinds())
    act(door)
    outcome = door.said[-1]
    assert rules(outcome) == expected
    assert isinstance(outcome.error, Refused)
    assert outcome.refusal is not None
    refusal = read_refusal(outcome.refusal, door.stage.founding.service_key)
    assert refusal.rule == expected[0]
    assert all(f"{rule} of agreement version 1" in refusal.why for rule in expected)
    assert all("under agreement version 1" in str(fault) for fault in outcome.error.faults)
    entered = [one for one in door.said if one.receipt is not None]
    assert len([kind for kind in door.kinds()[before:] if kind != "head"]) == len(entered)
    assert not [finding for finding in door.stage.audit().findings if finding.rule in expected]


def test_7_every_reason_is_given_at_once(door: Door) -> None:
    door.stage.declare(traffic_class="tourist", lines=[("9301", 1, "C62")]).grant(hours=-1)
    assert rules(door.said[-1]) == ["class.unknown", "validity.empty", "goods.prohibited"]


def test_7_a_pass_that_leaves_the_refused_line_out_is_granted(door: Door) -> None:
    passage = door.stage.declare(lines=[("9301", 5, "C62"), ("1101", 5, "KGM")])
    passage.grant(clear={"refused": [{"line": 0, "rule": "arms"}]})
    assert door.said[-1].error is None


def test_7_a_decision_is_made_on_what_its_signer_had_seen(door: Door) -> None:
    passage = door.stage.declare()
    seen = {"root": door.stage.newest.root, "size": door.stage.newest.size}  # type: ignore[union-attr]
    passage.grant()
    passage.grant(seen=seen)  # by a second officer, without a network since then
    assert door.said[-1].error is None
    for size in (seen["size"], 10**9):
        passage.grant(seen={"root": "ab" * 32, "size": size})  # a head of nobody: as if it named none
        assert rules(door.said[-1]) == ["pass.granted_already"] * 2


def test_7_what_a_pass_names_its_signer_has_seen(door: Door) -> None:
    """A declaration that came by another way than the log, handed in together with the pass."""
    papers: list[Written] = []
    for name in ("relief-one", "mission/officer"):
        door.stage.hand(name).hand_in = papers.append
    door.stage.declare().grant()
    declaration, first = papers
    assert rules(door.answer(first)) == ["declaration.unknown"]
    door.stage.hand("mission/officer").seq -= 1
    for outcome, written in zip(door.admit(declaration, first), papers, strict=True):
        check(door, outcome, written)


def test_7_a_pass_may_be_corrected(door: Door) -> None:
    passage = door.stage.declare()
    first = passage.grant()
    passage.grant(hours=20, corrects=first.leaf)
    assert door.said[-1].error is None


def test_7_a_paper_by_a_key_without_power_counts_for_nothing(door: Door) -> None:
    passage = door.stage.declare()
    door.stage.hand("mission/officer").hand_in = lambda _: None
    pass_by_nobody = passage.grant(by="mission/officer", iss="north-gate/post")
    door.stage.log_raw(pass_by_nobody.entry)  # before there was a door
    door.stage.hand("mission/officer").hand_in = door.hand_in
    passage.grant()
    assert door.said[-1].error is None


def test_7_a_countersignature_that_the_agreement_wants_is_waited_for() -> None:
    text = corridor_file("agreement.toml").replace(
        'inspection = ["orva", "tessin"]', 'declaration = ["orva"]'
    )
    door = Door(Stage(agreement=text))
    passage = door.stage.declare()
    passage.grant()
    assert rules(door.said[-1]) == ["countersign.missing"]
    assert passage.declaration is not None
    clear = {"of": passage.declaration.leaf, "verdict": "agrees"}
    door.stage.hand("orva/liaison").record("countersign", clear=clear)  # without a passage
    passage.grant()
    assert door.said[-1].error is None


def test_7_notice_is_counted_from_the_head_that_the_declarant_saw() -> None:
    text = (
        corridor_file("agreement.toml") + '\n[limits.notice]\nvalue = "1 h"\nsource = { from = "proposed" }\n'
    )
    door = Door(Stage(agreement=text))
    start = door.stage.clock.now()

    def ask(notice_from: int, **told: Any) -> Outcome:
        passage = door.stage.passage(goods=[("1101", 5, "KGM")])
        passage.declare(clear={"notice": {"from": notice_from, "until": notice_from + 60}}, **told)
        passage.grant()
        return door.said[-1]

    assert ask(start + 7200).error is None
    assert rules(ask(start + 1800)) == ["notice.too_short"]
    assert rules(ask(door.stage.clock.now() + 1800, iat=start - 10_000)) == ["notice.too_short"]
    passage = door.stage.declare()
    passage.grant()
    assert rules(door.said[-1]) == ["notice.missing"]


def test_7_a_pass_on_paper_is_judged_by_the_time_that_it_claims(door: Door) -> None:
    passage = door.stage.declare()
    now = door.stage.clock.now()
    door.stage.clock.tick(500_000)
    claims = {"valid_from": now, "valid_until": now + 3600}
    passage.grant(clear=claims, at=now, via="paper")
    assert door.said[-1].error is None
    door.stage.declare().grant(clear=claims)
    assert rules(door.said[-1]) == ["validity.past"]


def test_every_kind_that_is_decided_is_one_and_every_rule_has_its_sentence() -> None:
    assert "pass-refusal" not in DECIDED
    assert {"key.unknown", "pass.refused_goods", "notice.missing", "agreement.consent_to"} <= SENTENCE.keys()
