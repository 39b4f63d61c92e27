"""What the parties agreed, as values; `parse.py` reads them from `agreement.toml` (docs/spec/agreement.md).

Rules:
 1. What the text leaves open is None or empty, and `unset()` names it: nothing here has a silent default.
 2. A limit that is unset never passes.
 3. Every rule says where it comes from: the signed text, the guarantor's practice, or a proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from safeconduct.core.agreement.goods import GoodsRules
from safeconduct.core.agreement.source import Source

SeatRole = Literal["guarantor", "party", "observer"]
Silence = Literal["agreed", "refused", "none"]
Tier = Literal["public", "parties", "guarantor", "sealed"]
InspectionRule = Literal["all-traffic", "drawn", "suspicion", "none"]
VehicleIdentifier = Literal["plate", "imo"]

ROLES: Mapping[str, str] = {
    "root": "a signatory itself: its highest key",
    "officer": "grants and refuses, enrols keys",
    "liaison": "stands for a signatory where something happens",
    "post": "a control point and its devices",
    "declarant": "asks to pass",
    "instrument": "a sensor's gateway",
    "service": "the log's operator",
}
"""The second half of an `iss`. `any` in [powers] stands for all of them."""


@dataclass(frozen=True, slots=True)
class Text:
    """The signed text that this file puts into data."""

    title: str
    day: int | None
    published: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Signatory:
    """One seat at the table; it may stay empty."""

    seat: str
    name: str
    role: SeatRole
    source: Source


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """How many of which seats must sign before a version, or a lost root's successor, is in force."""

    needed: int
    of: tuple[str, ...]
    source: Source

    def met_by(self, seats: Iterable[str]) -> bool:
        """Whether these seats are enough."""
        return len(set(seats).intersection(self.of)) >= self.needed

    def missing(self, seats: Iterable[str]) -> tuple[str, ...]:
        """The seats whose consent would still help, in the order of the rule; empty once the rule is met."""
        given = set(seats)
        return () if self.met_by(given) else tuple(seat for seat in self.of if seat not in given)


@dataclass(frozen=True, slots=True)
class Post:
    """A named control point."""

    id: str
    name: str
    chainage_m: int | None
    locode: str | None
    ends: Literal["start", "end"] | None
    source: Source


@dataclass(frozen=True, slots=True)
class Direction:
    """A way through the corridor: goes in at one of `from_posts`, comes out at one of `to_posts`."""

    name: str
    from_posts: tuple[str, ...]
    to_posts: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class TrafficClass:
    """A kind of traveller that the rules treat alike. `inspection` None: the text does not say."""

    name: str
    about: str
    pass_required: bool
    civilian: bool
    inspection: InspectionRule | None
    source: Source


@dataclass(frozen=True, slots=True)
class Limits:
    """All in seconds; None is unset, and never passes (rule 2)."""

    offline_limit_s: int | None = None
    countersign_limit_s: int | None = None
    clock_tolerance_s: int | None = None
    publication_delay_s: int | None = None
    transit_limit_s: int | None = None
    return_limit_s: int | None = None
    notice_s: int | None = None


LIMITS: Mapping[str, str] = {
    "offline_limit": "how long a device may hold what it signed before handing it in",
    "countersign_limit": "how long those present have to countersign",
    "clock_tolerance": "how far a device's clock may stand outside the bounds",
    "publication_delay": "how old a head must be before the public sees it",
    "transit_limit": "how long one passage may take from entry to exit",
    "return_limit": "how long a round trip may take from entry to the return",
    "notice": "how long before a movement it must be declared",
}
"""The keys of [limits], each the field `<key>_s` of `Limits`."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A duty with an end: `within_s` of its cause, daily `at` (seconds of the day), or `by_day` (POSIX)."""

    id: str
    about: str
    who: tuple[str, ...]
    within_s: int | None
    at: int | None
    zone: str | None
    by_day: int | None
    silence: Silence | None
    source: Source


@dataclass(frozen=True, slots=True)
class Undertaking:
    """Something that signatories bind themselves to, in a sentence; no rule computes it."""

    id: str
    who: tuple[str, ...]
    says: str
    source: Source


