"""Voyages of the past as the records that a replay writes: what the source says, and nothing else.

Rules, in the order of the code:
 1. One declaration for each voyage, with a line for each source row. When it was made is not told: between
    the day on which the corridor opened and the end of the day of departure.
 2. The departure is `entered` at the port's post, some time on that day.
 3. The joint inspection is `inspection`, some time on that day, depth and cause not recorded. Who
    countersigned is not in the source: nothing is written. Not inspected yet: nothing is written.
 4. What the source tells of a post, its watch lists: at a port `declaration` and `entered`, where inspected
    `inspection`; from the first day told to the end of the last. Nobody is named as present.
 5. A heading that the source's word leaves open is `none`. The source's row stands in each line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.service.replay_source import ReplaySource
from safeconduct.service.voyages import Cargo, Voyage

DAY_S = 86_400
TONNES = "TNE"
"""UN/ECE Recommendation 20."""

Span = Mapping[str, int]
Line = tuple[Mapping[str, Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """One record to be signed: by whom, of which kind, on which voyage, what it says, when that happened."""

    iss: str
    evt: str
    voyage: int
    at: Span
    clear: Mapping[str, Any]
    lines: Sequence[Line] | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """One post's watch over all that the source tells of; `tells`: the kind that it signs itself."""

    iss: str
    post: str
    tells: str
    kinds: tuple[str, ...]
    starts: Span
    ends: Span


def post_issuer(post: str) -> str:
    """Who signs for a post."""
    return f"{post}/post"


def shifts(voyages: Sequence[Voyage], source: ReplaySource) -> tuple[Shift, ...]:
    """The watches, the posts in the order of their names (4)."""
    starts = _day(min(voyage.departed_s for voyage in voyages))
    ends = _day(told_until_s(voyages))
    ports = {voyage.port: ("entered", ("declaration", "entered")) for voyage in voyages}
    posts = {**ports, source.inspected_at: ("inspection", ("inspection",))}
    return tuple(Shift(post_issuer(post), post, *posts[post], starts, ends) for post in sorted(posts))


def told_until_s(voyages: Sequence[Voyage]) -> int:
    """The start of the last day that the source tells of."""
    return max(max(voyage.departed_s, voyage.inspected_s or 0) for voyage in voyages)


def records_of(voyage: Voyage, source: ReplaySource, agreement: Agreement) -> Iterator[Told]:
    """The records of one voyage, in the order in which they happened."""
    entered_at = _day(voyage.departed_s)
    told = {"from": source.opened_s, "until": entered_at["until"]}
    clear: dict[str, Any] = {
        "class": source.traffic_class,
        "direction": source.direction,
        "imo": voyage.imo,
        "source_voyage": voyage.number,
        "trip": "one-way",
    }
    locode = agreement.posts[voyage.port].locode
    if locode is not None:
        clear["departs_from"] = locode
    lines = tuple(map(_line, voyage.cargo))
    yield Told(source.declarant, "declaration", voyage.number, told, clear, lines)  # 1
    where = {"direction": source.direction, "post": voyage.port}
    yield Told(post_issuer(voyage.port), "entered", voyage.number, entered_at, where)  # 2
    if voyage.inspected_s is not None:  # 3
        how = {"cause": "not-recorded", "depth": "not-recorded", "post": source.inspected_at}
        inspector = post_issuer(source.inspected_at)
        yield Told(inspector, "inspection", voyage.number, _day(voyage.inspected_s), how)


def _line(cargo: Cargo) -> Line:
    clear = {
        "hs": cargo.heading or "none",  # 5
        "quantity": cargo.tonnes,
        "source_row": cargo.row,
        "to": cargo.destination,
        "unit": TONNES,
    }
    return clear, {"description": cargo.commodity, "vehicle_name": cargo.ship}


def _day(start_s: int) -> Span:
    """A day known only as a day: its first second to its last."""
    return {"from": start_s, "until": start_s + DAY_S - 1}
