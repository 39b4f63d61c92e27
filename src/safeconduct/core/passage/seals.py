"""The custody of seals, from the one put on to the one found.

Rules:
 1. `seal.missing`, `seal.broken`, `seal.wrong_number`: what a record says of the condition of a seal that
    was there before it (found, replaced, removed). *Resealed* counts as broken, unless the same record
    replaced the seal.
 2. `seal.wrong_number` too: the tag found, replaced or removed is none that may have been on the vehicle:
    put on not surely after, taken off not surely before. Where only the occurrences say so, *order
    undecidable*. Without a tag, or where nobody put a tagged seal on in this passage, there is nothing to
    compare.
 3. A seal that was put on, and whose tag nobody stated again until the exit, is open: *seal not read at
    exit*.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.core.passage.events import SealSeen
from safeconduct.core.passage.judgement import Judgement, Why
from safeconduct.core.passage.order import surely_before
from safeconduct.core.passage.state import PassageState

_RULE_FOR = {
    "missing": "seal.missing",
    "broken": "seal.broken",
    "resealed": "seal.broken",
    "wrong-number": "seal.wrong_number",
}


def judge_seals(state: PassageState, judgement: Judgement) -> None:
    """Rules 1 to 3."""
    seals = state.seals
    for place, seen in enumerate(seals):
        if seen.act == "affixed":
            continue
        put_on = [one for one in seals if _puts_on(one, seen) and not surely_before(seen.event, one.event)]
        rule = _RULE_FOR.get(seen.condition)
        if rule is not None and (seen.act, seen.condition) != ("replaced", "resealed"):  # 1
            _find(rule, put_on, seen, f"seal {seen.act}, condition {seen.condition}", judgement)
        if rule in (None, "seal.broken") and put_on and _was_on(seen) is not None:
            _compare(seen, put_on, seals[:place], judgement)
    if state.exits:
        _unread(state, judgement)


def _puts_on(one: SealSeen, seen: SealSeen) -> bool:
    return one is not seen and one.act in ("affixed", "replaced") and one.tag is not None


def _was_on(seen: SealSeen) -> str | None:
    """The tag of the seal that was on when this record was made."""
    return seen.replaced_tag if seen.act == "replaced" else seen.tag


def _find(rule: str, put_on: Sequence[SealSeen], seen: SealSeen, found: str, judgement: Judgement) -> None:
    judgement.find(
        rule,
        *(one.event for one in put_on),
        seen.event,
        expected="a seal that was put on, intact",
        found=found,
        touches=seen.event.iss,
    )


def _compare(
    seen: SealSeen, put_on: Sequence[SealSeen], earlier: Sequence[SealSeen], judgement: Judgement
) -> None:
    """Rule 2. `earlier`: the seal records before this one by occurrence."""
    tag = _was_on(seen)
    same = [one for one in put_on if one.tag == tag]
    if not same:
        _find("seal.wrong_number", put_on, seen, f"seal {seen.act} under a tag that nobody put on", judgement)
        return
    off = [one for one in earlier if one.act in ("replaced", "removed") and _was_on(one) == tag]
    if any(surely_before(one.event, seen.event) for one in off):
        _find("seal.wrong_number", same, seen, f"seal {seen.act} after it was taken off", judgement)
    elif off or not any(one in earlier for one in same):
        judgement.leave_open(
            Why.ORDER_UNDECIDABLE,
            "seal.wrong_number",
            *(one.event for one in (*same, *off)),
            seen.event,
            says=f"whether this seal was on when it was {seen.act}",
        )


def _unread(state: PassageState, judgement: Judgement) -> None:
    """Rule 3."""
    stated = {_was_on(seen) for seen in state.seals if seen.act != "affixed"}
    for seen in state.seals:
        if seen.act in ("affixed", "replaced") and seen.tag is not None and seen.tag not in stated:
            judgement.leave_open(
                Why.SEAL_NOT_READ,
                "seal.missing",
                seen.event,
                state.exits[-1].event,
                says="a seal was put on and its tag was not stated again",
            )
