"""One passage as the public sees it: what was declared, and when it was seen where. Clear claims alone.

Rules:
 1. Of several records of one kind that stand, the one that happened first counts; of declarations the last.
 2. `by_day`: something of it is known as a day only; then its times are told as days.
 3. A passage waits for inspection once it arrived or went in, where the agreement has all of its class inspected,
    until it is inspected, comes out or is turned back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from safeconduct.core.agreement.agreement import TrafficClass
from safeconduct.core.passage.events import Arrived, Crossing, Event, Inspected, TurnedBack
from safeconduct.core.passage.order import in_order
from safeconduct.core.passage.state import PassageState, evolve

State = Literal[
    "opened",
    "declared",
    "refused",
    "cleared",
    "waiting",
    "arrived",
    "on-the-road",
    "inspected",
    "out",
    "turned-back",
]
STATES: tuple[State, ...] = (
    "waiting", "arrived", "on-the-road", "inspected", "out", "turned-back",
    "declared", "cleared", "refused", "opened",
)  # fmt: skip
"""In the order in which a list offers them: what needs somebody first."""

_DAY_S = 86_400
_Seen = TypeVar("_Seen", bound="Crossing | Inspected | TurnedBack")


@dataclass(frozen=True, slots=True)
class Goods:
    """One declared line."""

    heading: str
    quantity: int
    unit: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """When (POSIX seconds) and at which post."""

    when_s: int
    post: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage; what nobody recorded is None."""

    psg: str
    records: tuple[int, ...]
    """The numbers of its records, in the order of the log."""
    traffic_class: str | None
    direction: str | None
    imo: str | None
    people: int | None
    goods: tuple[Goods, ...]
    declared_s: int | None
    cleared: bool
    refused: bool
    arrived: Seen | None
    entered: Seen | None
    inspected: Seen | None
    exited: Seen | None
    turned_back: Seen | None
    by_day: bool

    @property
    def began(self) -> Seen | None:
        """From where and when it counts as on its way: arrived at a post, or let in."""
        return self.arrived or self.entered

    @property
    def last_s(self) -> int:
        """When it was last heard of, for a list."""
        seen = (self.exited, self.turned_back, self.inspected, self.entered, self.arrived)
        return max((one.when_s for one in seen if one is not None), default=self.declared_s or 0)

    def state(self, classes: Mapping[str, TrafficClass]) -> State:
        """The last that was seen of it (3)."""
        if self.exited is not None:
            return "out"
        if self.turned_back is not None:
            return "turned-back"
        if self.began is not None:
            return self._under_way(classes)
        if self.cleared:
            return "cleared"
        if self.refused:
            return "refused"
        return "opened" if self.declared_s is None else "declared"

    def _under_way(self, classes: Mapping[str, TrafficClass]) -> State:
        if self.inspected is None and must_be_inspected(self.traffic_class, classes):
            return "waiting"
        if self.entered is None:
            return "arrived" if self.inspected is None else "inspected"
        after = self.inspected is not None and self.inspected.when_s >= self.entered.when_s
        return "inspected" if after else "on-the-road"

    def wait_s(self) -> int | None:
        """From arriving or going in to being inspected, in seconds; in whole days where days are all that is told."""
        if self.began is None or self.inspected is None:
            return None
        return waited_s(self.began.when_s, self.inspected.when_s, by_day=self.by_day)


def waited_s(since_s: int, until_s: int, *, by_day: bool) -> int:
    """How long from one instant to the other (2)."""
    return (until_s // _DAY_S - since_s // _DAY_S) * _DAY_S if by_day else until_s - since_s


def must_be_inspected(traffic_class: str | None, classes: Mapping[str, TrafficClass]) -> bool:
    """Whether the agreement has every vehicle of this class inspected."""
    known = None if traffic_class is None else classes.get(traffic_class)
    return known is not None and known.inspection == "all-traffic"


def passage_of(psg: str, events: Iterable[Event]) -> Passage:
    """The passage that these records make up."""
    told = tuple(events)
    state = evolve(in_order(told))
    declared = state.declaration
    payload: Mapping[str, Any] = {} if declared is None else declared.event.payload
    return Passage(
        psg=psg,
        records=tuple(sorted(event.index for event in told)),
        traffic_class=declared.traffic_class if declared else _class_seen(state.arrivals),
        direction=declared.direction if declared else _direction_seen(state),
        imo=declared.imo if declared else None,
        people=payload.get("people"),
        goods=tuple(
            Goods(line["hs"], line["quantity"], line["unit"], line.get("to")) for line in _lines(payload)
        ),
        declared_s=None if declared is None else declared.event.occurred,
        cleared=bool(state.passes),
        refused=bool(state.refusals),
        arrived=_first(state.arrivals),
        entered=_first(state.entries),
        inspected=_first(state.inspections),
        exited=_first(state.exits),
        turned_back=_first(state.turned_back),
        by_day=any(map(_is_day, told)),
    )


def _lines(payload: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    lines: Sequence[Mapping[str, Any]] = payload.get("lines", ())
    return lines


def _first(seen: Sequence[_Seen]) -> Seen | None:  # 1
    first = min(seen, key=lambda one: one.event.occurred, default=None)
    return None if first is None else Seen(first.event.occurred, first.post)


def _class_seen(arrivals: Sequence[Arrived]) -> str | None:
    return arrivals[0].traffic_class if arrivals else None


def _direction_seen(state: PassageState) -> str | None:
    return next((crossing.direction for crossing in state.crossings), None)


def _is_day(event: Event) -> bool:  # 2
    at = event.payload.get("at")
    return isinstance(at, dict) and at["until"] - at["from"] >= _DAY_S - 1
