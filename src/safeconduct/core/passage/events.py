"""The records of one passage, as the fold reads them (RECORD §2, §5).

An `Event` is a record with what the log adds to it: its place, the time that its occurrence has by the
heads, and the bounds of that time. A happening is what the event tells, typed by kind. The record's
schema is checked before (core/record): nothing is validated twice.

A claim that the kind does not have, or leaves out, is None. A kind that this version does not know is
`Other`: kept, told, not judged.

Nothing here is ever changed. It is not frozen, since some is made for every record, and freezing doubles what that
costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from safeconduct.core.record.time import Bounds


@dataclass(slots=True)
class Event:
    """One record of the passage. `occurred` is its occurrence as RECORD §5 derives it."""

    index: int
    leaf: str
    kid: str
    iss: str
    seq: int
    occurred: int
    bounds: Bounds
    evt: str
    payload: Mapping[str, Any]

    @property
    def claimed(self) -> bool:
        """Whether the time is told afterwards (`at`, from paper or a source): no bound from below."""
        return "at" in self.payload

    @property
    def seat(self) -> str:
        """The post or organisation that signs: of a signatory's keys, its seat."""
        return self.iss.partition("/")[0]

    @property
    def agreement(self) -> int:
        """The version of the agreement that the record is judged by."""
        version: int = self.payload["agr"]
        return version


@dataclass(slots=True)
class Line:
    """One declared line of goods; its number is its position, from 0."""

    number: int
    hs: str
    quantity: int
    unit: str


@dataclass(slots=True)
class Declared:
    """Advance notice of the movement; a new version corrects the one before."""

    event: Event
    direction: str
    traffic_class: str
    trip: str
    trip_tag: str | None
    imo: str | None
    plate_tag: str | None
    people: int | None
    notice_from: int | None
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Acknowledged:
    """The addressee has a record."""

    event: Event
    of: str


@dataclass(slots=True)
class PassGranted:
    """Clearance for one movement; both ends of the validity belong to it."""

    event: Event
    declaration: str
    valid_from: int
    valid_until: int
    refused: frozenset[int]


@dataclass(slots=True)
class PassRefused:
    """A declaration that got no pass."""

    event: Event
    declaration: str


@dataclass(slots=True)
class PassRevoked:
    """A pass that is taken back."""

    event: Event
    granted: str


@dataclass(slots=True)
class Accounted:
    """What the declarant says happened to it."""

    event: Event
    what: str
    post: str


@dataclass(slots=True)
class Crossing:
    """What arriving, entering and exiting have in common."""

    event: Event
    post: str
    direction: str
    granted: str | None
    people: int | None
    plate_tag: str | None


@dataclass(slots=True)
class Arrived(Crossing):
    """Came to a post."""

    traffic_class: str


@dataclass(slots=True)
class Entered(Crossing):
    """Was let onto the road."""


@dataclass(slots=True)
class Exited(Crossing):
    """Left the road."""


@dataclass(slots=True)
class TurnedBack:
    """Was sent back."""

    event: Event
    post: str
    reason: str


@dataclass(slots=True)
class Inspected:
    """What an inspection found; `results` is None where it says nothing about lines."""

    event: Event
    post: str
    results: tuple[tuple[int, str], ...] | None


@dataclass(slots=True)
class SealSeen:
    """A seal affixed, found, replaced or removed."""

    event: Event
    post: str
    act: str
    condition: str
    tag: str | None
    replaced_tag: str | None


@dataclass(slots=True)
class Countersigned:
    """Another who was present agrees, or refuses."""

    event: Event
    of: str
    verdict: str

    @property
    def seat(self) -> str:
        """Who countersigns."""
        return self.event.seat


@dataclass(slots=True)
class Other:
    """A record that changes nothing here."""

    event: Event


Happening = (
    Declared
    | Acknowledged
    | PassGranted
    | PassRefused
    | PassRevoked
    | Accounted
    | Arrived
    | Entered
    | Exited
    | TurnedBack
    | Inspected
    | SealSeen
    | Countersigned
    | Other
)


def happening(event: Event) -> Happening:
    """What `event` tells."""
    read = _READERS.get(event.evt)
    return read(event, event.payload) if read else Other(event)


def _declared(event: Event, claims: Mapping[str, Any]) -> Declared:
    notice = claims.get("notice")
    return Declared(
        event,
        claims["direction"],
        claims["class"],
        claims["trip"],
        claims.get("trip_tag"),
        claims.get("imo"),
        claims.get("plate_tag"),
        claims.get("people"),
        notice["from"] if notice else None,
        tuple(
            Line(number, line["hs"], line["quantity"], line["unit"])
            for number, line in enumerate(claims["lines"])
        ),
    )


def _crossing(claims: Mapping[str, Any]) -> tuple[str, str, str | None, int | None, str | None]:
    return (
        claims["post"],
        claims["direction"],
        claims.get("pass"),
        claims.get("people"),
        claims.get("plate_tag"),
    )


def _inspected(event: Event, claims: Mapping[str, Any]) -> Inspected:
    lines = claims.get("lines")
    results = None if lines is None else tuple((line["line"], line["result"]) for line in lines)
    return Inspected(event, claims["post"], results)


_READERS: Mapping[str, Callable[[Event, Mapping[str, Any]], Happening]] = {
    "declaration": _declared,
    "acknowledgement": lambda event, claims: Acknowledged(event, claims["of"]),
    "pass": lambda event, claims: PassGranted(
        event,
        claims["declaration"],
        claims["valid_from"],
        claims["valid_until"],
        frozenset(item["line"] for item in claims["refused"]),
    ),
    "pass-refusal": lambda event, claims: PassRefused(event, claims["declaration"]),
    "pass-revocation": lambda event, claims: PassRevoked(event, claims["pass"]),
    "account": lambda event, claims: Accounted(event, claims["what"], claims["post"]),
    "arrival": lambda event, claims: Arrived(event, *_crossing(claims), claims["class"]),
    "entered": lambda event, claims: Entered(event, *_crossing(claims)),
    "exited": lambda event, claims: Exited(event, *_crossing(claims)),
    "turned-back": lambda event, claims: TurnedBack(event, claims["post"], claims["reason"]),
    "inspection": _inspected,
    "seal": lambda event, claims: SealSeen(
        event,
        claims["post"],
        claims["act"],
        claims["condition"],
        claims.get("seal_tag"),
        claims.get("replaced_tag"),
    ),
    "countersign": lambda event, claims: Countersigned(event, claims["of"], claims["verdict"]),
}
