"""What the log says so far to those who ask to add to it: its keyring, and the papers of each passage.

The keyring is kept, grows with the log, and is read anew only after a failed commit; papers are looked up. One thread
uses it.

Rules:
 1. A record that was taken in and not committed yet counts for those after it in its batch, at the index that it
    will have.
 2. The server's own clock dates its heads here. The auditor dates by the quorum, and judges by that.
 3. What a record names its signer has seen, even where its `seen` does not cover it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from safeconduct.core.agreement.govern import GOVERNING
from safeconduct.core.agreement.growing import GrowingKeyring
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.passage.events import Event
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.core.record.time import Bounds, occurrence
from safeconduct.service.papers import keys_of, papers_of
from safeconduct.service.sequence import Sequencer

_KEPT = 4096


class Ledger:
    """Beside one sequencer. `read_on` comes first in each batch, `committed` or `forget` last."""

    def __init__(self, log: Sequencer) -> None:
        """Nothing is read yet."""
        self._log = log
        self.size = 0
        """How much of the log has been read."""
        self._keys: dict[str, bytes] = {}
        self._keyring: GrowingKeyring | None = None
        self._waiting: dict[int, Entry] = {}
        self._waiting_under: dict[str, list[int]] = {}
        self._logged = lru_cache(maxsize=_KEPT)(self._read)
        self._root = lru_cache(maxsize=_KEPT)(lambda size: log.root_at(size).hex())

    @property
    def ring(self) -> Keyring:
        """Keys and versions, as the log and what waits leave them."""
        return self._governed().ring

    def read_on(self) -> None:
        """Takes in what others added to the log."""
        size = self._log.size
        if size > self.size:
            if self._keyring is not None:
                for index, text in enumerate(self._log.store.entries(self.size, size), self.size):
                    self._take(index, text)
            self.size = size

    def forget(self) -> None:
        """After a commit that failed: what was taken in is not in the log."""
        self._keyring, self.size = None, 0
        self._nothing_waits()

    def take(self, index: int, entry: Entry) -> None:
        """A record that will be committed at `index`, and that nobody governs by."""
        self._waiting[index] = entry
        for key in keys_of(entry):
            self._waiting_under.setdefault(key, []).append(index)

    def govern(self, index: int, entry: Entry) -> tuple[Finding, ...]:
        """The same for one of a governing kind; what is wrong with it, if it would have no effect."""
        wrong = self._governed().add_if_good(index, entry)
        if entry.evt == "key" and not wrong:
            self._keys.update(_key_in(entry))
        return wrong

    def committed(self) -> None:
        """What was taken in is in the log, at its end."""
        self._nothing_waits()
        self.size = self._log.size

    def governs(self, index: int, entry: Entry) -> None:
        """The same for one that enters in any case."""
        if entry.evt != "correction" or "admits" in entry.payload:
            self._governed().add(index, entry)

    # What a decision reads

    def seen(self, entry: Entry, index: int) -> int | None:
        """The size of the head that the signer saw, if the log has or had that head."""
        seen = entry.seen
        if seen is None or seen.size > min(index, self.size) or self._root(seen.size) != seen.root:
            return None
        return seen.size

    def now_of(self, entry: Entry, seen: int | None, clock: int) -> int:
        """When a record was made: its device's time, not before the head that it saw, not after our clock."""
        begun = None if seen is None else self._time_of(seen)
        if entry.at is not None:
            return entry.at.begin
        return min(max(entry.iat, begun or entry.iat), clock)

    def events(self, entry: Entry, below: int) -> Iterator[tuple[Event, bool]]:
        """The papers of a record's passage below an index, and those that it names (3); whether each counts."""
        named = {entry.payload.get(claim) for claim in ("declaration", "pass")}
        for index, paper in papers_of(entry.psg or "", self._under, self._paper):
            if index < below or paper.leaf.hex() in named:
                yield self._event(index, paper), self._counts(index, paper)

    def _paper(self, index: int) -> Entry | None:
        return self._waiting.get(index) or self._logged(index)

    def _event(self, index: int, entry: Entry) -> Event:
        seen = entry.seen.size if entry.seen is not None and entry.seen.size <= index else None
        over = self._log.store.covering(index)
        bounds = Bounds(None if seen is None else self._time_of(seen), None if over is None else over.time)
        claim = None if entry.at is None else entry.at.begin
        occurred = occurrence(entry.iat, bounds, at=claim)
        leaf = entry.leaf.hex()
        return Event(index, leaf, entry.kid, entry.iss, entry.seq, occurred, bounds, entry.evt, entry.payload)

    def _counts(self, index: int, entry: Entry) -> bool:
        rules = self.ring.broken_by(entry, index, seen=None)
        return not any(rule.startswith("key.") for rule in rules)

    # Reading the log

    def _governed(self) -> GrowingKeyring:
        if self._keyring is None:
            founding = self._log.founding
            self._keys = {
                seat.kid: seat.public_key for seat in founding.seats if seat.public_key and seat.kid
            }
            self._keys[founding.service_kid] = founding.service_key
            records = self._log.store.of_kinds(GOVERNING, self.size)
            self._keyring = GrowingKeyring(founding, self._signed(records))
        return self._keyring

    def _signed(self, records: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, Entry]]:
        """Those of this corridor whose signature verifies; of corrections only what admits a record."""
        for index, text in records:
            entry = self._parsed(text)
            if entry is None or (entry.evt == "correction" and "admits" not in entry.payload):
                continue
            if entry.evt == "key":
                self._keys.update(_key_in(entry))
            if entry.kid in self._keys and verify_entry(entry, self._keys[entry.kid]):
                yield index, entry

    def _take(self, index: int, text: bytes) -> None:
        """A record that somebody else added."""
        entry = self._parsed(text)
        if entry is None:
            return
        if entry.evt in GOVERNING:
            for _, signed in self._signed([(index, text)]):
                self._governed().add(index, signed)

    def _under(self, keys: Collection[str]) -> Iterator[int]:
        """Where the records are that are found by one of these keys, those that wait among them."""
        yield from self._log.store.indices_under(keys)
        for key in keys:
            yield from self._waiting_under.get(key, ())

    def _time_of(self, size: int) -> int | None:
        """Before this time no record lies that saw a head of `size`: heads come in the order of time."""
        head = self._log.store.newest(below=size + 1)
        return None if head is None else head.time

    def _nothing_waits(self) -> None:
        self._waiting.clear()
        self._waiting_under.clear()

    def _read(self, index: int) -> Entry | None:
        """The entry at an index, if its signature verifies."""
        entry = self._parsed(next(self._log.store.entries(index, index + 1)))
        enrolment = None if entry is None else self.ring.keys.get(entry.kid)
        good = entry is not None and enrolment is not None and verify_entry(entry, enrolment.public_key)
        return entry if good else None

    def _parsed(self, text: bytes) -> Entry | None:
        """A record of this corridor; whatever else stands in the log says nothing here."""
        try:
            entry = parse_entry(text)
        except Malformed:
            return None
        return entry if entry.cor == self._log.founding.cor else None


def _key_in(entry: Entry) -> dict[str, bytes]:
    """The key in a `key` record, by name; none where it is not acceptable."""
    try:
        public_key = public_key_of(entry.payload["cnf"]["jwk"])
    except Malformed:
        return {}
    return {thumbprint(public_key): public_key}