@dataclass(frozen=True, slots=True)
class Ground:
    """What the text says of the road itself."""

    width_m: int | None
    controlled_by: str | None
    hours: str | None
    zone: str | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of the agreement."""

    version: int
    title: str
    text: Text
    starts_day: int | None
    ends_day: int | None
    ground: Ground
    vehicle_identifier: VehicleIdentifier
    signatories: tuple[Signatory, ...]
    consent: ConsentRule
    powers: Mapping[str, frozenset[str]]
    posts: Mapping[str, Post]
    directions: Mapping[str, Direction]
    classes: Mapping[str, TrafficClass]
    goods: GoodsRules | None
    limits: Limits
    deadlines: tuple[Deadline, ...]
    countersign: Mapping[str, frozenset[str]]
    tiers: Mapping[str, Tier]
    look_alikes: Mapping[str, str]
    undertakings: tuple[Undertaking, ...]
    sources: Mapping[str, Source]
    """Of each limit (`limits.notice`) and of the tables powers, countersign, tiers, look_alikes."""

    @property
    def seats(self) -> tuple[str, ...]:
        """All seats, in the order of the file."""
        return tuple(signatory.seat for signatory in self.signatories)

    @property
    def guarantor(self) -> str:
        """The guarantor's seat; there is exactly one."""
        return next(one.seat for one in self.signatories if one.role == "guarantor")

    def may_sign(self, iss: str, kind: str) -> bool:
        """Whether [powers] lets the issuer sign this kind: by role, by its full `iss`, or as `any`."""
        allowed = self.powers.get(kind, frozenset())
        return not allowed.isdisjoint((iss, iss.rpartition("/")[2], "any"))

    def unset(self) -> tuple[str, ...]:
        """What the text leaves open, one sentence each (rule 1)."""
        return (*_open_tables(self), *_open_parts(self))


def _open_tables(agreement: Agreement) -> Iterable[str]:
    """Whole subjects that the file is silent about."""
    text, ground = agreement.text, agreement.ground
    if text.day is None:
        yield "text.day: the day it was signed"
    if text.sha256 is None:
        yield "text.sha256: no digest of a scan ties this file to the paper"
    if agreement.starts_day is None:
        yield "starts: from when it holds"
    if agreement.ends_day is None:
        yield "ends: until when it holds"
    if ground.width_m is None:
        yield "ground.width_m: how wide the corridor is"
    if ground.controlled_by is None:
        yield "ground.controlled_by: who controls the road"
    if ground.hours is None:
        yield "ground.hours: at which hours it is open"
    if not agreement.posts:
        yield "posts: where anything is observed or inspected; without a post nothing is on watch"
    if not agreement.directions:
        yield "directions: which ways lead through"
    if not agreement.classes:
        yield "classes: who may pass, who needs a pass"
    if agreement.goods is None:
        yield "goods: what may be carried; without a rule nothing is refused for its goods"
    if not agreement.countersign:
        yield "countersign: whose signature besides its author's makes a record complete"
    if not agreement.deadlines:
        yield "deadlines: who must answer by when, and what silence means"
    if not agreement.tiers:
        yield "tiers: who may read which private field; the format's own table holds meanwhile"
    if not agreement.look_alikes:
        yield "look_alikes: which letters of a plate count as the same"


def _open_parts(agreement: Agreement) -> Iterable[str]:
    """Open places inside what the file does say."""
    for field in fields(Limits):
        if getattr(agreement.limits, field.name) is None:
            name = field.name.removesuffix("_s")
            yield f"limits.{name}: {LIMITS[name]}; unset, it never passes"
    for post in agreement.posts.values():
        if post.chainage_m is None:
            yield f"posts {post.id}: where along the route it stands"
    for name, traffic in agreement.classes.items():
        if traffic.inspection is None:
            yield f"classes {name}: which of its vehicles are inspected"
    for deadline in agreement.deadlines:
        if deadline.silence is None:
            yield f"deadlines {deadline.id}: what silence means"
        if deadline.at is not None and deadline.zone is None:
            yield f"deadlines {deadline.id}: whose clock the hour is read on"
