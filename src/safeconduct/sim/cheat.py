"""Whoever holds the log's key and the service key, and what can be done with them.

A log is rewritten as a whole: head records and disclosure records are made anew, the head is signed again.
The devices' keys are in other hands: their records stay as they are, and keep naming what was there before.
With `helped_by`, those devices help, and sign their records anew to fit. With `colluding` witnesses the new
heads are cosigned as if they had always been so; without, they have the log's signature alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.entry import Entry, Seen, parse_entry
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import claimed_time, cosign
from safeconduct.core.tlog.note import Note, Signature, VerifierKey, sign_note
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.service.papers import row_of
from safeconduct.service.ports import Clock, Row, Store
from safeconduct.sim.hand import Hand, Written, sign_anything
from safeconduct.sim.witnesses import SimulatedWitness

Change: TypeAlias = Callable[[dict[str, Any]], None]
"""Alters a record's payload in place."""

Named: TypeAlias = Written | bytes | int
"""A record, its bytes, or its index."""


class Corridor(Protocol):
    """What a cheat finds in the corridor."""

    store: Store
    newest: Seen | None

    @property
    def clock(self) -> Clock:
        """Its clock."""
        ...

    @property
    def log_key(self) -> VerifierKey:
        """The log's public key."""
        ...

    @property
    def witnesses(self) -> Sequence[SimulatedWitness]:
        """Those who cosign."""
        ...

    def key(self, name: str) -> Ed25519Key:
        """Any private key."""
        ...

    def publish(self) -> None:
        """Logs what waits."""
        ...

    def open_log(self) -> None:
        """Starts the log's program on the store."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the new log, and where it stood in the old one (None: nowhere)."""

    entry: bytes
    was: int | None
    disclosures: tuple[str, ...] = ()


class Cheat:
    """The operator, for a story that needs one who cheats."""

    def __init__(self, corridor: Corridor) -> None:
        self._corridor = corridor

    def _places(self) -> list[Place]:
        self._corridor.publish()
        store = self._corridor.store
        disclosures: dict[int, list[str]] = {}
        for index, text in store.disclosures():
            disclosures.setdefault(index, []).append(text)
        return [
            Place(entry, index, tuple(disclosures.get(index, ())))
            for index, entry in enumerate(store.entries())
        ]

    def _find(self, places: Sequence[Place], record: Named) -> int:
        if isinstance(record, int):
            return record
        entry = record if isinstance(record, bytes) else record.entry
        return next(index for index, place in enumerate(places) if place.entry == entry)

    def alter(self, record: Named, change: Change, **help_: Any) -> None:
        """Change what a record says. Unless its device helps, it keeps the signature that it had."""
        places = self._places()
        index = self._find(places, record)
        header, _, signature = places[index].entry.split(b".")
        payload = dict(parse_entry(places[index].entry).payload)
        change(payload)
        body = print_base64url(canonical(payload)).encode()
        places[index] = Place(b".".join((header, body, signature)), index, places[index].disclosures)
        self.rewrite(places, **help_)

    def drop(self, *records: Named, **help_: Any) -> None:
        """Leave records out of the log."""
        places = self._places()
        gone = {self._find(places, record) for record in records}
        self.rewrite([place for place in places if place.was not in gone], **help_)

    def swap(self, first: Named, second: Named, **help_: Any) -> None:
        """Exchange two records' places in the log."""
        places = self._places()
        a, b = self._find(places, first), self._find(places, second)
        places[a], places[b] = places[b], places[a]
        self.rewrite(places, **help_)

    def restore(self, size: int, *, everywhere: bool = False) -> None:
        """Put back a backup from when the log had `size` entries, and go on from there as if nothing was.

        Witnesses and devices hold newer heads; `everywhere`: theirs are put back too.
        """
        corridor = self._corridor
        corridor.publish()
        old = corridor.store
        head = next(head for head in old.committed() if head.size == size)
        note = next(head.note for head in reversed(old.published()) if head.size == size)
        rows = [_row(place) for place in self._places()[:size]]
        corridor.store = MemoryStore()
        corridor.store.append(0, rows, lambda _: head.note, head.time)
        corridor.store.publish(note, size, head.time)
        if everywhere:
            corridor.newest = None
            for witness in corridor.witnesses:
                witness.head = Checkpoint.parse(Note.parse(note).text)
        corridor.open_log()
        corridor.publish()

    def rewrite(
        self,
        places: Sequence[Place],
        *,
        helped_by: Iterable[Hand] = (),
        colluding: Iterable[str] = (),
        heads_too: bool = True,
    ) -> None:
        """The log as `places` say; `heads_too` False leaves the head records as they were."""
        corridor = self._corridor
        witnesses = [witness for witness in corridor.witnesses if witness.seat in set(colluding)]
        keys = [corridor.key("service"), *(hand.key for hand in helped_by)]
        held = {thumbprint(key.public_key): key for key in keys}
        was = [leaf_hash(entry).hex() for entry in corridor.store.entries()]
        rewriting = _Rewriting(corridor, witnesses, held, was, heads_too=heads_too)
        new = rewriting.run(places)
        note = rewriting.note(len(new), rewriting.roots[-1], corridor.clock.now())
        corridor.store = MemoryStore()
        head = Note(note.text, note.signatures[:1])
        corridor.store.append(0, list(map(_row, new)), lambda _: head.print().encode(), corridor.clock.now())
        corridor.store.publish(note.print().encode(), len(new), corridor.clock.now())
        for hand in helped_by:
            hand.seq, hand.prev = rewriting.chains.get(hand.kid, (hand.seq, hand.prev))
        for witness in witnesses:
            witness.head = Checkpoint.parse(note.text)
        corridor.open_log()
        corridor.publish()


