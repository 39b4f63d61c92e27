"""Whether it is the vehicle that was declared.

Rules:
 1. `pass.other_vehicle`: the plate tag that a post states is the one in the declaration that the pass was
    granted for; without a pass, in the declaration in force; where that has none, the first that a post
    stated. Equal tags say that two signers state the same, not that the second looked (RECORD §3). A
    crossing without a tag, where others have one, is *not checkable here*.
 2. `vehicle.imo_check_digit`: the declared IMO number could be one.
 3. `vehicle.two_names`: over all passages, one IMO number goes with one name, compared as written: a
    blank or a full stop makes two, and a human reads them. Needs the disclosures that hold the names; a
    finding states none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from safeconduct.core.agreement.imo import imo_check_digit_fits
from safeconduct.core.passage.events import Crossing, Declared, Event
from safeconduct.core.passage.judgement import Judgement, Why
from safeconduct.core.passage.rules import ASSUMPTION_OF
from safeconduct.core.passage.state import PassageState
from safeconduct.core.record.finding import Finding


def judge_vehicle(state: PassageState, judgement: Judgement) -> None:
    """Rule 1."""
    crossings = state.crossings
    first = next(_tags(crossings), None)
    for crossing in crossings:
        stated = dict(_tags(_bound_by(state, crossing)) if first is not None else ())
        if not stated and first is not None:
            stated = dict((first,))
        if not stated or crossing.plate_tag in stated:
            continue
        tag, event = list(stated.items())[-1]
        if crossing.plate_tag is None:
            judgement.leave_open(
                Why.NOT_CHECKABLE, "pass.other_vehicle", event, crossing.event, says="no plate tag is stated"
            )
        else:
            judgement.find(
                "pass.other_vehicle",
                event,
                crossing.event,
                expected=f"plate tag {tag}",
                found=f"plate tag {crossing.plate_tag}",
                touches=crossing.event.iss,
            )


def _tags(stating: Iterable[Crossing | Declared]) -> Iterator[tuple[str, Event]]:
    return ((one.plate_tag, one.event) for one in stating if one.plate_tag is not None)


def _bound_by(state: PassageState, crossing: Crossing) -> tuple[Declared, ...]:
    """The declaration that the pass shown was granted for; without one, those that may have been in force."""
    granted = state.passes.get(crossing.granted or "")
    if granted is not None:
        version = state.declared_as(granted.declaration)
        return () if version is None else (version,)
    return state.versions_at(crossing.event)


def judge_imo(state: PassageState, judgement: Judgement) -> None:
    """Rule 2."""
    declared = state.declaration
    if declared is not None and declared.imo is not None and not imo_check_digit_fits(declared.imo):
        judgement.find(
            "vehicle.imo_check_digit",
            declared.event,
            expected="an IMO number whose check digit fits",
            found=declared.imo,
            touches=declared.event.iss,
        )


def two_names(
    stated: Iterable[tuple[str, str, int]], *, leaf_of: Callable[[int], str] | None = None
) -> tuple[Finding, ...]:
    """Rule 3, from (IMO number, name, log index) of every declared ship name that is disclosed."""
    first: dict[str, dict[str, int]] = {}
    for imo, name, index in sorted(stated, key=lambda each: (each[2], each[1])):
        first.setdefault(imo, {}).setdefault(name, index)
    return tuple(_one_imo(imo, names, leaf_of) for imo, names in sorted(first.items()) if len(names) > 1)


def _one_imo(imo: str, names: dict[str, int], leaf_of: Callable[[int], str] | None) -> Finding:
    entries = tuple(sorted(set(names.values())))
    return Finding(
        "vehicle.two_names",
        entries,
        expected=f"one name with IMO number {imo}",
        found=f"{len(names)} names",
        evidence=tuple(leaf_of(index) for index in entries) if leaf_of else (),
        touches="declarants",
        assumption=ASSUMPTION_OF["vehicle.two_names"],
    )
