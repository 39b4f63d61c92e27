"""Permissions: granted, or refused with every reason. Observations are never decided: see `state`.

A permission is judged on the log prefix that its signer states: `state` is the fold of that prefix,
`agreement` the version in force in it. A record that comes in later makes no earlier decision wrong.

Rules for granting a pass:
 1. The declaration is on record, not withdrawn, and its last version.
 2. The agreement knows its class and its direction.
 3. It was declared in time: the movement's notice begins at least the agreed time after the declaration.
 4. A line that the goods rules refuse is refused, not the vehicle; where they refuse every line, the pass
    is.
 5. Each seat whose countersignature the agreement wants under the declaration has signed it, and none
    refused.
 6. The pass is valid at some time from now on, and the declaration has no other that is.

Rule for revoking one:
 7. The pass is on record and not revoked yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.passage.events import Declared
from safeconduct.core.passage.state import PassageState


@dataclass(frozen=True, slots=True)
class GrantPass:
    """Clear the movement of this declaration (its leaf), from one instant to another."""

    declaration: str
    now: int
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class RevokePass:
    """Take this pass (its leaf) back."""

    granted: str


Command = GrantPass | RevokePass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: the item that it is about, the rule, and the version of the agreement that says so."""

    item: str
    rule: str
    agreement: int


@dataclass(frozen=True, slots=True)
class Granted:
    """It may be. `refused`: lines left out, `conditions`: lines under one; each by a goods rule."""

    agreement: int
    refused: tuple[tuple[int, str], ...] = ()
    conditions: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not be, for all these reasons."""

    reasons: tuple[Reason, ...]


def decide(state: PassageState, command: Command, agreement: Agreement) -> Granted | Refused:
    """Whether the command may be carried out."""
    if isinstance(command, GrantPass):
        return _grant(state, command, agreement)
    return _revoke(state, command, agreement)


def _grant(state: PassageState, command: GrantPass, agreement: Agreement) -> Granted | Refused:
    declared = state.declared_as(command.declaration)
    if declared is None:  # 1
        told = any(event.leaf == command.declaration for event in state.history.told)
        rule = "declaration.withdrawn" if told else "declaration.unknown"
        return Refused((Reason("declaration", rule, agreement.version),))
    refused, conditions = _goods(declared, agreement)
    broken = [*_declared(state, declared, agreement), *_signed(state, declared, agreement)]
    broken.extend(_validity(state, command))
    if refused and len(refused) == len(declared.lines):  # 4
        broken.extend((f"line {line}", "goods.prohibited") for line, _ in refused)
    if broken:
        return Refused(tuple(Reason(item, rule, agreement.version) for item, rule in broken))
    return Granted(agreement.version, refused, conditions)


def _goods(
    declared: Declared, agreement: Agreement
) -> tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]:
    """Rule 4: the lines refused, and those under a condition."""
    if agreement.goods is None:
        return (), ()
    verdicts = [(line.number, agreement.goods.verdict(line.hs)) for line in declared.lines]
    refused = tuple((line, verdict.rule) for line, verdict in verdicts if verdict.outcome == "deny")
    return refused, tuple(
        (line, verdict.rule) for line, verdict in verdicts if verdict.outcome == "condition"
    )


def _declared(state: PassageState, declared: Declared, agreement: Agreement) -> Iterator[tuple[str, str]]:
    """Rules 1 to 3."""
    if declared != state.declaration:
        yield "declaration", "declaration.superseded"
    if declared.traffic_class not in agreement.classes:
        yield f"class {declared.traffic_class}", "class.unknown"
    if declared.direction not in agreement.directions:
        yield f"direction {declared.direction}", "direction.unknown"
    notice_s = agreement.limits.notice_s
    if notice_s is not None:
        if declared.notice_from is None:
            yield "notice", "notice.missing"
        elif declared.notice_from - declared.event.occurred < notice_s:
            yield "notice", "notice.too_short"


def _signed(state: PassageState, declared: Declared, agreement: Agreement) -> Iterator[tuple[str, str]]:
    """Rule 5."""
    verdicts = {each.seat: each.verdict for each in state.countersigns if each.of == declared.event.leaf}
    for seat in sorted(agreement.countersign.get("declaration", frozenset())):
        verdict = verdicts.get(seat, "agrees" if seat == declared.event.seat else None)
        if verdict != "agrees":
            yield f"seat {seat}", "countersign.refused" if verdict else "countersign.missing"


def _validity(state: PassageState, command: GrantPass) -> Iterator[tuple[str, str]]:
    """Rule 6."""
    if command.valid_from > command.valid_until:
        yield "validity", "validity.empty"
    elif command.valid_until < command.now:
        yield "validity", "validity.past"
    revoked = {revocation.granted for revocation in state.revocations}
    for leaf, granted in state.passes.items():
        if granted.valid_until >= command.now and leaf not in revoked:
            yield f"pass {leaf[:16]}", "pass.granted_already"


def _revoke(state: PassageState, command: RevokePass, agreement: Agreement) -> Granted | Refused:
    """Rule 7."""
    rule = None
    if command.granted not in state.passes:
        rule = "pass.unknown"
    elif any(revocation.granted == command.granted for revocation in state.revocations):
        rule = "pass.revoked"
    if rule is not None:
        return Refused((Reason(f"pass {command.granted[:16]}", rule, agreement.version),))
    return Granted(agreement.version)
