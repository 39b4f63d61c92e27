"""One order for the records of a passage, whatever the order in which they arrived (RECORD §5).

Rules:
 1. A record that corrects or withdraws another counts only against one of its own holder (`iss`). Of a
    record and all that correct or withdraw it, the last word stands: one that no other corrects; of
    several, the largest `seq` of one key, or the latest device time of several. Nothing is hidden: all
    are told. A record by a key that may not sign it is told only, and corrects nothing.
 2. A record occurred not before one whose leaf it names. A time told afterwards (`at`) stays as claimed.
 3. The order is by occurrence; then a named record before the one that names it; then by `(kid, seq)`.
 4. Two records of two keys are surely in order only if their bounds do not overlap, or if the later one
    names the earlier. Two of one key are in the order of its `seq`, unless a time is told afterwards.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from safeconduct.core.passage.events import Event
from safeconduct.core.record.kinds import KINDS

_CORRECTING = ("corrects", "withdraws")
_NAMING = {name: (*kind.references, *_CORRECTING) for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class History:
    """The passage's records in order: all of them, and those that stand."""

    told: tuple[Event, ...]
    standing: tuple[Event, ...]
    versions: tuple[Event, ...]
    """What stands and what it replaced, without what was withdrawn: a declaration binds until corrected."""


def in_order(events: Iterable[Event], *, void: Container[str] = frozenset()) -> History:
    """The history that these records make up. `void`: leaves that the rules on keys do not accept."""
    told = _sorted(events)
    counted = tuple(event for event in told if event.leaf not in void) if void else told
    if not any("corrects" in event.payload or "withdraws" in event.payload for event in counted):
        return History(told, counted, counted)
    last_words = _last_words(counted)
    kept = {leaf: word for leaf, word in last_words.items() if "withdraws" not in word.payload}
    return History(
        told,
        tuple(event for event in counted if kept.get(event.leaf) is event),
        tuple(event for event in counted if event.leaf in kept),
    )


def surely_before(first: Event, second: Event) -> bool:
    """Rule 4."""
    if first.claimed or second.claimed:
        return first.bounds.certainly_before(second.bounds)
    if first.kid == second.kid:
        return first.seq < second.seq
    return first.leaf in named_by(second) or first.bounds.certainly_before(second.bounds)


def named_by(event: Event) -> tuple[str, ...]:
    """The leaves that `event` names, its own key's `prev` excluded."""
    payload = event.payload
    named = []
    for claim in _NAMING.get(event.evt, _CORRECTING):
        value = payload.get(claim)
        if value:
            named.append(value["leaf"] if type(value) is dict else value)
    return tuple(named)


def _key(event: Event) -> tuple[int, str, int, str]:
    # The leaf decides between two records of a forked key, so that the order is total.
    return event.occurred, event.kid, event.seq, event.leaf


def _sorted(events: Iterable[Event]) -> tuple[Event, ...]:
    """Rules 2 and 3. Mostly the times already agree with the naming, and one sort is all."""
    ordered = sorted(events, key=_key)
    if len(ordered) > 1:
        place = {event.leaf: number for number, event in enumerate(ordered)}
        for number, event in enumerate(ordered):
            for leaf in named_by(event):
                if place.get(leaf, -1) > number and not event.claimed:
                    return _by_naming(ordered, place)
    return tuple(ordered)


def _by_naming(ordered: Sequence[Event], place: dict[str, int]) -> tuple[Event, ...]:
    """Rules 2 and 3 where a record's time lies before that of one it names: raised first.

    Leaves are hashes, so naming has no cycles; records in one (a broken hash) come last, unraised.
    """
    named = [
        () if event.claimed else tuple(place[leaf] for leaf in named_by(event) if leaf in place)
        for event in ordered
    ]
    waiting_for = [len(leaves) for leaves in named]
    naming: list[list[int]] = [[] for _ in ordered]
    for number, leaves in enumerate(named):
        for leaf in leaves:
            naming[leaf].append(number)
    ready = [(*_key(event), number) for number, event in enumerate(ordered) if not named[number]]
    heapq.heapify(ready)
    raised = list(ordered)
    out: list[Event] = []
    done: set[int] = set()
    while ready:
        *_, number = heapq.heappop(ready)
        event = raised[number]
        out.append(event)
        done.add(number)
        for later in naming[number]:
            if raised[later].occurred < event.occurred:
                raised[later] = replace(raised[later], occurred=event.occurred)
            waiting_for[later] -= 1
            if waiting_for[later] == 0:
                heapq.heappush(ready, (*_key(raised[later]), later))
    out.extend(event for number, event in enumerate(ordered) if number not in done)
    return tuple(out)


def _last_words(told: Sequence[Event]) -> dict[str, Event]:
    """For each record the last word on it (rule 1): itself, a correction or a withdrawal."""
    by_leaf = {event.leaf: event for event in told}
    chains: dict[str, list[Event]] = {}
    roots: dict[str, str] = {}
    for event in told:
        chains.setdefault(_root(event, by_leaf, roots), []).append(event)
    return {event.leaf: word for chain in chains.values() for word in (_last(chain),) for event in chain}


def _last(chain: Sequence[Event]) -> Event:
    """The last word of a chain of corrections: one that none of the others corrects, of these the latest."""
    corrected = {_target(event) for event in chain}
    tips = [event for event in chain if event.leaf not in corrected] or chain
    if len({event.kid for event in tips}) == 1:
        return max(tips, key=lambda event: (event.seq, event.leaf))
    return max(tips, key=lambda event: (event.payload["iat"], event.kid, event.seq, event.leaf))


def _target(event: Event) -> str | None:
    target: str | None = event.payload.get("corrects") or event.payload.get("withdraws")
    return target


def _root(event: Event, by_leaf: dict[str, Event], roots: dict[str, str]) -> str:
    """The first record of the chain of corrections that `event` ends; `roots`: those found, so that each is once."""
    path: dict[str, None] = {}
    while event.leaf not in roots and event.leaf not in path:
        path[event.leaf] = None
        named = by_leaf.get(_target(event) or "")
        if named is None or named.iss != event.iss:
            roots[event.leaf] = event.leaf
        else:
            event = named
    root = roots.get(event.leaf) or min(path)
    roots.update(dict.fromkeys(path, root))
    return root