def _row(place: Place) -> Row:
    try:
        entry = parse_entry(place.entry)
    except Malformed:
        return Row(place.entry, f"raw-{leaf_hash(place.entry).hex()}", "raw", place.disclosures)
    return row_of(entry, place.disclosures)


class _Rewriting:
    """Goes through the new log in order, and keeps what each change makes of all that names it."""

    def __init__(
        self,
        corridor: Corridor,
        witnesses: Sequence[SimulatedWitness],
        keys: Mapping[str, Ed25519Key],
        was: Sequence[str],
        *,
        heads_too: bool,
    ) -> None:
        self.corridor, self.witnesses, self.keys = corridor, witnesses, keys
        self.was, self.heads_too = was, heads_too
        self.leaves: list[bytes] = []
        self.roots: list[bytes] = [root([])]
        self.sizes: dict[int, int] = {}
        self.renamed: dict[str, str] = {}
        self.chains: dict[str, tuple[int, str]] = {}

    def run(self, places: Sequence[Place]) -> list[Place]:
        """The new log."""
        self._map_sizes(places)
        return [self._next(place) for place in places]

    def _map_sizes(self, places: Sequence[Place]) -> None:
        """The size at which the new log holds what the old one held at each of its sizes."""
        old = sorted(place.was for place in places if place.was is not None)
        for size in range(max(old) + 2):
            self.sizes[size] = sum(was < size for was in old)

    def _next(self, place: Place) -> Place:
        entry = self._renewed(place.entry)
        if place.was is not None:
            self.renamed[self.was[place.was]] = leaf_hash(entry).hex()
        self.leaves.append(leaf_hash(entry))
        self.roots.append(root(self.leaves))
        return Place(entry, place.was, place.disclosures)

    def _renewed(self, text: bytes) -> bytes:
        """The entry as it now must be, where its key is in our hands; else as it is."""
        try:
            old = parse_entry(text)
        except Malformed:
            return text
        key = self.keys.get(old.kid)
        new = text if key is None or old.evt == "founding" else sign_anything(self._payload(old), key)
        self.chains[old.kid] = (parse_entry(new).seq + 1, leaf_hash(new).hex())
        return new

    def _payload(self, old: Entry) -> dict[str, Any]:
        payload: dict[str, Any] = _renamed(old.payload, self.renamed)
        payload["seq"], payload["prev"] = self.chains.get(old.kid, (0, ""))
        if old.seen is not None:
            size = self.sizes[old.seen.size]
            payload["seen"] = {"size": size, "root": self.roots[size].hex()}
        if old.evt == "head" and self.heads_too:
            payload["note"] = self._head_note(payload["note"]).print()
        return payload

    def _head_note(self, text: str) -> Note:
        was = Note.parse(text.encode())
        size = self.sizes[Checkpoint.parse(was.text).size]
        times = [claimed_time(line) for line in was.signatures[1:]]
        return self.note(size, self.roots[size], next((time for time in times if time), None))

    def note(self, size: int, root_hash: bytes, time: int | None) -> Note:
        """A head, signed by the log, and by those witnesses that collude."""
        log = self.corridor.log_key
        text = Checkpoint(log.name, size, root_hash).print()
        lines: list[Signature] = [sign_note(text, log, self.corridor.key("log"))]
        if time is not None:
            lines += [cosign(text, each.verifier, each.key, time=time) for each in self.witnesses]
        return Note(text, tuple(lines))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with every leaf in it that has a new name."""
    if isinstance(value, dict):
        return {name: _renamed(member, names) for name, member in value.items()}
    if isinstance(value, list):
        return [_renamed(member, names) for member in value]
    return names.get(value, value) if isinstance(value, str) else value
