"""Whose signature, besides its author's, makes a record complete (RECORD §4).

Rules:
 1. The agreement names, for a kind, the seats that countersign. A seat has signed if a key of its own
    (`<seat>/…`) made the record, or countersigned it either way.
 2. `countersign.refused`: a countersignature that refuses. It says who and of what; its words are
    private.
 3. `countersign.short`: a seat that the post's watch record names present has not signed, and the
    countersign limit has passed, counted from the upper bound of the record's time. Until then: *awaiting
    countersign*.
 4. Who was not present owes nothing: the record stays *signed by fewer*, which is no finding.
"""

from __future__ import annotations

from safeconduct.core.passage.events import Event
from safeconduct.core.passage.judgement import Judgement, Why
from safeconduct.core.passage.state import PassageState


def judge_countersigns(state: PassageState, judgement: Judgement) -> None:
    """Rules 1 to 4."""
    signed: dict[str, set[str]] = {}
    by_leaf: dict[str, Event] | None = None
    for each in state.countersigns:
        signed.setdefault(each.of, set()).add(each.seat)
        if each.verdict == "refuses":  # 2
            by_leaf = by_leaf or {event.leaf: event for event in state.history.told}
            of = by_leaf.get(each.of)
            judgement.find(
                "countersign.refused",
                *(() if of is None else (of,)),
                each.event,
                expected="agrees",
                found=f"{each.seat} refuses to countersign",
                touches=each.event.iss if of is None else of.iss,
            )
    for event in state.history.standing:
        agreement = judgement.rules.agreement_of(event.agreement)
        wanted = agreement.countersign.get(event.evt)
        if wanted:
            missing = wanted - signed.get(event.leaf, set()) - {event.seat}  # 1
            if missing:
                limit_s = agreement.limits.countersign_limit_s
                _incomplete(event, wanted, missing, limit_s, judgement)


def _incomplete(
    event: Event, wanted: frozenset[str], missing: frozenset[str], limit_s: int | None, judgement: Judgement
) -> None:
    """Rules 3 and 4."""
    rules = judgement.rules
    present = rules.watch.present_at(event.payload.get("post", ""), event.occurred)
    count = f"signed by {len(wanted) - len(missing)} of {len(wanted)}"
    owed = sorted(missing & present)
    if not owed:
        says = f"{count}; {', '.join(sorted(missing))} not recorded as present"
        judgement.leave_open(Why.SIGNED_BY_FEWER, "countersign.short", event, says=says)
    elif (
        limit_s is None
        or rules.now is None
        or event.bounds.before is None
        or rules.now <= event.bounds.before + limit_s
    ):
        says = f"{count} so far; owed by {', '.join(owed)}"
        judgement.leave_open(Why.AWAITING_COUNTERSIGN, "countersign.short", event, says=says)
    else:
        for seat in owed:
            judgement.find(
                "countersign.short",
                event,
                expected=f"countersigned by {seat} within the limit",
                found=count,
                touches=seat,
            )
