"""Fold the records of one passage into its state, and judge it (DESIGN §7).

The order in which records arrived, and in which they stand in the log, plays no part: under the same
heads the same records give the same report. A record by a key that may not sign it is told and never
counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from safeconduct.core.passage.cargo import judge_codes, judge_manifest, judge_people
from safeconduct.core.passage.clearance import judge_passes
from safeconduct.core.passage.countersigning import judge_countersigns
from safeconduct.core.passage.events import Event
from safeconduct.core.passage.judgement import Judgement, OpenState, Rules, Why
from safeconduct.core.passage.order import in_order
from safeconduct.core.passage.pairing import TripEnd, judge_pairs, trip_end
from safeconduct.core.passage.rules import NEEDS
from safeconduct.core.passage.seals import judge_seals
from safeconduct.core.passage.state import PassageState, evolve
from safeconduct.core.passage.vehicle import judge_imo, judge_vehicle
from safeconduct.core.passage.watch import Shift, Watch
from safeconduct.core.record.finding import Finding

__all__ = ["OpenState", "PassageReport", "Rules", "Shift", "TripEnd", "Watch", "Why", "fold"]


@dataclass(frozen=True, slots=True)
class PassageReport:
    """What one passage's records say."""

    state: PassageState
    findings: tuple[Finding, ...]
    open: tuple[OpenState, ...]
    not_judged: Counter[str]
    trip: TripEnd | None
    """For `pair_trips`, where this passage is half of a trip."""


_JUDGES: tuple[Callable[[PassageState, Judgement], None], ...] = (
    judge_passes,
    judge_vehicle,
    judge_imo,
    judge_codes,
    judge_manifest,
    judge_people,
    judge_seals,
    judge_pairs,
    judge_countersigns,
)


def fold(events: Iterable[Event], rules: Rules) -> PassageReport:
    """The report on one passage."""
    state = evolve(in_order(events, void=rules.void))
    judgement = Judgement(rules)
    for judge in _JUDGES:
        judge(state, judgement)
    unobserved = _unobserved(rules.watch)
    if not unobserved:
        found, left_open = judgement.findings, judgement.open
    else:
        found = [finding for finding in judgement.findings if finding.rule not in unobserved]
        left_open = [each for each in judgement.open if each.rule not in unobserved]
        judgement.not_judged |= Counter(unobserved)
    return PassageReport(state, tuple(sorted(found)), tuple(left_open), judgement.not_judged, trip_end(state))


def _unobserved(watch: Watch) -> frozenset[str]:
    """The rules on kinds that a replay's source does not observe."""
    if watch.source_kinds is None:
        return frozenset()
    return frozenset(rule for rule, kind in NEEDS.items() if not watch.judges(kind))
