"""One step of the stored fold: what new entries of the log change, and nothing else.

What they can change of the past, in the order of the code:
 1. The keyring: a record of a key that was enrolled, revoked or admitted by then may count, or not any more.
 2. A record that names one that comes only now gets its passage, or turns out to be of a stranger's.
 3. Bounds: those of all records past the last head whose time stays as it was.
 4. Occurrences: those of later records of a key of which one changed.
 5. Watches of these keys; and whether one is overdue, as Now goes on.
 6. Passages: of records that are new or changed; that Now can still change; that a changed watch reaches; all of
    them where the agreement, or what is observed at a post, is another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from django.db.models import Q

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Malformed, SafeconductError
from safeconduct.core.passage.fold import Rules, Watch
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.record.time import HeadTimes
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import claimed_time
from safeconduct.core.tlog.note import Note
from safeconduct.service.facts import Fact, event_of, fact_of, judged, linked, occurrences
from safeconduct.service.ports import Store
from safeconduct.service.projection import Row, reach_of, row_of
from safeconduct.service.stretches import Stretch, stretches, windows
from safeconduct.service.version import keyring_at
from safeconduct.store.known import Known
from safeconduct.store.projected import HeadTold, Tables

_WATCH = ("watch-start", "watch-end")
_GAP = 64
"""Entries that are read along rather than asked for apart."""


@dataclass(slots=True)
class Step:
    """From what is known at one size to what is known at a larger one, tables included."""

    store: Store
    founding: Founding
    tables: Tables
    before: Known
    stop: int
    folded: int = 0
    now: Known = field(init=False)
    _entries: dict[int, Entry] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    """Passages to fold again."""

    def run(self) -> None:
        """The whole step."""
        start, stop = self.before.size, self.stop
        self._entries = dict(_parsed(self.store.entries(start, stop), start))
        governing = any(entry.evt in GOVERNING for entry in self._entries.values())
        ring = keyring_at(self.founding, self.store, stop) if governing else self.before.ring
        fresh = [head for pair in self._entries.items() if (head := self._head(*pair)) is not None]
        self.tables.add_heads(fresh)
        self.now = Known.of(stop, ring, (*self.before.heads_told, *fresh), self.before.stretches)
        heads = self.now.heads()
        changed = self._facts(ring)
        keys = self._occurrences(changed, heads)
        self.now = replace(self.now, stretches=self._stretches(keys))
        self._fold(heads)

    def _head(self, number: int, entry: Entry) -> HeadTold | None:
        """What a head record of the service tells."""
        founding = self.founding
        if entry.evt != "head" or entry.kid != founding.service_kid:
            return None
        if entry.cor != founding.cor or not verify_entry(entry, founding.service_key):
            return None
        try:
            note = Note.parse(entry.payload["note"].encode())
            head = Checkpoint.parse(note.text)
        except SafeconductError:
            return None
        told = {key.name: claimed_time(line) for key in founding.witnesses for line in note.lines_of(key)[:1]}
        return HeadTold(
            number, head.size, head.root.hex(), {name: time for name, time in told.items() if time}
        )

    # Records

    def _facts(self, ring: Keyring) -> dict[int, Fact]:
        """1 and 2: every record that is new, or of which something else is known now; the tables have them."""
        roots: dict[tuple[int, str], int] = {}
        for head in self.now.heads_told:
            roots.setdefault((head.size, head.root), head.number)
        known = self.tables.by_leaf({entry.leaf.hex() for entry in self._entries.values()})
        new: dict[str, Fact] = {}
        for number, entry in self._entries.items():
            leaf = entry.leaf.hex()
            if leaf not in known and leaf not in new:  # the same bytes a second time are no second record
                fact = fact_of(number, entry, self._seen(number, entry, roots))
                new[leaf] = judged(fact, entry, ring)
        again = {fact.leaf: fact for fact in self._judged_again(ring)}
        changed = self._linked(new, again)
        self.tables.add([changed[fact.number] for fact in new.values()])
        self.tables.change(fact for fact in changed.values() if fact.leaf not in new)
        return changed

    def _seen(self, number: int, entry: Entry, roots: Mapping[tuple[int, str], int]) -> int | None:
        seen = entry.seen
        if seen is None:
            return None
        return seen.size if roots.get((seen.size, seen.root), number) < number else None

    def _judged_again(self, ring: Keyring) -> Iterator[Fact]:
        """1."""
        old = self.before.ring
        if ring is old:
            return
        if _versions(ring) != _versions(old):
            found = self.tables.facts()
        else:
            kids = _differing(old.keys, ring.keys) | _differing(old.revocations, ring.revocations)
            admitted = self.tables.by_leaf(_differing(old.admissions, ring.admissions))
            found = chain(self.tables.of_keys(kids), admitted.values())
        facts = {fact.number: fact for fact in found}
        for number, text in self._texts(facts):
            fact = judged(facts[number], parse_entry(text), ring)
            if fact != facts[number]:
                yield fact

    def _linked(self, new: dict[str, Fact], again: dict[str, Fact]) -> dict[int, Fact]:
        """2: until nothing changes. A leaf is a hash: naming goes round in no circle."""
        both = (*new.values(), *again.values())
        found = self.tables.by_leaf({leaf for fact in both for leaf in (*fact.names, *fact.owns)})
        found |= new | again
        by_name: dict[str, list[str]] = {}
        for fact in new.values():
            for leaf in (*fact.names, *fact.owns):
                by_name.setdefault(leaf, []).append(fact.leaf)
        changed = {**new, **again}
        waiting = [*changed]
        while waiting:
            later = self.tables.naming(waiting)
            found = {fact.leaf: fact for fact in later} | found
            missing = {leaf for fact in later for leaf in (*fact.names, *fact.owns)} - found.keys()
            found |= self.tables.by_leaf(missing)
            due = dict.fromkeys((*waiting, *(fact.leaf for fact in later)))
            due |= dict.fromkeys(leaf for named in waiting for leaf in by_name.get(named, ()))
            waiting = []
            for leaf in due:
                fact = linked(found[leaf], found.get)
                if fact != found[leaf]:
                    self._touched.add(found[leaf].psg)
                    found[leaf] = changed[leaf] = fact
                    waiting.append(leaf)
        self._touched.update(fact.psg for fact in changed.values())
        return {fact.number: fact for fact in changed.values()}

    # Times

    def _occurrences(self, changed: Mapping[int, Fact], heads: HeadTimes) -> dict[str, int]:
        """3 and 4; from which number on the records of a key may have other times, or be others."""
        unbounded = self._rebounded()
        moved = {fact.number: fact for fact in self.tables.from_number(unbounded)}
        self._touched.update(fact.psg for fact in moved.values())
        keys: dict[str, int] = {}
        for fact in (*changed.values(), *moved.values()):
            keys[fact.kid] = min(fact.seq, keys.get(fact.kid, fact.seq))
        other = [
            replace(fact, occurred=occurred)
            for kid, seq in keys.items()
            for fact, occurred in occurrences(
                self.tables.of_key(kid, seq), heads, self.tables.before(kid, seq)
            )
            if fact.occurred != occurred
        ]
        self.tables.change(other)
        self._touched.update(fact.psg for fact in other)
        return keys

    def _rebounded(self) -> int:
        """3: the first entry whose bounds may be others now."""
        edge = 0
        for old, new in zip(self.before.dated, self.now.dated, strict=False):
            if old != new:
                return edge
            edge = new[0]
        return edge if self.before.dated != self.now.dated else self.before.size

    def _stretches(self, keys: Mapping[str, int]) -> dict[int, Stretch]:
        """5: the watches, those of these keys anew from where they may be others."""
        stored = dict(self.before.stretches)
        gone: set[int] = set()
        made: list[Stretch] = []
        by_key: dict[str, list[Stretch]] = {}
        for one in stored.values():
            by_key.setdefault(one.kid, []).append(one)
        for kid, seq in keys.items():
            reached = [one for one in by_key.get(kid, ()) if one.last_seq is None or one.last_seq >= seq]
            since = min((seq, *(one.first_seq for one in reached)))
            again = [one for one in by_key.get(kid, ()) if one.first_seq >= since]
            records = [*self.tables.of_key(kid, since)]
            if again or any(fact.kind in _WATCH for fact in records):
                gone.update(one.start for one in again)
                told = {fact.number for fact in records if fact.kind in _WATCH}
                payloads = {number: parse_entry(text).payload for number, text in self._texts(told)}
                made += stretches(records, payloads, self.now.ring.last_good(kid))
        stored = {number: one for number, one in stored.items() if number not in gone}
        self.tables.put_stretches(gone, made)
        return stored | {one.start: one for one in made}

    # Passages

    def _fold(self, heads: HeadTimes) -> None:
        """6."""
        before = self.before.heads()
        old, new = self.before.shifts(before), self.now.shifts(heads)
        watched, watch = self.before.observed(old), self.now.observed(new)
        same_ground = (watched.kinds_at, watched.source_kinds) == (watch.kinds_at, watch.source_kinds)
        if not same_ground or _versions(self.before.ring) != _versions(self.now.ring):
            self._touched |= self.tables.passages()
        elif before.now != heads.now:
            waiting = Q(waits=True) if before.now is None else Q(waits=True, until__gte=before.now)
            self._touched |= self.tables.passages(waiting)
        for window in windows(old, new):
            leaning = Q(leans__gte=2 if window.only_handed_in else 1)
            reached = Q(since__lte=window.until, until__gte=window.since)
            self._touched |= self.tables.passages(leaning & reached)
        self._touched.discard("")
        self.tables.put_rows(self._touched, self._rows(heads, watch))
        self.folded = len(self._touched)

    def _rows(self, heads: HeadTimes, watch: Watch) -> Iterator[Row]:
        agreements = {one.agreement.version: one.agreement for one in self.now.ring.versions}
        first, reach_s = self.founding.agreement, reach_of(agreements.values())
        by_passage: dict[str, list[Fact]] = {}
        for fact in self.tables.of_passages(self._touched):
            by_passage.setdefault(fact.psg, []).append(fact)
        payloads = self._payloads({fact.number for facts in by_passage.values() for fact in facts})
        for psg, facts in by_passage.items():
            void = frozenset(fact.leaf for fact in facts if fact.void)
            rules = Rules(lambda version: agreements.get(version, first), heads.now, watch, void)
            events = [event_of(fact, heads, payloads[fact.number]) for fact in facts]
            row = row_of(psg, events, rules, reach_s)
            if row is not None:
                yield row

    def _payloads(self, numbers: set[int]) -> dict[int, Mapping[str, Any]]:
        return {number: parse_entry(text).payload for number, text in self._texts(numbers)}

    def _texts(self, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """These entries, those that lie near each other in one reading."""
        wanted = sorted(numbers)
        at = 0
        while at < len(wanted):
            end = at + 1
            while end < len(wanted) and wanted[end] - wanted[end - 1] <= _GAP:
                end += 1
            here = set(wanted[at:end])
            start, stop = wanted[at], wanted[end - 1] + 1
            for number, text in enumerate(self.store.entries(start, stop), start):
                if number in here:
                    yield number, text
            at = end


def _versions(ring: Keyring) -> list[str]:
    return [version.leaf for version in ring.versions]


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> set[str]:
    """The names that stand for something else in the one than in the other."""
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _parsed(texts: Iterable[bytes], start: int) -> Iterator[tuple[int, Entry]]:
    """The entries that are records."""
    for number, text in enumerate(texts, start):
        try:
            yield number, parse_entry(text)
        except Malformed:
            continue
