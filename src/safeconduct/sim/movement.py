"""One passage in a simulated corridor, told step by step by those who sign it.

Every step takes the claims of its record's envelope as keywords (`iat=…`, `seen=…`; see `Hand.record`), and
`clear={…}` for claims of its kind that are to stand otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.tag import canonical_value, equality_tag
from safeconduct.service.ports import Chance
from safeconduct.sim.hand import Fields, Hand, Line, Written

Goods = tuple[str, int, str]
"""Heading, quantity, unit."""

FOOD: tuple[Goods, ...] = (("1101", 20_000, "KGM"),)

_DIRECTIONS = {"in": ("north-gate", "south-gate"), "out": ("south-gate", "north-gate")}


@dataclass(slots=True)
class Movement:
    """One movement under way, as those on the road know it."""

    hand_of: Callable[[str], Hand]
    chance: Chance
    cor: str
    psg: str
    plate: str = "KM 4711"
    people: int = 2
    direction: str = "in"
    traffic_class: str = "humanitarian"
    goods: Sequence[Goods] = ()
    trip: str = "one-way"
    look_alikes: Mapping[str, str] = field(default_factory=dict)
    declaration: Written | None = None
    granted: Written | None = None
    arrivals: int = 0

    @property
    def start(self) -> str:
        """The post where it goes in."""
        return _DIRECTIONS[self.direction][0]

    @property
    def end(self) -> str:
        """The post where it comes out."""
        return _DIRECTIONS[self.direction][1]

    def key(self, name: str) -> bytes:
        """The passage's key for the tags of one field."""
        return self.chance.bytes(f"tag/{self.psg}/{name}", 32)

    def tag(self, name: str, value: str) -> str:
        """The equality tag of a value."""
        return equality_tag(self.key(name), self.cor, name, canonical_value(value, self.look_alikes))

    def _printed_key(self, name: str) -> str:
        return print_base64url(self.key(name))

    def _sign(self, hand: str, evt: str, clear: Fields, private: Fields, told: dict[str, Any]) -> Written:
        """Sign one record of this passage; `clear` and `private` in `told` go before ours."""
        ours = {**clear, **told.pop("clear", {})}
        hidden = {**private, **told.pop("private", {})}
        psg = told.pop("passage", self.psg)
        clear = {name: value for name, value in ours.items() if value is not None}
        return self.hand_of(hand).record(evt, passage=psg, clear=clear, private=hidden, **told)

    def declare(self, *, by: str = "relief-one", **told: Any) -> Written:
        """Give notice; again, it corrects the notice before."""
        lines: list[Line] = [
            (
                {"hs": heading, "quantity": quantity, "unit": unit},
                {"description": f"goods of heading {heading}"},
            )
            for heading, quantity, unit in told.pop("goods", self.goods)
        ]
        told.setdefault("lines", lines)
        if self.declaration is not None:
            told.setdefault("corrects", self.declaration.leaf)
        clear = {
            "direction": self.direction,
            "class": self.traffic_class,
            "trip": self.trip,
            "plate_tag": self.tag("plate", self.plate),
            "people": self.people,
        }
        private = {
            "plate": self.plate,
            "plate_key": self._printed_key("plate"),
            "seal_key": self._printed_key("seal"),
            "driver": f"driver of {self.psg[:8]}",
        }
        self.declaration = self._sign(by, "declaration", clear, private, told)
        return self.declaration

    def acknowledge(self, *, by: str = "mission/officer", **told: Any) -> Written:
        """Say that the declaration has come."""
        return self._sign(by, "acknowledgement", {"of": self._declared().leaf}, {}, told)

    def grant(self, *, hours: int = 48, by: str = "mission/officer", **told: Any) -> Written:
        """Give the pass."""
        now = self.hand_of(by).clock.now()
        clear = {
            "declaration": self._declared().leaf,
            "valid_from": now,
            "valid_until": now + 3600 * hours,
            "conditions": [],
            "refused": [],
        }
        private = {"plate_key": self._printed_key("plate"), "seal_key": self._printed_key("seal")}
        self.granted = self._sign(by, "pass", clear, private, told)
        return self.granted

    def refuse(self, rule: str = "goods.default", *, by: str = "mission/officer", **told: Any) -> Written:
        """Give no pass, and say why."""
        clear = {"declaration": self._declared().leaf, "reasons": [{"rule": rule}]}
        return self._sign(by, "pass-refusal", clear, {}, told)

    def revoke(self, reason: str = "road-closed", *, by: str = "mission/officer", **told: Any) -> Written:
        """Take the pass back."""
        assert self.granted is not None, "there is no pass yet"
        return self._sign(by, "pass-revocation", {"pass": self.granted.leaf, "reason": reason}, {}, told)

    def _declared(self) -> Written:
        assert self.declaration is not None, "declare it first"
        return self.declaration

    def _crossing(
        self, kind: str, post: str, plate: str | None, people: int | None, told: dict[str, Any]
    ) -> Written:
        seen = self.plate if plate is None else plate
        clear: dict[str, Any] = {
            "post": post,
            "direction": told.pop("direction", self.direction),
            "people": self.people if people is None else people,
            "plate_tag": self.tag("plate", seen),
            "pass": None if self.granted is None else self.granted.leaf,
        }
        if kind == "arrival":
            clear["class"] = self.traffic_class
        private = {"plate": seen, "by": f"officer at {post}"}
        if self.declaration is None and kind == "arrival":
            private["plate_key"] = self._printed_key("plate")
        return self._sign(post, kind, clear, private, told)

    def arrive(
        self, post: str | None = None, *, plate: str | None = None, people: int | None = None, **told: Any
    ) -> Written:
        """Come to a post; `plate` and `people` as they were seen there."""
        return self._crossing("arrival", post or self.start, plate, people, told)

    def enter(
        self, post: str | None = None, *, plate: str | None = None, people: int | None = None, **told: Any
    ) -> Written:
        """Be let onto the road."""
        return self._crossing("entered", post or self.start, plate, people, told)

    def exit(
        self, post: str | None = None, *, plate: str | None = None, people: int | None = None, **told: Any
    ) -> Written:
        """Leave the road."""
        return self._crossing("exited", post or self.end, plate, people, told)

    def turn_back(self, post: str | None = None, reason: str = "no-pass", **told: Any) -> Written:
        """Be sent back."""
        post = post or self.start
        return self._sign(post, "turned-back", {"post": post, "reason": reason}, {}, told)

    def inspect(
        self,
        post: str | None = None,
        *,
        results: Mapping[int, str] | None = None,
        depth: str = "full",
        cause: str = "all-traffic",
        **told: Any,
    ) -> Written:
        """Be looked into. Each line matches unless `results` says otherwise by its number."""
        post = post or self.start
        found = dict.fromkeys(range(len(self.goods)), "match") if results is None else results
        if found:
            told.setdefault(
                "lines", [({"line": number, "result": result}, {}) for number, result in found.items()]
            )
        clear = {"post": post, "depth": depth, "cause": cause}
        return self._sign(post, "inspection", clear, {"by": f"officer at {post}"}, told)

    def _seal(self, act: str, number: str | None, post: str, condition: str, told: dict[str, Any]) -> Written:
        clear = {"post": post, "act": act, "condition": condition}
        private: dict[str, Any] = {"by": f"officer at {post}"}
        if number is not None:
            clear["seal_tag"] = self.tag("seal", number)
            private["seal"] = number
        return self._sign(post, "seal", clear, private, told)

    def affix_seal(self, number: str, *, at: str | None = None, **told: Any) -> Written:
        """Get a seal."""
        return self._seal("affixed", number, at or self.start, "intact", told)

    def find_seal(
        self, number: str | None, *, at: str | None = None, condition: str = "intact", **told: Any
    ) -> Written:
        """Show a seal; None where there is none to be read."""
        return self._seal("found", number, at or self.end, condition, told)

    def replace_seal(self, old: str, new: str, *, at: str | None = None, **told: Any) -> Written:
        """Have one seal taken off and another put on."""
        told["clear"] = {"replaced_tag": self.tag("seal", old), **told.get("clear", {})}
        return self._seal("replaced", new, at or self.start, "intact", told)

    def account(self, what: str, post: str | None = None, *, by: str = "relief-one", **told: Any) -> Written:
        """The declarant's own word."""
        return self._sign(by, "account", {"what": what, "post": post or self.start}, {}, told)

    def countersign(self, record: Written, *, by: str, verdict: str = "agrees", **told: Any) -> Written:
        """Somebody else who was there agrees, or refuses."""
        return self._sign(by, "countersign", {"of": record.leaf, "verdict": verdict}, {}, told)
