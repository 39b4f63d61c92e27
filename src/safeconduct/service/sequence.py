"""Records in, entries of the log out: the one place where a corridor's log grows.

Rules, in the order of the code:
 1. What `parse_entry` refuses is refused before anything is written; so is a disclosure of no field of it.
 2. The same bytes again get the same receipt. Other bytes under the same `jti` are `Conflict`.
 3. The last published head, with the cosignatures that it had, is a `head` record first in the next batch
    that has records of other kinds (RECORD §5). A head that was committed and never published has none.
 4. Before a head is signed, the root is derived twice: from what was handed in, by the frontier; from what
    the store gives back, by the tiles. Any difference stops the signing, not the reading.
 5. The commit is compare-and-swap on the size, with the signed head in it. No signature is shown earlier.
 6. Then witnesses are asked, and the head is published. One that is silent stops nothing: the receipt is *logged*,
    later *cosigned*. A head may be published that is no longer the newest: so each is asked for long enough.
 7. The clock is not behind the newest head.
 8. Once a closing is in force, only what runs on is appended (`closing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Conflict, Disproved, Fault, Malformed, Unavailable
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.record.disclosure import reveal
from safeconduct.core.record.entry import Entry, Seen, parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, Signature, Signer, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tree import EMPTY_ROOT, Frontier, leaf_hash
from safeconduct.service import papers
from safeconduct.service.closing import End
from safeconduct.service.founded import founding_in
from safeconduct.service.ports import Chance, Clock, Row, Store, StoredHead, Witness
from safeconduct.service.publish import cosigned_note
from safeconduct.service.scribe import Claims, Scribe
from safeconduct.service.stored_tree import StoredTree
from safeconduct.service.version import version_in_force

_BACK = 32


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
        at_once: bool = True,
    ) -> None:
        """Reads what the store holds; an empty store waits for its founding record.

        Without `at_once` a head is published when somebody calls `publish`: no receipt waits for witnesses.
        """
        self.store = store
        self.at_once = at_once
        self._log, self._witnesses, self._clock = log, tuple(witnesses), clock
        self._scribe = Scribe(service, clock, chance)
        self._frontier, self._tree = Frontier(), StoredTree(store)
        self._head: StoredHead | None = None
        self._published: StoredHead | None = None
        """The newest published head, as it was published last."""
        self._below = 0
        """The size of the published head before it."""
        self._seen: Seen | None = None
        """The newest published head that meets the policy."""
        self._end = End(store)
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
    def hashes(self) -> StoredTree:
        """The tree as it is now; the one that is given does not grow."""
        return self._tree

    def root_at(self, size: int) -> bytes:
        """The root of the first `size` entries."""
        return self._tree.prover.subtree(0, size, self.size) if size else EMPTY_ROOT

    @property
    def size(self) -> int:
        """How many entries are committed."""
        return self._tree.size

    @property
    def head(self) -> StoredHead:
        """The newest committed head, as it was published if it was."""
        if self._head is None:
            raise Unavailable(
                "this corridor is not founded yet", next_step="Submit its founding record first"
            )
        published = self._published
        return published if published is not None and published.size == self.size else self._head

    @property
    def closed_from(self) -> int | None:
        """Rule 8: the record with which a closing is in force, if one is."""
        return self._end.closed_from(self.founding)

    @property
    def next(self) -> int:
        """Where the first record will stand that is handed in now: rule 3 may put another one before it."""
        return self.size + len(self._unrecorded_head())

    @property
    def newest(self) -> StoredHead:
        """The newest published head."""
        if self._published is None:
            raise Unavailable("nothing is published yet", next_step="Submit the founding record first")
        return self._published

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
            self.commit(fresh)

    def submit_own(self, claims: Sequence[Claims]) -> tuple[Receipt, ...]:
        """The same for records that the service itself makes: kind and clear claims of each."""
        self.settle()
        self.commit([], claims)
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

    def commit(self, rows: list[Row], claims: Sequence[Claims] = ()) -> None:
        """Rules 3 to 8, for rows that are not in the log, after `settle`."""
        now = self._clock.now()
        if self._head is not None and now < self._head.time:  # 7
            raise _behind(self._head.time)
        if self._founding is None:
            self._found(rows[0])
        elif claims or any(row.kind != "head" for row in rows):
            self._end.check(self._founding, self.policy, {*dict(claims), *(row.kind for row in rows)})  # 8
            own = (*self._unrecorded_head(), *claims)  # 3
            rows = [*self._own_rows(own), *rows] if own else rows
        size, frontier, tree = self.size, self._frontier.copy(), self._tree
        frontier.extend(leaf_hash(row.entry) for row in rows)

        def sign(stored: Sequence[bytes]) -> bytes:  # 4
            nonlocal tree
            tree = self._tree.grown(map(leaf_hash, stored))
            return self._signed(frontier, tree)

        try:
            note = self.store.append(size, rows, sign, now)  # 5
        except BaseException:
            self._founding = self._founding if size else None
            raise
        self._frontier, self._tree = frontier, tree
        self._head = StoredHead(self.size, note, now)
        self._scribe.wrote(row.entry for row in reversed(rows))
        self._end.took(row.kind for row in rows)
        if self.at_once:
            self.publish()

    def _signed(self, frontier: Frontier, tree: StoredTree) -> bytes:
        root = frontier.root()
        if (frontier.size, root) != (tree.size, tree.root()):
            raise Disproved(
                "what the store gives back is not what was handed in: nothing was signed",
                next_step="Check the memory and the disk of this machine, then repeat",
            )
        key = self.founding.log
        text = Checkpoint(key.name, frontier.size, root).print()
        return Note(text, (sign_note(text, key, self._log),)).print().encode()

    def _found(self, row: Row) -> None:
        """Entry 0 decides the log's name and keys."""
        founding = founding_in(row.entry)
        if founding.log.public_key != self._log.public_key or founding.service_kid != self._scribe.kid:
            raise Malformed(
                "the founding record names another log key or service key",
                where="entry 0",
                next_step="Use the keys that were made for this corridor",
            )
        self._founding = founding

    def _unrecorded_head(self) -> list[Claims]:
        """Rule 3."""
        head = self._published
        known = head is None or head.note == self._scribe.last_head
        return [] if head is None or known else [("head", {"note": head.note.decode()})]

    def _own_rows(self, claims: Sequence[Claims]) -> list[Row]:
        seen = self._seen
        version = version_in_force(self.founding, self.store, self.size if seen is None else seen.size)
        texts = self._scribe.records(claims, cor=self.founding.cor, agr=version, seen=seen)
        return [row_of(Submission(text), "a record of the service") for text in texts]

    def publish(self, head: StoredHead | None = None, lines: Iterable[Signature] = ()) -> StoredHead:
        """Rule 6: asks every witness that has not cosigned the newest head, and publishes what there is.

        `head`: another committed one, which has not to be the newest; `lines`: cosignatures that were asked for
        elsewhere. What is published never goes back: of a head below the newest published one nothing is kept.
        """
        before, head = self._published, self.head if head is None else head
        if before is not None and head.size < before.size:
            return before
        if before is not None and head.size == before.size:
            head = before
        note, now = Note.parse(head.note), self._clock.now()
        asked = cosigned_note(note, self.policy, self._witnesses, lines=lines, now=now)
        if head is not before or asked != note:
            published = StoredHead(head.size, asked.print().encode(), max(self._clock.now(), head.time))
            self.store.publish(published.note, published.size, published.time)
            # Crash here: published, and the submitter asks again: the repeat finds it.
            if head is not before and before is not None:
                self._below = before.size
            self._published = published
            self._seen = self._quorum_of(asked) or self._seen
        return self.newest

    def _quorum_of(self, note: Note) -> Seen | None:
        """The head, if it meets the policy."""
        head = self.policy.check(note)
        is_met = self.policy.quorum.met_by(head.cosigned)
        return Seen(head.checkpoint.size, head.checkpoint.root.hex()) if is_met else None

    def settle(self) -> None:
        """What a crash or another process left: reads on, and publishes a head that was only committed."""
        self._catch_up()
        published = 0 if self._published is None else self._published.size
        if self._head is not None and published < self.size and (self.at_once or not published):
            self.publish()

    def receipt(self, index: int) -> Receipt:
        """The receipt of an entry, by the first published head over it, with its cosignatures of by now."""
        tree, below, head = self._tree, self._below, self._published
        if head is None or not below <= index < head.size:
            head = self.store.published_covering(index) or self.store.covering(index)
        if head is None or head.size > tree.size:
            raise Unavailable("its head is being signed", next_step="Repeat in a moment")
        proof = tree.prover.inclusion(index=index, size=head.size)
        return Receipt(index, tuple(proof), Note.parse(head.note))

    def keep_tiles(self) -> None:
        """Full tiles into the store, so that the next start need not read their entries."""
        self._tree = self._tree.kept()

    def _catch_up(self) -> None:
        """Reads what the store has and we do not; its newest head must sign exactly that."""
        size = self.store.size()
        if size < self.size:
            raise Conflict(
                f"the store has {size} entries, and had {self.size}: an old copy was put back",
                next_step="Stop, and bring back the newest copy; never append to this one",
                rule="log.rollback",
            )
        # Another process may commit while this one reads: what came after `size` is for the next time.
        newest = self.store.newest(below=size + 1) if size > self.size else None
        if newest is not None:
            self._read_on(newest)
            self._end.others_added()
            self._head, self._published = newest, self.store.newest_published(below=size + 1)
            before = self._published and self.store.newest_published(below=self._published.size)
            self._below = 0 if before is None else before.size
            self._seen = self._find_seen(size)

    def _read_on(self, newest: StoredHead) -> None:
        first = self.size
        if self._founding is None:
            for text in self.store.entries(0, 1):
                self._found(row_of(Submission(text)))
        self._tree = self._tree_of(newest)
        self._frontier = self._tree.frontier()
        self._scribe.wrote(self._backwards(first))

    def _tree_of(self, newest: StoredHead) -> StoredTree:
        """From what is known and the entries since; where the head signs something else, from all entries."""
        head = Checkpoint.parse(Note.parse(newest.note, where="newest head").text, where="newest head")
        for tree in self._trees(newest.size):
            if (tree.size, tree.root()) == (head.size, head.root):
                return tree
        raise Disproved(
            "the stored entries are not those that the newest head signs",
            where="newest head",
            next_step="Append nothing; bring back a copy that a party's archive agrees with",
            rule="log.altered",
        )

    def _trees(self, size: int) -> Iterator[StoredTree]:
        known = self._tree
        if known.size:
            yield known.grown(map(leaf_hash, self.store.entries(known.size, size)))
        else:
            yield StoredTree.resumed(self.store, size)
        yield StoredTree(self.store).grown(map(leaf_hash, self.store.entries(0, size)))

    def _backwards(self, first: int) -> Iterator[bytes]:
        """The entries from the end back to `first`."""
        for stop in range(self.size, first, -_BACK):
            yield from reversed(list(self.store.entries(max(stop - _BACK, first), stop)))

    def _find_seen(self, size: int) -> Seen | None:
        """What the service's last record had seen, unless a head since then meets the policy."""
        known, seen = self._scribe.last_seen, None
        head = self.store.newest_published(below=size + 1)
        while seen is None and head is not None and (known is None or head.size > known.size):
            seen = self._quorum_of(Note.parse(head.note))
            head = self.store.newest_published(below=head.size)
        return seen or known


def _behind(time: int) -> Unavailable:
    return Unavailable(
        f"the clock is behind the newest head, which was signed at {print_instant(time)}",
        next_step="Set the clock, then repeat; where the clock was wrong then, wait, or found a successor (succeed)",
    )


def row_of(submission: Submission, where: str = "record") -> Row:
    """Rule 1 for one record."""
    entry = parse_entry(submission.entry, where=where)
    _check_disclosures(entry, submission.disclosures, where)
    return papers.row_of(entry, submission.disclosures)


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
