"""A passage told record by record, for the tests of this room: times are minutes after noon of one day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.passage.events import Event
from safeconduct.core.passage.fold import PassageReport, fold
from safeconduct.core.passage.judgement import Rules
from safeconduct.core.passage.watch import Shift, Watch
from safeconduct.core.record.time import Bounds

NOON = 1_772_366_400
OBSERVED = frozenset({"arrival", "entered", "exited", "inspection", "seal", "turned-back"})

AGREEMENT = parse_agreement(
    """
title = "An invented corridor"
version = 1
vehicle_identifier = "plate"
text = { title = "Nobody signed it" }
posts = [
  { id = "north", name = "North gate", source = { from = "proposed" } },
  { id = "south", name = "South gate", source = { from = "proposed" } },
]
directions = [
  { name = "in", from_posts = ["north"], to_posts = ["south"], source = { from = "proposed" } },
  { name = "out", from_posts = ["south"], to_posts = ["north"], source = { from = "proposed" } },
]

[[signatories]]
seat = "mission"
name = "The mission"
role = "guarantor"
source = { from = "proposed" }

[[signatories]]
seat = "orva"
name = "Orva"
role = "party"
source = { from = "proposed" }

[[signatories]]
seat = "tessin"
name = "Tessin"
role = "party"
source = { from = "proposed" }

[consent]
needed = 1
of = ["mission"]
source = { from = "proposed" }

[[classes]]
name = "relief"
about = "Relief agencies"
pass_required = true
civilian = true
inspection = "all-traffic"
source = { from = "proposed" }

[[classes]]
name = "resident"
about = "Those who live there"
pass_required = false
civilian = true
inspection = "none"
source = { from = "proposed" }

[goods]
default = "allow"
source = { from = "proposed" }

[[goods.rules]]
id = "arms"
verdict = "deny"
codes = ["93"]
source = { from = "proposed" }

[[goods.rules]]
id = "fuel"
verdict = "condition"
codes = ["2710"]
source = { from = "proposed" }

[limits]
offline_limit = { value = "2 h", source = { from = "proposed" } }
countersign_limit = { value = "1 h", source = { from = "proposed" } }
transit_limit = { value = "3 h", source = { from = "proposed" } }
return_limit = { value = "10 h", source = { from = "proposed" } }
notice = { value = "1 h", source = { from = "proposed" } }

[powers]
source = { from = "proposed" }

