"""Goods and people, as declared and as found.

Rules:
 1. `goods.unknown_heading`: each line's code begins with a heading of the Harmonized System, or is one of
    its chapters. `none` says that the declarant named no code: nothing is found.
    `goods.unknown_unit`: each line's unit is a common code of UN/ECE Recommendation 20.
 2. `manifest.contradicted`: a line result other than match. `manifest.unknown_line`: a result for a line
    that the declaration does not have. Judged against the version in force when the inspection occurred;
    where the order does not settle which, the one that agrees with the inspection.
 3. `manifest.line_without_result`: inspections by line leave out a line of the version in force at the
    last of them; provisional until that post has handed in. An inspection that says nothing about lines
    is not by line.
 4. Where the class asks for the inspection of all traffic, what has entered and whose lines no inspection
    covers is open: *awaiting inspection*, with the number of its lines.
 5. `people.differ`: the people counted at a crossing are those that the declaration in force states (for
    its own direction); where it states none, those counted first in that direction.
"""

from __future__ import annotations

from safeconduct.core.agreement.hs import CHAPTERS, known_heading
from safeconduct.core.agreement.units import known_unit
from safeconduct.core.passage.events import Crossing, Declared, Inspected
from safeconduct.core.passage.judgement import Judgement, Why
from safeconduct.core.passage.state import PassageState
from safeconduct.core.passage.watch import HandedIn


def judge_codes(state: PassageState, judgement: Judgement) -> None:
    """Rule 1."""
    if state.declaration is None:
        return
    event = state.declaration.event
    for line in state.declaration.lines:
        if line.hs != "none" and line.hs not in CHAPTERS and not known_heading(line.hs):
            judgement.find(
                "goods.unknown_heading",
                event,
                expected="a heading or chapter of the Harmonized System",
                found=f"line {line.number}: {line.hs!r}",
                touches=event.iss,
            )
        if not known_unit(line.unit):
            judgement.find(
                "goods.unknown_unit",
                event,
                expected="a common code of UN/ECE Recommendation 20",
                found=f"line {line.number}: {line.unit!r}",
                touches=event.iss,
            )


def judge_manifest(state: PassageState, judgement: Judgement) -> None:
    """Rules 2 to 4."""
    for seen in state.inspections:
        if seen.results is not None and state.versions:
            _results(state, seen, judgement)
    by_line = [seen for seen in state.inspections if seen.results is not None]
    if by_line and state.versions:
        _left_out(state, by_line, judgement)
    if state.entries and not state.inspections and state.declaration is not None:
        _awaiting(state, state.declaration, judgement)


def _results(state: PassageState, seen: Inspected, judgement: Judgement) -> None:
    """Rule 2."""
    version = _closest(state.versions_at(seen.event) or tuple(state.versions[:1]), seen)
    for line, result in seen.results or ():
        if line >= len(version.lines):
            judgement.find(
                "manifest.unknown_line",
                version.event,
                seen.event,
                expected=f"a line below {len(version.lines)}",
                found=f"line {line}",
                touches=seen.event.iss,
            )
        elif result != "match":
            judgement.find(
                "manifest.contradicted",
                version.event,
                seen.event,
                expected=f"line {line}, heading {version.lines[line].hs}: match",
                found=result,
                touches=version.event.iss,
            )


def _closest(versions: tuple[Declared, ...], seen: Inspected) -> Declared:
    """The version that leaves the fewest results without a line; of several, the latest."""
    return min(
        reversed(versions),
        key=lambda version: sum(line >= len(version.lines) for line, _ in seen.results or ()),
    )


def _left_out(state: PassageState, by_line: list[Inspected], judgement: Judgement) -> None:
    """Rule 3."""
    last = by_line[-1]
    stated = {line for seen in by_line for line, _ in seen.results or ()}
    versions = state.versions_at(last.event) or tuple(state.versions[:1])
    version = min(reversed(versions), key=lambda each: sum(line.number not in stated for line in each.lines))
    missing = [line.number for line in version.lines if line.number not in stated]
    if missing:
        time = last.event.occurred
        handed_in = judgement.rules.watch.handed_in(last.post, "inspection", time, time)
        judgement.find(
            "manifest.line_without_result",
            version.event,
            last.event,
            expected=f"a result for each of {len(version.lines)} lines",
            found=f"none for line {', '.join(map(str, missing))}",
            touches=last.event.iss,
            provisional=handed_in is HandedIn.NOT_YET,
        )


def _awaiting(state: PassageState, declared: Declared, judgement: Judgement) -> None:
    """Rule 4."""
    agreement = judgement.rules.agreement_of(declared.event.agreement)
    traffic = agreement.classes.get(declared.traffic_class)
    if traffic is not None and traffic.inspection == "all-traffic":
        judgement.leave_open(
            Why.AWAITING_INSPECTION,
            "manifest.line_without_result",
            declared.event,
            state.entries[-1].event,
            says="entered, and not inspected so far",
            lines=len(declared.lines),
        )


def judge_people(state: PassageState, judgement: Judgement) -> None:
    """Rule 5."""
    first: dict[str, Crossing] = {}
    for crossing in state.crossings:
        if crossing.people is None:
            continue
        stated = {
            version.people: version
            for version in state.versions_at(crossing.event)
            if version.people is not None and version.direction == crossing.direction
        }
        if not stated:
            before = first.setdefault(crossing.direction, crossing)
            if before.people == crossing.people:
                continue
            expected, event = before.people, before.event
        elif crossing.people in stated:
            continue
        else:
            expected, version = list(stated.items())[-1]
            event = version.event
        judgement.find(
            "people.differ",
            event,
            crossing.event,
            expected=f"{expected} people",
            found=f"{crossing.people}",
            touches=crossing.event.iss,
        )
