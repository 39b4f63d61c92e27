"""What the stored fold keeps of each record of the log, and when it occurred.

Rules, in the order of the code:
 1. A record counts if the keyring accepts its key, and if what it corrects or withdraws is its holder's own.
 2. One that says no passage belongs to that of the first record it names which has one.
 3. Its occurrence is its device time within its bounds, not before that of the record before it under its key
    (RECORD §5). What it names raises it within its passage, as the fold does.
The log's own head records are believed here, and a `seen` where there is such a record. An audit checks both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.passage.events import Event
from safeconduct.core.record.entry import Entry, verify_entry
from safeconduct.core.record.time import HeadTimes, occurrence


@dataclass(frozen=True, slots=True)
class Fact:
    """A record of the log as its occurrence needs it. `psg`: its own, or that of what it names; empty: none."""

    number: int
    leaf: str
    psg: str
    kid: str
    iss: str
    seq: int
    kind: str
    agr: int
    iat: int
    at: int | None
    """What it claims apart from its device's time."""
    seen: int | None
    """The size of the head that its signer saw."""
    names: tuple[str, ...]
    """Leaves of the records whose passage is its own, if it says none; the first that has one counts."""
    owns: tuple[str, ...]
    """Leaves of the records that only their own holder may correct or withdraw."""
    signed: bool = False
    accepted: bool = False
    """Whether the rules on keys accept it."""
    void: bool = True
    """No evidence: told, and not counted."""
    occurred: int = 0


def fact_of(number: int, entry: Entry, seen: int | None) -> Fact:
    """A record that nothing is known of yet but what it says. `seen`: the size of the head, if it is one of the log."""
    payload = entry.payload
    named = [payload[claim] for claim in ("of", "corrects", "withdraws", "leaf") if claim in payload]
    owns = [payload[claim] for claim in ("corrects", "withdraws") if claim in payload]
    if entry.evt == "correction" and "admits" not in payload:
        owns.append(payload["of"])
    return Fact(
        number=number,
        leaf=entry.leaf.hex(),
        psg=entry.psg or "",
        kid=entry.kid,
        iss=entry.iss,
        seq=entry.seq,
        kind=entry.evt,
        agr=entry.agr,
        iat=entry.iat,
        at=None if entry.at is None else entry.at.begin,
        seen=seen,
        names=() if entry.psg else tuple(named),
        owns=tuple(dict.fromkeys(owns)),
    )


def judged(fact: Fact, entry: Entry, ring: Keyring) -> Fact:
    """The same with what the keyring says of its signature, as the auditor asks it."""
    enrolment = ring.keys.get(fact.kid)
    founded = fact.number == 0 and entry.cor is None
    signed = (
        enrolment is not None
        and (founded or entry.cor == ring.founding.cor)
        and verify_entry(entry, enrolment.public_key)
    )
    broken = ring.broken_by(entry, fact.number, seen=None) if signed else ("record.signature",)
    accepted = signed and ring.agreement_of(entry.agr) is not None
    return replace(
        fact, signed=signed, accepted=accepted and not any(rule.startswith("key.") for rule in broken)
    )


def linked(fact: Fact, target: Callable[[str], Fact | None]) -> Fact:
    """The same with its passage, and whether it counts, by the records that it names; `target` finds them by leaf."""
    passages = (found.psg for leaf in fact.names if (found := target(leaf)) is not None)
    strangers = (
        found for leaf in fact.owns if (found := target(leaf)) and (not found.signed or found.iss != fact.iss)
    )
    psg = next(filter(None, passages), "") if fact.names else fact.psg
    return replace(fact, psg=psg, void=not fact.accepted or any(strangers))


def event_of(fact: Fact, heads: HeadTimes, payload: Mapping[str, Any]) -> Event:
    """The record with what the log adds to it."""
    return Event(
        index=fact.number,
        leaf=fact.leaf,
        kid=fact.kid,
        iss=fact.iss,
        seq=fact.seq,
        occurred=fact.occurred,
        bounds=heads.bounds(fact.number, fact.seen if fact.at is None else None),
        evt=fact.kind,
        payload=payload,
    )


def occurrences(
    records: Iterable[Fact], heads: HeadTimes, earlier: Fact | None
) -> Iterator[tuple[Fact, int]]:
    """Rule 3, for all records of one key after `earlier`: of two with one number the first in the log counts."""
    latest = None if earlier is None else earlier.occurred
    number = None if earlier is None else earlier.seq
    for fact in sorted(records, key=lambda one: (one.seq, one.number)):
        in_turn = fact.signed and fact.at is None and fact.seq != number
        bounds = heads.bounds(fact.number, fact.seen if fact.at is None else None)
        occurred = occurrence(fact.iat, bounds, at=fact.at, key_maximum=latest if in_turn else None)
        if in_turn:
            latest, number = occurred, fact.seq
        yield fact, occurred
