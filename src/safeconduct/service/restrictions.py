"""Is the road open, for whom, since when, who says so: what the `restriction` records say (RECORD §7).

Rules, in the order of the code:
 1. What counts stands in the log, was not withdrawn or corrected, and is by a key that may sign it.
 2. A restriction is in force from its `from` to its `until`, if it has one.
 3. For one class, direction and stretch a speaker's newest word in force counts; a word about all classes, directions
    or the whole road is one about each. A word about the whole road also ends its speaker's older ones about a stretch.
 4. What nobody spoke of is *not recorded*: that is not *open*.
 5. Where one speaker says `open` and another does not, the record disagrees, and says who says what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.passage.events import Event
from safeconduct.core.passage.order import in_order
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.time import Bounds
from safeconduct.service.ports import Store
from safeconduct.service.version import keyring_at, may_sign

KIND = "restriction"
Status = Literal["closed", "restricted", "open", "disputed", "not-recorded"]
_WORST_FIRST = ("closed", "restricted", "open")


@dataclass(frozen=True, slots=True)
class Restriction:
    """One record; None means all classes, all directions, the whole road, no end, not said."""

    index: int
    leaf: str
    said_by: str
    state: str
    traffic_class: str | None
    direction: str | None
    where: tuple[str, str] | None
    since_s: int
    until_s: int | None
    ordered_by: str | None
    reason: str | None
    conditions: tuple[str, ...]

    @property
    def speaker(self) -> str:
        """The organisation or post whose word it is."""
        return self.said_by.partition("/")[0]

    def in_force(self, now: int) -> bool:
        """Rule 2."""
        return self.since_s <= now and (self.until_s is None or now < self.until_s)


@dataclass(frozen=True, slots=True)
class ClassStatus:
    """What the record says of one class of travellers."""

    traffic_class: str
    status: Status
    since_s: int | None
    decided_by: tuple[Restriction, ...]
    """The words in force that the status comes from, the worst first; empty where nothing is recorded."""


def restrictions_in(founding: Founding, store: Store, stop: int) -> tuple[Restriction, ...]:
    """Those among the first `stop` entries that count (1), the latest `from` first."""
    found = []
    for index, text in store.of_kinds({KIND, "withdrawal"}, stop):
        try:
            found.append((index, parse_entry(text)))
        except Malformed:
            continue
    if not any(entry.evt == KIND for _, entry in found):
        return ()
    ring = keyring_at(founding, store, stop)
    good = [_event(index, entry) for index, entry in found if may_sign(ring, index, entry)]
    standing = [_restriction(event) for event in in_order(good).standing if event.evt == KIND]
    return tuple(sorted(standing, key=lambda one: (one.since_s, one.index), reverse=True))


def _event(index: int, entry: Entry) -> Event:
    return Event(
        index=index,
        leaf=entry.leaf.hex(),
        kid=entry.kid,
        iss=entry.iss,
        seq=entry.seq,
        occurred=entry.iat if entry.at is None else entry.at.begin,
        bounds=Bounds(),
        evt=entry.evt,
        payload=entry.payload,
    )


def _restriction(event: Event) -> Restriction:
    claims = event.payload
    where = claims.get("where")
    return Restriction(
        index=event.index,
        leaf=event.leaf,
        said_by=event.iss,
        state=claims["state"],
        traffic_class=claims.get("class"),
        direction=claims.get("direction"),
        where=None if where is None else (where["from"], where["to"]),
        since_s=claims["from"],
        until_s=claims.get("until"),
        ordered_by=claims.get("ordered_by"),
        reason=claims.get("reason"),
        conditions=tuple(claims["conditions"]),
    )


def statuses(agreement: Agreement, said: Sequence[Restriction], now: int) -> tuple[ClassStatus, ...]:
    """One for each class of the agreement, in its order; `said` as `restrictions_in` gives it."""
    in_force = [one for one in said if one.in_force(now)]
    return tuple(_status(name, agreement, in_force) for name in agreement.classes)


def announced(said: Iterable[Restriction], now: int) -> tuple[Restriction, ...]:
    """Those that begin later, the next first."""
    return tuple(sorted((one for one in said if one.since_s > now), key=lambda one: one.since_s))


def _status(name: str, agreement: Agreement, in_force: Sequence[Restriction]) -> ClassStatus:
    about = [one for one in in_force if one.traffic_class in (None, name)]
    counting: dict[int, Restriction] = {}
    disputed = False
    for direction in tuple(agreement.directions) or (None,):
        here = [one for one in about if one.direction in (None, direction)]
        words = _last_words(here)
        counting |= {one.index: one for one in words}
        disputed = disputed or _disagree(words)
    if not counting:
        return ClassStatus(name, "not-recorded", None, ())  # 4
    ordered = sorted(counting.values(), key=lambda one: (_WORST_FIRST.index(one.state), one.since_s))
    worst = ordered[0]
    status: Status = "disputed" if disputed else _known(worst.state)
    deciding = ordered if disputed else [one for one in ordered if one.state == worst.state]
    return ClassStatus(name, status, worst.since_s, tuple(deciding))


def _known(state: str) -> Status:
    return "closed" if state == "closed" else "restricted" if state == "restricted" else "open"


def _last_words(here: Iterable[Restriction]) -> list[Restriction]:
    """Rule 3: of each speaker, for each stretch, the newest; nothing that is older than a word about all the road."""
    words: dict[tuple[str, tuple[str, str] | None], Restriction] = {}
    for one in here:  # the newest first
        if (one.speaker, None) not in words:
            words.setdefault((one.speaker, one.where), one)
    return list(words.values())


def _disagree(words: Sequence[Restriction]) -> bool:
    """Rule 5."""
    opened = {one.speaker for one in words if one.state == "open"}
    held = {one.speaker for one in words if one.state != "open"}
    return bool(opened) and bool(held - opened)
