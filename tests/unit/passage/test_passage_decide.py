from dataclasses import replace

import pytest

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.passage.decide import Granted, GrantPass, Refused, RevokePass, decide
from tests.unit.passage.told import AGREEMENT, NOON, Passage


def grant(leaf: str, **told: int) -> GrantPass:
    plain = {"now": NOON + 600, "valid_from": NOON + 7200, "valid_until": NOON + 14_400}
    return GrantPass(leaf, **{**plain, **told})


def asked(
    passage: Passage, leaf: str, agreement: Agreement = AGREEMENT, **told: int
) -> list[tuple[str, str]] | Granted:
    decision = decide(passage.report().state, grant(leaf, **told), agreement)
    match decision:
        case Refused():
            assert {reason.agreement for reason in decision.reasons} == {agreement.version}
            return [(reason.item, reason.rule) for reason in decision.reasons]
        case Granted():
            return decision


NOTICE = {"from": NOON + 7200, "until": NOON + 9000}


def test_a_movement_declared_in_time_gets_its_pass_without_the_refused_line() -> None:
    passage = Passage()
    leaf = passage.declare(hs=["1101", "9301", "2710"], notice=NOTICE).leaf
    assert asked(passage, leaf) == Granted(1, refused=((1, "arms"),), conditions=((2, "fuel"),))


def test_every_reason_is_given_at_once() -> None:
    passage = Passage()
    leaf = passage.declare(
        hs=["9301"], class_="tourist", direction="up", notice={"from": NOON + 1800, "until": NOON + 9000}
    ).leaf
    assert asked(passage, leaf, valid_until=NOON) == [
        ("class tourist", "class.unknown"),
        ("direction up", "direction.unknown"),
        ("notice", "notice.too_short"),
        ("validity", "validity.empty"),
        ("line 0", "goods.prohibited"),
    ]


def test_a_declaration_must_be_on_record_stand_and_be_the_last() -> None:
    passage = Passage()
    assert asked(passage, "ab" * 32) == [("declaration", "declaration.unknown")]
    first = passage.declare(notice=NOTICE)
    second = passage.declare(5, notice=NOTICE, corrects=first.leaf)
    assert asked(passage, first.leaf) == [("declaration", "declaration.superseded")]
    assert asked(passage, second.leaf) == Granted(1)
    passage.withdraw(second, 6)
    assert asked(passage, second.leaf) == [("declaration", "declaration.withdrawn")]


def test_notice_is_asked_for_only_where_the_agreement_sets_it() -> None:
    passage = Passage()
    leaf = passage.declare().leaf
    assert asked(passage, leaf) == [("notice", "notice.missing")]
    free = replace(AGREEMENT, goods=None, limits=replace(AGREEMENT.limits, notice_s=None))
    assert asked(passage, leaf, free) == Granted(1)


def test_a_permission_that_needs_signatures_stays_closed_without_them() -> None:
    strict = replace(AGREEMENT, countersign={"declaration": frozenset({"mission", "orva", "agency"})})
    passage = Passage()
    declaration = passage.declare(notice=NOTICE)
    passage.countersign(declaration, 5, "mission", "refuses")
    assert asked(passage, declaration.leaf, strict) == [
        ("seat mission", "countersign.refused"), ("seat orva", "countersign.missing"),
    ]  # fmt: skip


@pytest.mark.parametrize(("revoked", "expected"), [(True, Granted(1)), (False, None)])
def test_a_second_pass_waits_for_the_first_to_be_revoked(revoked: bool, expected: object) -> None:  # noqa: FBT001
    passage = Passage()
    declaration = passage.declare(notice=NOTICE)
    granted = passage.grant(declaration)
    if revoked:
        passage.revoke(granted, 15)
    answer = asked(passage, declaration.leaf)
    assert answer == (expected or [(f"pass {granted.leaf[:16]}", "pass.granted_already")])


def test_a_pass_that_has_ended_is_no_obstacle_and_one_that_would_have_is_not_granted() -> None:
    passage = Passage()
    declaration = passage.declare(notice=NOTICE)
    passage.grant(declaration, valid_until=NOON + 1)
    assert asked(passage, declaration.leaf) == Granted(1)
    assert asked(passage, declaration.leaf, now=NOON + 20_000) == [("validity", "validity.past")]


def test_a_pass_is_revoked_once() -> None:
    passage = Passage()
    granted = passage.cleared()
    command = RevokePass(granted.leaf)
    assert decide(passage.report().state, command, AGREEMENT) == Granted(1)
    passage.revoke(granted, 20)
    again = decide(passage.report().state, command, AGREEMENT)
    assert isinstance(again, Refused)
    assert again.reasons[0].rule == "pass.revoked"
    unknown = decide(passage.report().state, RevokePass("ab" * 32), AGREEMENT)
    assert isinstance(unknown, Refused)
    assert unknown.reasons[0].rule == "pass.unknown"
