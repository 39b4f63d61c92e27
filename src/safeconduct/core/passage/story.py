"""The whole passage in order, in words, with who said it: for a human to read.

A line says when (and between which bounds, where heads prove any), who signed, what, and where the record
stands in the log. Records that were corrected, withdrawn or made by a key that may not are told like all
others, and marked. Private values stand in a line only where the caller hands them in.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from typing import Any

from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.passage.events import (
    Accounted,
    Acknowledged,
    Arrived,
    Countersigned,
    Crossing,
    Declared,
    Entered,
    Event,
    Exited,
    Inspected,
    Other,
    PassGranted,
    PassRefused,
    PassRevoked,
    SealSeen,
    TurnedBack,
    happening,
)
from safeconduct.core.passage.order import in_order

Revealed = Mapping[str | tuple[int, str], Any]
"""Private values of one record by field, or by line and field."""


def tell(
    events: Iterable[Event],
    *,
    revealed: Mapping[int, Revealed] | None = None,
    void: Container[str] = frozenset(),
) -> tuple[str, ...]:
    """One line for each record, in order. `revealed`: by log index; `void`: see `Rules`."""
    history = in_order(events, void=void)
    stands = {event.leaf for event in history.standing}
    index_of = {event.leaf: event.index for event in history.told}
    lines = []
    for event in history.told:
        private = _private((revealed or {}).get(event.index, {}))
        mark = _mark(event, stands=event.leaf in stands, counts=event.leaf not in void)
        what = _words(event, index_of)
        lines.append(f"{_when(event)}  {event.iss}: {what}{private}{mark}  [entry {event.index}]")
    return tuple(lines)


def _mark(event: Event, *, stands: bool, counts: bool) -> str:
    if not counts:
        return " (by a key that may not sign it: not counted)"
    return "" if stands or event.evt == "withdrawal" else " (no longer stands)"


def _when(event: Event) -> str:
    after, before = event.bounds.after, event.bounds.before
    proved = " and ".join(
        f"{word} {print_instant(bound)}"
        for word, bound in (("not before", after), ("not after", before))
        if bound is not None
    )
    notes = [proved] if proved else []
    if event.claimed:
        notes.insert(0, f"told afterwards, from {event.payload.get('via', 'source')}")
    return print_instant(event.occurred) + (f" ({'; '.join(notes)})" if notes else "")


def _words(event: Event, index_of: Mapping[str, int]) -> str:
    """What the record says, in a sentence."""

    def entry(leaf: str) -> str:
        return f"entry {index_of[leaf]}" if leaf in index_of else f"record {leaf[:16]}…"

    told = happening(event)
    match told:
        case Declared():
            words = _declared(told)
        case Acknowledged():
            words = f"has {entry(told.of)}"
        case PassGranted():
            span = f"from {print_instant(told.valid_from)} until {print_instant(told.valid_until)}"
            without = f", without line {_list(sorted(told.refused))}" if told.refused else ""
            words = f"grants a pass for {entry(told.declaration)}, valid {span}{without}"
        case PassRefused():
            rules = _list(reason["rule"] for reason in event.payload["reasons"])
            words = f"refuses a pass for {entry(told.declaration)}: {rules}"
        case PassRevoked():
            words = f"revokes the pass of {entry(told.granted)}: {event.payload['reason']}"
        case Accounted():
            words = f"says it {_ACCOUNTS[told.what]} at post {told.post}"
        case Arrived():
            words = f"saw it arrive, class {told.traffic_class}, {_crossing(told, entry(told.granted or ''))}"
        case Entered():
            words = f"let it in, {_crossing(told, entry(told.granted or ''))}"
        case Exited():
            words = f"saw it come out, {_crossing(told, entry(told.granted or ''))}"
        case TurnedBack():
            words = f"turned it back at post {told.post}: {told.reason}"
        case Inspected():
            words = _inspected(told)
        case SealSeen():
            words = f"seal {told.act} at post {told.post}, condition {told.condition}"
        case Countersigned():
            words = (
                f"{told.verdict} to countersign {entry(told.of)}"
                if told.verdict == "refuses"
                else (f"countersigns {entry(told.of)}")
            )
        case _:
            words = _other(told)
    for claim, word in (("corrects", "corrects"), ("withdraws", "of")):
        if claim in event.payload:
            words += f", {word} {entry(event.payload[claim])}"
    return words


def _other(told: Other) -> str:
    """A kind without a sentence of its own; the type sees to it that no other kind comes here."""
    return told.event.evt


_ACCOUNTS = {
    "arrived": "arrived",
    "waited": "waited",
    "searched": "was searched",
    "refused": "was refused",
    "left": "left",
}


def _declared(told: Declared) -> str:
    parts = [f"declares a movement, class {told.traffic_class}, direction {told.direction}, {told.trip}"]
    if told.imo is not None:
        parts.append(f"IMO {told.imo}")
    if told.people is not None:
        parts.append(f"{told.people} people")
    parts.extend(f"line {line.number}: {line.quantity} {line.unit} of HS {line.hs}" for line in told.lines)
    return "; ".join(parts)


def _crossing(told: Crossing, granted: str) -> str:
    under = f"under the pass of {granted}" if told.granted is not None else "no pass named"
    people = "" if told.people is None else f", {told.people} people"
    return f"post {told.post}, direction {told.direction}, {under}{people}"


def _inspected(told: Inspected) -> str:
    payload = told.event.payload
    words = f"inspected it at post {told.post}, depth {payload['depth']}, cause {payload['cause']}"
    if told.results is None:
        return f"{words}; nothing said of lines"
    return f"{words}; " + ", ".join(f"line {line}: {result}" for line, result in told.results)


def _list(items: Iterable[Any]) -> str:
    return ", ".join(map(str, items))


def _private(values: Revealed) -> str:
    """Revealed values, quoted as JSON so that no value can pass for our words."""
    named = {
        field if isinstance(field, str) else f"line {field[0]} {field[1]}": value
        for field, value in values.items()
    }
    if not named:
        return ""
    told = (f"{name} {_quoted(value)}" for name, value in sorted(named.items()))
    return " {" + "; ".join(told) + "}"


def _quoted(value: Any) -> str:
    """No control or direction mark of a value reaches the reader's terminal."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
