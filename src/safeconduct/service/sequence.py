"""Records in, entries of the log out: the one place where a corridor's log grows.

Rules, in the order of the code:
 1. What `parse_entry` refuses is refused before anything is written; so is a disclosure of no field of it.
 2. The same bytes again get the same receipt. Other bytes under the same `jti` are `Conflict`.
 3. The last published head, with the cosignatures that it had, is a `head` record first in the next batch
    that has records of other kinds (RECORD §5).
 4. Before a head is signed, the root is derived twice: from what was handed in, by the frontier; from what
    the store gives back, by the tiles. Any difference stops the signing, not the reading.
 5. The commit is compare-and-swap on the size, with the signed head in it. No signature is shown earlier.
 6. Then witnesses are asked. One that is silent stops nothing: the receipt is *logged*, later *cosigned*.
 7. The clock is not behind the newest head.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Conflict, Disproved, Fault, Malformed, Unavailable
from safeconduct.core.record.disclosure import reveal
from safeconduct.core.record.entry import Entry, Seen, parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, Signer, sign_note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.proofs import inclusion_proof, root_at
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tree import Frontier, leaf_hash
from safeconduct.service.hashes import TreeHashes
from safeconduct.service.ports import Chance, Clock, Row, Store, StoredHead, Witness
from safeconduct.service.publish import cosigned_note
from safeconduct.service.scribe import Claims, Scribe
from safeconduct.service.version import version_in_force


@dataclass(frozen=True, slots=True)
class Submission:
    """A signed record, and the disclosures that its submitter hands over with it."""

    entry: bytes
    disclosures: tuple[str, ...] = ()


class Sequencer:
    """Appends batches to one corridor's log. One at a time: of two, one gets `Conflict`."""

    def __init__(
        self,
        store: Store,
        *,
        log: Signer,
        service: Signer,
        clock: Clock,
        chance: Chance,
        witnesses: Sequence[Witness] = (),
    ) -> None:
        """Reads what the store holds; an empty store waits for its founding record."""
        self.store = store
        self._log, self._witnesses, self._clock = log, tuple(witnesses), clock
        self._scribe = Scribe(service, clock, chance)
        self._frontier, self._tree = Frontier(), TreeHashes()
        self._heads: list[StoredHead] = []
        self._published: dict[int, StoredHead] = {}
        self._known: dict[bytes, SignedHead] = {}
        """Heads back to the newest one with a quorum, by their notes."""
        self._founding: Founding | None = None
        self._policy: Policy | None = None
        self._catch_up()

    @property
    def founding(self) -> Founding:
        """The founding record."""
        if self._founding is None:
            raise Unavailable(
                "this corridor is not founded yet", next_step="Submit its founding record first"
            )
        return self._founding

    @property
    def policy(self) -> Policy:
        """Whom the founding record lets us believe about a head."""
        if self._policy is None:
            self._policy = Policy.parse(self.founding.policy().encode())
        return self._policy

    @property
    def service(self) -> Signer:
        """The key that signs what the service itself decides."""
        return self._scribe.service

    @property
    def clock(self) -> Clock:
        """The present."""
        return self._clock

    @property
    def hashes(self) -> TreeHashes:
        """The tree's tiles."""
        return self._tree

    @property
    def size(self) -> int:
        """How many entries are committed."""
        return self._tree.size

    @property
    def newest(self) -> StoredHead:
        """The newest published head."""
        return self._published[self.size]

    def submit(self, submissions: Iterable[Submission]) -> tuple[Receipt, ...]:
        """Each submission's receipt, once all are in the log."""
        rows = _rows(tuple(submissions))  # 1
        self.append(rows)
        found = [self.store.index_of(row.jti) for row in rows]
        return tuple(self.receipt(index) for index in found if index is not None)

    def append(self, rows: Sequence[Row]) -> None:
        """The same for rows that their maker has checked by rule 1, without receipts."""
        self.settle()
        fresh = self._fresh(rows)
        if fresh:
            self._commit(fresh)
            self.publish()

    def submit_own(self, claims: Sequence[Claims]) -> tuple[Receipt, ...]:
        """The same for records that the service itself makes: kind and clear claims of each."""
        self.settle()
        self._commit([], claims)
        self.publish()
        return tuple(self.receipt(self.size - back) for back in range(len(claims), 0, -1))

    def _fresh(self, rows: Sequence[Row]) -> list[Row]:
        """Rule 2: those that are not in the log yet, each once."""
        fresh: dict[str, Row] = {}
        for row in rows:
            index = self.store.index_of(row.jti)
            known = next(self.store.entries(index, index + 1)) if index is not None else None
            if known is None:
                known = fresh.setdefault(row.jti, row).entry
            if known != row.entry:
                raise Conflict(
                    f"another record with the jti {row.jti} is there already",
                    next_step="Give a new record a new jti; a repeat is the same bytes",
                    rule="record.repeated",
                )
        return list(fresh.values())

    def _commit(self, rows: list[Row], claims: Sequence[Claims] = ()) -> None:
        """Rules 3 to 5 and 7."""
        now = self._clock.now()
        if self._heads and now < self._heads[-1].time:  # 7
            raise Unavailable("the clock is behind the newest head", next_step="Set the clock, then repeat")
        if self._founding is None:
            self._found(rows[0])
        elif claims or any(row.kind != "head" for row in rows):
            rows = [*self._own_rows((*self._newest_head(), *claims)), *rows]  # 3
        size = self.size
        frontier = deepcopy(self._frontier)
        frontier.extend(leaf_hash(row.entry) for row in rows)

        def sign(stored: Sequence[bytes]) -> bytes:  # 4
            self._tree.extend(leaf_hash(entry) for entry in stored)
            return self._signed(frontier)

        try:
            note = self.store.append(size, rows, sign, now)  # 5
        except BaseException:
            self._tree.cut(size)
            self._founding = self._founding if size else None
            raise
        self._frontier = frontier
        self._heads.append(StoredHead(self.size, note, now))
        self._scribe.wrote(row.entry for row in rows)

    def _signed(self, frontier: Frontier) -> bytes:
        root = frontier.root()
        if frontier.size != self._tree.size or root_at(self._tree.read, self._tree.size) != root:
            raise Disproved(
                "what the store gives back is not what was handed in: nothing was signed",
                next_step="Check the memory and the disk of this machine, then repeat",
            )
        key = self.founding.log
        text = Checkpoint(key.name, frontier.size, root).print()
        return Note(text, (sign_note(text, key, self._log),)).print().encode()

    def _found(self, row: Row) -> None:
        """Entry 0 decides the log's name and keys."""
        founding = Founding.parse(parse_entry(row.entry, where="entry 0"))
        if founding.log.public_key != self._log.public_key or founding.service_kid != self._scribe.kid:
            raise Malformed(
                "the founding record names another log key or service key",
                where="entry 0",
                next_step="Use the keys that were made for this corridor",
            )
        self._founding = founding

    def _newest_head(self) -> list[Claims]:
        """Rule 3. Every batch ends in a published head, so at most the newest has no record yet."""
        newest = self._published[self.size]
        return [] if newest.note == self._scribe.last_head else [("head", {"note": newest.note.decode()})]

    def _own_rows(self, claims: Sequence[Claims]) -> list[Row]:
        seen = self._seen()
        version = version_in_force(self.founding, self.store, self.size if seen is None else seen.size)
        texts = self._scribe.records(claims, cor=self.founding.cor, agr=version, seen=seen)
        return [row_of(Submission(text), "a record of the service") for text in texts]

    def _seen(self) -> Seen | None:
        """The newest published head that meets the policy. Each is checked once, however long none does."""
        before, self._known = self._known, {}
        for committed in reversed(self._heads):
            published = self._published.get(committed.size)
            note = (published or committed).note
            head = self._known[note] = before.get(note) or self.policy.check(Note.parse(note))
            if published and self.policy.quorum.met_by(head.cosigned):
                return Seen(head.checkpoint.size, head.checkpoint.root.hex())
        return None

    def publish(self) -> StoredHead:
        """Rule 6: asks every witness that has not cosigned the newest head, and publishes what there is."""
        head = self._heads[-1]
        before = self._published.get(head.size)
        note = Note.parse((before or head).note)
        asked = cosigned_note(note, self.policy, self._witnesses, now=self._clock.now())
        if before is None or asked != note:
            published = StoredHead(head.size, asked.print().encode(), max(self._clock.now(), head.time))
            self.store.publish(published.note, published.size, published.time)
            # Crash here: published, and the submitter asks again: the repeat finds it.
            self._published[head.size] = published
        return self._published[head.size]

    def settle(self) -> None:
        """What a crash or another process left: reads on, and publishes a head that was only committed."""
        self._catch_up()
        if self._heads and self._heads[-1].size not in self._published:
            self.publish()

    def receipt(self, index: int) -> Receipt:
        """The receipt of an entry: the first head that covers it, with the cosignatures of by now."""
        at = bisect_right(self._heads, index, key=lambda head: head.size)
        head = self._published.get(self._heads[at].size, self._heads[at])
        proof = inclusion_proof(self._tree.read, index=index, size=head.size)
        return Receipt(index, tuple(proof), Note.parse(head.note))

    def _catch_up(self) -> None:
        """Reads what the store has and we do not; its newest head must sign exactly that."""
        size = self.store.size()
        if size < self.size:
            raise Conflict(
                f"the store has {size} entries, and had {self.size}: an old copy was put back",
                next_step="Stop, and bring back the newest copy; never append to this one",
                rule="log.rollback",
            )
        if size > self.size:
            # Another process may commit while this one reads: what came after `size` is for the next time.
            heads = [head for head in self.store.committed() if head.size <= size]
            self._read_on(size, heads[-1])
            self._heads = heads
            self._published = {head.size: head for head in self.store.published() if head.size <= size}

    def _read_on(self, size: int, newest: StoredHead) -> None:
        first = self.size
        entries = list(self.store.entries(first, size))
        leaves = [leaf_hash(entry) for entry in entries]
        if self._founding is None:
            self._found(row_of(Submission(entries[0])))
        self._frontier.extend(leaves)
        self._tree.extend(leaves)
        self._scribe.wrote(entries)
        head = Checkpoint.parse(Note.parse(newest.note, where="newest head").text, where="newest head")
        if (head.size, head.root) != (self.size, self._frontier.root()):
            raise Disproved(
                "the stored entries are not those that the newest head signs",
                next_step="Append nothing; bring back a copy that a party's archive agrees with",
                rule="log.altered",
            )


def row_of(submission: Submission, where: str = "record") -> Row:
    """Rule 1 for one record."""
    entry = parse_entry(submission.entry, where=where)
    _check_disclosures(entry, submission.disclosures, where)
    return Row(submission.entry, entry.jti, entry.evt, submission.disclosures)


def _rows(submissions: Sequence[Submission]) -> list[Row]:
    """Rule 1, and every fault of the batch at once."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, submission in enumerate(submissions):
        try:
            rows.append(row_of(submission, f"record {number}"))
        except Malformed as error:
            faults.extend(error.faults)
    if faults:
        raise Malformed.of(faults)
    return rows


def _check_disclosures(entry: Entry, disclosures: Sequence[str], where: str) -> None:
    reveal(entry, disclosures, where=where)
    if len(set(disclosures)) != len(disclosures):
        raise Malformed("a disclosure is there twice", where=where, next_step="Hand over each one once")
