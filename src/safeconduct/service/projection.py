"""What a page needs of each passage without folding it again: a row, and what it takes to know when it is out of date.

Rules:
 1. A row is what `core/passage/fold` makes of the records of one passage, under the heads of the log so far.
    A passage of records that do not count has none.
 2. Only these can change a row: its records, their occurrences and bounds; the agreement and which kinds are observed;
    Now, while it waits for something, until the longest limit has passed since its last record; a watch within that
    reach, and how far its post has handed in only where a rule leaned on that. A rule that asks Now or a watch leaves
    a finding or an open state, whatever the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.passage.events import Event, happening
from safeconduct.core.passage.fold import PassageReport, Rules, Why, fold
from safeconduct.core.passage.state import PassageState

NEVER = 2**62
"""Later than every time: of a record that no dated head covers yet."""
_SETTLED = frozenset(
    (
        Why.AWAITING_INSPECTION,
        Why.NOT_CHECKABLE,
        Why.NOT_WATCHED,
        Why.ORDER_UNDECIDABLE,
        Why.SEAL_NOT_READ,
        Why.SIGNED_BY_FEWER,
        Why.UNKNOWN,
    )
)
"""What stays open however long one waits."""
LIMITS = ("offline_limit_s", "countersign_limit_s", "transit_limit_s", "return_limit_s")


@dataclass(frozen=True, slots=True)
class Row:
    """One passage. `since` and `until`: between these times a watch, and up to `until` Now, can change it."""

    psg: str
    phase: str
    first: int
    last: int
    traffic_class: str
    direction: str
    posts: tuple[str, ...]
    rules: tuple[str, ...]
    """Of its findings, each as often as it is broken."""
    open: tuple[tuple[str, str], ...]
    """What is left open: why, and by which rule."""
    since: int
    until: int
    waits: bool
    """Whether Now alone can change it."""
    leans: int
    """0: on no watch; 1: on who was present; 2: on how far posts have handed in, too."""


def row_of(psg: str, events: Sequence[Event], rules: Rules, reach_s: int) -> Row | None:
    """Rules 1 and 2."""
    if all(event.leaf in rules.void for event in events):
        return None
    report = fold(events, rules)
    traffic_class, direction = _movement(report.state)
    times = [event.occurred for event in events]
    indices = [event.index for event in events]
    return Row(
        psg=psg,
        phase=report.state.phase.value,
        first=min(indices),
        last=max(indices),
        traffic_class=traffic_class,
        direction=direction,
        posts=tuple(dict.fromkeys(_posts(report.state))),
        rules=tuple(finding.rule for finding in report.findings),
        open=_open(report),
        since=min(times) - reach_s,
        until=min(max(_latest(event) for event in events) + reach_s, NEVER),
        waits=_waits(report),
        leans=_leans(report),
    )


def _leans(report: PassageReport) -> int:
    if report.findings or any(state.why is not Why.SIGNED_BY_FEWER for state in report.open):
        return 2
    return 1 if report.open else 0


def _waits(report: PassageReport) -> bool:
    return any(finding.provisional for finding in report.findings) or any(
        state.why not in _SETTLED for state in report.open
    )


def _open(report: PassageReport) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((state.why.value, state.rule) for state in report.open))


def _movement(state: PassageState) -> tuple[str, str]:
    """Its class and direction: as declared, else as the posts saw it; empty where nobody says."""
    if state.declaration is not None:
        return state.declaration.traffic_class, state.declaration.direction
    seen = next((one.traffic_class for one in reversed(state.arrivals)), "")
    return seen, next((one.direction for one in state.crossings), "")


def _posts(state: PassageState) -> Iterator[str]:
    for event in state.history.standing:
        post = getattr(happening(event), "post", None)
        if post:
            yield post


def _latest(event: Event) -> int:
    return NEVER if event.bounds.before is None else max(event.bounds.before, event.occurred)


def reach_of(agreements: Iterable[Agreement]) -> int:
    """The longest limit that any version sets, in seconds."""
    limits = (getattr(one.limits, name) for one in agreements for name in LIMITS)
    return max((limit for limit in limits if limit is not None), default=0)
