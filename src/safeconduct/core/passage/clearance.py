"""The pass and the entry under it.

Rules:
 1. `pass.unknown`: the leaf that a post names is that of a standing pass of this passage. A pass whose
    record is not in the log may still be handed in until the offline limit has passed; until then the
    finding is provisional.
 2. `pass.not_yet`, `pass.expired`: who enters has the benefit of the bounds; both ends of the validity
    belong to it. Where the bounds leave it open and the occurrence lies outside, it is *undecidable*.
 3. `pass.revoked`: the entry occurred surely after the revocation. In an order that is not sure, *order
    undecidable*.
 4. `pass.used_again`: one entry under a pass; for a round trip one in each direction.
 5. `pass.missing`: the agreement's class asks for a pass and the entry names none. The class is the
    declared one, else the one seen at arrival; where none is known, the rule holds if every class of the
    agreement asks for a pass.
 6. `pass.refused_goods`: the declaration that the pass names has a line that the goods rules of the
    pass's agreement version refuse, and the pass does not refuse it.

An arrival is judged by rule 1 only: coming early, late or without a pass to a post is no breach.
"""

from __future__ import annotations

from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.passage.events import Crossing, Entered, PassGranted
from safeconduct.core.passage.judgement import Judgement, Why
from safeconduct.core.passage.order import surely_before
from safeconduct.core.passage.state import PassageState


def judge_passes(state: PassageState, judgement: Judgement) -> None:
    """Rules 1 to 6."""
    _known(state, judgement)
    uses: dict[tuple[str, str], list[Entered]] = {}
    for entry in state.entries:
        if entry.granted is None:
            _missing(state, entry, judgement)
        elif (granted := state.passes.get(entry.granted)) is not None:
            _valid(granted, entry, judgement)
            _revoked(state, granted, entry, judgement)
            declared = state.declared_as(granted.declaration)
            way = entry.direction if declared is not None and declared.trip == "round" else ""
            uses.setdefault((entry.granted, way), []).append(entry)
    for (leaf, _), entries in uses.items():
        if len(entries) > 1:  # 4
            judgement.find(
                "pass.used_again",
                state.passes[leaf].event,
                *(entry.event for entry in entries),
                expected="one entry under this pass",
                found=f"{len(entries)} entries",
                touches=entries[-1].event.iss,
            )
    for granted in state.passes.values():
        _goods(state, granted, judgement)


def _known(state: PassageState, judgement: Judgement) -> None:
    """Rule 1: one finding for each leaf, with all that name it."""
    naming: dict[str, list[Crossing]] = {}
    for crossing in state.crossings:
        if crossing.granted is not None and crossing.granted not in state.passes:
            naming.setdefault(crossing.granted, []).append(crossing)
    if not naming:
        return
    told = {event.leaf for event in state.history.told}
    for leaf, crossings in naming.items():
        judgement.find(
            "pass.unknown",
            *(crossing.event for crossing in crossings),
            expected="a pass of this passage, granted by a key that may",
            found=f"{leaf[:16]}… is {'no standing pass' if leaf in told else 'not a record of this passage'}",
            touches=crossings[0].event.iss,
            provisional=leaf not in told and _may_still_come(crossings[0], judgement),
        )


def _may_still_come(crossing: Crossing, judgement: Judgement) -> bool:
    """Whether the record of a pass shown at this crossing may still be handed in."""
    rules, event = judgement.rules, crossing.event
    limit_s = rules.agreement_of(event.agreement).limits.offline_limit_s
    if limit_s is None or rules.now is None or event.bounds.before is None:
        return True
    return rules.now <= event.bounds.before + limit_s


def _valid(granted: PassGranted, entry: Entered, judgement: Judgement) -> None:
    """Rule 2."""
    event, after, before = entry.event, entry.event.bounds.after, entry.event.bounds.before
    if granted.valid_from <= event.occurred <= granted.valid_until:
        return
    late = event.occurred > granted.valid_until
    rule = "pass.expired" if late else "pass.not_yet"
    sure = (
        after is not None and after > granted.valid_until
        if late
        else before is not None and before < granted.valid_from
    )
    span = f"from {print_instant(granted.valid_from)} until {print_instant(granted.valid_until)}"
    if sure:
        edge = f"not before {print_instant(after or 0)}" if late else f"before {print_instant(before or 0)}"
        judgement.find(
            rule,
            granted.event,
            event,
            expected=f"an entry {span}",
            found=f"an entry {edge}",
            touches=event.iss,
        )
    else:
        told = print_instant(event.occurred)
        says = f"the pass is valid {span}; the bounds of the entry, told for {told}, leave it open"
        judgement.leave_open(Why.UNDECIDABLE, rule, granted.event, event, says=says)


def _revoked(state: PassageState, granted: PassGranted, entry: Entered, judgement: Judgement) -> None:
    """Rule 3."""
    for revocation in state.revocations:
        if revocation.granted != granted.event.leaf or surely_before(entry.event, revocation.event):
            continue
        events = (granted.event, revocation.event, entry.event)
        if surely_before(revocation.event, entry.event):
            judgement.find(
                "pass.revoked",
                *events,
                expected="no entry after the revocation",
                found="an entry after it",
                touches=entry.event.iss,
            )
        else:
            judgement.leave_open(
                Why.ORDER_UNDECIDABLE, "pass.revoked", *events, says="which came first, revocation or entry"
            )


def _missing(state: PassageState, entry: Entered, judgement: Judgement) -> None:
    """Rule 5."""
    agreement = judgement.rules.agreement_of(entry.event.agreement)
    if state.declaration is not None:
        name = state.declaration.traffic_class
    else:
        name = state.arrivals[-1].traffic_class if state.arrivals else ""
    traffic = agreement.classes.get(name)
    classes = [traffic] if traffic is not None else list(agreement.classes.values())
    if classes and all(each.pass_required for each in classes):
        judgement.find(
            "pass.missing",
            entry.event,
            expected=f"a pass, as class {name!r} needs one"
            if traffic
            else "a pass, as every class needs one",
            found="an entry that names none",
            touches=entry.event.iss,
        )


def _goods(state: PassageState, granted: PassGranted, judgement: Judgement) -> None:
    """Rule 6."""
    agreement = judgement.rules.agreement_of(granted.event.agreement)
    declared = state.declared_as(granted.declaration)
    if agreement.goods is None or declared is None:
        return
    version = f"agreement version {agreement.version}"
    for line in declared.lines:
        verdict = agreement.goods.verdict(line.hs)
        if verdict.outcome == "deny" and line.number not in granted.refused:
            judgement.find(
                "pass.refused_goods",
                declared.event,
                granted.event,
                expected=f"line {line.number} refused: {verdict.rule} of {version}",
                found=f"line {line.number}, heading {line.hs}, cleared",
                touches=granted.event.iss,
            )
