"""What the stories have in common: an ordinary journey, an ordinary evening, and what the auditor named."""

from __future__ import annotations

from typing import Any

from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report


def under_way(stage: Stage, **movement: Any) -> Movement:
    """Declared, cleared, inspected, sealed, and on the road for two hours."""
    passage = stage.declare(**movement)
    passage.grant()
    passage.arrive()
    passage.inspect()
    passage.affix_seal("S-1")
    passage.enter()
    stage.clock.advance(hours=2)
    return passage


def journey(stage: Stage, **movement: Any) -> Movement:
    """A whole one."""
    passage = under_way(stage, **movement)
    passage.find_seal("S-1")
    passage.exit()
    return passage


def evening(stage: Stage) -> None:
    """Both posts hand in and go home; two days go by, so that every limit of a day passes."""
    stage.close_watches()
    stage.pass_time(days=2)


def rules(report: Report) -> set[str]:
    """What the auditor named."""
    return set(report.rules)


def provisional(report: Report) -> dict[str, bool]:
    """Each finding's rule, and whether it may still be ended by what comes in."""
    return {finding.rule: finding.provisional for finding in report.findings}


def open_rules(report: Report) -> set[tuple[str, str]]:
    """What the auditor left open: rule, and why."""
    return {(state.rule, state.why.value) for state in report.open_states}
