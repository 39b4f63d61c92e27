"""What the rules say of a passage: findings, what stays open and why, and what was not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from enum import Enum

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.passage.events import Event
from safeconduct.core.passage.rules import ASSUMPTION_OF
from safeconduct.core.passage.watch import Watch
from safeconduct.core.record.finding import Finding


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a judgement needs from outside the passage."""

    agreement_of: Callable[[int], Agreement]
    """The agreement of this version; answers for every version that a record names."""
    now: int | None
    """The time of the newest dated head; None: no head is dated, no limit passes."""
    watch: Watch
    void: Container[str] = frozenset()
    """Leaves that the rules on keys do not accept: unknown or revoked key, no power. Told, never counted."""


class Why(Enum):
    """Why something is open and no finding."""

    ON_THE_ROAD = "on the road"
    AWAITING_INSPECTION = "awaiting inspection"
    AWAITING_COUNTERSIGN = "awaiting countersign"
    AWAITING_RETURN = "awaiting return"
    SIGNED_BY_FEWER = "signed by fewer"
    SEAL_NOT_READ = "seal not read at exit"
    ORDER_UNDECIDABLE = "order undecidable"
    UNDECIDABLE = "undecidable"
    NOT_WATCHED = "not watched"
    UNKNOWN = "unknown"
    NOT_CHECKABLE = "not checkable here"
    NOT_HANDED_IN = "not handed in yet"


@dataclass(frozen=True, slots=True)
class OpenState:
    """One thing that the record does not settle. `lines`: how many declared lines it is about."""

    why: Why
    rule: str
    entries: tuple[int, ...]
    says: str
    lines: int = 0


@dataclass(slots=True)
class Judgement:
    """Collects what the rules say."""

    rules: Rules
    findings: list[Finding] = field(default_factory=list)
    open: list[OpenState] = field(default_factory=list)
    not_judged: Counter[str] = field(default_factory=Counter)

    def find(
        self, rule: str, *events: Event, expected: str, found: str, touches: str, provisional: bool = False
    ) -> None:
        """Rule `rule` does not hold; `events` show it, the one that completes it last."""
        entries = tuple(event.index for event in events)
        evidence = tuple(event.leaf for event in events)
        assumption = ASSUMPTION_OF[rule]
        self.findings.append(
            Finding(rule, entries, expected, found, evidence, touches, assumption, provisional)
        )

    def leave_open(self, why: Why, rule: str, *events: Event, says: str, lines: int = 0) -> None:
        """Rule `rule` cannot say yes or no, or not yet."""
        self.open.append(OpenState(why, rule, tuple(event.index for event in events), says, lines))