[countersign]
inspection = ["mission", "orva", "tessin"]
source = { from = "proposed" }
"""
)


def limits(**seconds: int | None) -> Agreement:
    """The agreement with other limits."""
    return replace(AGREEMENT, limits=replace(AGREEMENT.limits, **seconds))


def shift(post: str, **told: Any) -> Shift:
    """A shift of a whole day that has handed in everything."""
    plain: dict[str, Any] = {
        "kid": f"{post}-key",
        "kinds": OBSERVED,
        "present": frozenset(),
        "start": NOON - 86_400,
        "end": None,
        "whole_until": NOON + 86_400,
        "overdue": False,
    }
    return Shift(post=post, **{**plain, **told})


BOTH = (shift("north"), shift("south"))


@dataclass
class Passage:
    """One passage. Each record has bounds of a minute around its time, unless `bounds` says otherwise."""

    agreement: Agreement = AGREEMENT
    now: int | None = 1440
    shifts: Iterable[Shift] = BOTH
    source_kinds: frozenset[str] | None = None
    void: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)

    def tell(self, evt: str, minute: int, by: str, **claims: Any) -> Event:
        """One more record, by one key for each `iss`."""
        index = len(self.events)
        bounds = claims.pop("bounds", (minute - 1, minute + 1))
        kid = claims.pop("kid", f"{by.partition('/')[0]}-key")
        seq = claims.pop("seq", index)
        payload = {name.rstrip("_").replace("class_", "class"): value for name, value in claims.items()}
        after, before = (None if bound is None else NOON + 60 * bound for bound in bounds)
        event = Event(
            index,
            hashlib.sha256(f"{index}".encode()).hexdigest(),
            kid,
            by,
            seq,
            NOON + 60 * minute,
            Bounds(after, before),
            evt,
            {"evt": evt, "agr": 1, "iat": NOON + 60 * minute, **payload},
        )
        self.events.append(event)
        return event

    def declare(self, minute: int = 0, *, hs: Iterable[str] = ("1101",), **claims: Any) -> Event:
        lines = [{"hs": code, "quantity": 20, "unit": "TNE"} for code in hs]
        plain = {"direction": "in", "class_": "relief", "trip": "one-way", "lines": lines}
        return self.tell("declaration", minute, "agency/declarant", **{**plain, **claims})

    def grant(self, declaration: Event, minute: int = 10, **claims: Any) -> Event:
        plain = {
            "declaration": declaration.leaf,
            "valid_from": NOON,
            "valid_until": NOON + 3600 * 4,
            "conditions": [],
            "refused": [],
        }
        return self.tell("pass", minute, "mission/officer", **{**plain, **claims})

    def revoke(self, granted: Event, minute: int, **claims: Any) -> Event:
        plain = {"pass_": granted.leaf, "reason": "closed"}
        return self.tell("pass-revocation", minute, "mission/officer", **{**plain, **claims})

    def _cross(
        self, evt: str, minute: int, post: str, granted: Event | None, claims: dict[str, Any]
    ) -> Event:
        shown = {} if granted is None else {"pass_": granted.leaf}
        return self.tell(evt, minute, f"{post}/post", **{"post": post, "direction": "in", **shown, **claims})

    def arrive(self, minute: int, granted: Event | None = None, *, at: str = "north", **claims: Any) -> Event:
        return self._cross("arrival", minute, at, granted, {"class_": "relief", **claims})

    def enter(self, minute: int, granted: Event | None = None, *, at: str = "north", **claims: Any) -> Event:
        return self._cross("entered", minute, at, granted, claims)

    def exit(self, minute: int, granted: Event | None = None, *, at: str = "south", **claims: Any) -> Event:
        return self._cross("exited", minute, at, granted, claims)

    def turn_back(self, minute: int, *, at: str = "north", **claims: Any) -> Event:
        return self.tell("turned-back", minute, f"{at}/post", post=at, reason="no-pass", **claims)

    def inspect(self, minute: int, results: dict[int, str] | None = None, **claims: Any) -> Event:
        if results is not None:
            claims["lines"] = [{"line": line, "result": result} for line, result in results.items()]
        plain = {"post": "north", "depth": "full", "cause": "all-traffic"}
        return self.tell("inspection", minute, "north/post", **{**plain, **claims})

    def seal(self, minute: int, act: str, tag: str | None, *, at: str = "north", **claims: Any) -> Event:
        if tag is not None:
            claims["seal_tag"] = tag
        plain = {"post": at, "act": act, "condition": "intact"}
        return self.tell("seal", minute, f"{at}/post", **{**plain, **claims})

    def countersign(self, of: Event, minute: int, seat: str, verdict: str = "agrees", **claims: Any) -> Event:
        return self.tell("countersign", minute, f"{seat}/liaison", of=of.leaf, verdict=verdict, **claims)

    def withdraw(self, of: Event, minute: int, **claims: Any) -> Event:
        return self.tell("withdrawal", minute, of.iss, withdraws=of.leaf, **claims)

    def cleared(self, **claims: Any) -> Event:
        """A declaration and its pass."""
        return self.grant(self.declare(**claims))

    @property
    def rules(self) -> Rules:
        now = None if self.now is None else NOON + 60 * self.now
        watch = Watch.of(self.shifts, source_kinds=self.source_kinds)
        return Rules(lambda _: self.agreement, now, watch, self.void)

    def report(self) -> PassageReport:
        return fold(self.events, self.rules)

    def found(self) -> list[str]:
        """The rules found broken; a provisional finding has a question mark."""
        return [each.rule + "?" * each.provisional for each in self.report().findings]

    def open(self) -> list[tuple[str, str]]:
        return [(each.why.value, each.rule) for each in self.report().open]
