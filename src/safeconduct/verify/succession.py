"""A succession beside the log that it names: whether that log ended as it says.

Rules, in the order of the code:
 1. `succession.predecessor`: both are of one corridor. The predecessor's log signed the head that entry 0 names, its
    quorum cosigned it, and the archive has that root there, as far as it goes.
 2. `succession.agreement`: agreement, route, nature and roots are those in force at that head. Origin, log key and
    service key are new: a receipt is of one log.
 3. `succession.last`: neither the archive's own head, nor one that somebody kept, alone or in a receipt, is larger and
    has its quorum.
 4. `succession.lost`: the archive has no entry from `kept` on, and none of the records in `receipts`.
What breaks rules 1 and 2 is no successor: a failed proof. Rules 3 and 4 are findings about who signed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING, keyring_of
from safeconduct.core.agreement.inherited import Inherited, inherited, rotated, stands_in
from safeconduct.core.agreement.succession import Succession
from safeconduct.core.kernel.errors import Disproved, Fault, Malformed
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.tiles import WIDTH
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.verify.entries import Entries
from safeconduct.verify.files import CHECKPOINT, POLICY
from safeconduct.verify.first_look import founding_keys, keys_in
from safeconduct.verify.hashes import Roots
from safeconduct.verify.head import read_head, read_policy
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.verify.rules import ALL

_COMPARE = "Ask the other parties for their archives of both logs; until they agree, believe neither"


@dataclass(frozen=True, slots=True)
class Log:
    """A log that an archive proves; made by `read_log` from one whose audit found it sound."""

    archive: ArchiveBytes
    founding: Founding
    policy: Policy
    head: SignedHead

    @property
    def size(self) -> int:
        """How many entries the archive has."""
        return self.head.checkpoint.size

    def entries(self, stop: int | None = None) -> Iterator[bytes]:
        """Its entries, in their order."""
        entries = Entries(self.archive, self.size)
        return (entries.read(index) for index in range(self.size if stop is None else min(stop, self.size)))

    def governing(self, stop: int) -> Iterator[tuple[int, Entry]]:
        """The records of this corridor, by the keys in the log, that say who may what in its first entries."""
        bundles = range(-(-self.size // WIDTH))
        keys = {**keys_in((self.archive, self.size), bundles), **founding_keys(self.founding)}
        for index, text in enumerate(self.entries(stop)):
            try:
                entry = parse_entry(text)
            except Malformed:
                continue
            key = keys.get(entry.kid) if entry.evt in GOVERNING and entry.cor == self.founding.cor else None
            if key is not None and verify_entry(entry, key):
                yield index, entry


def read_log(archive: ArchiveBytes) -> Log:
    """What an archive says of itself; nothing of it is proved here."""
    policy = read_policy(archive.read(POLICY))
    head = read_head(archive.read(CHECKPOINT), policy)
    text = Entries(archive, head.checkpoint.size).read(0)
    return Log(archive, Founding.parse(parse_entry(text)), policy, head)


@dataclass(frozen=True, slots=True)
class Link:
    """A founding with its succession, beside the log that it goes on for."""

    newer: Founding
    said: Succession
    older: Log

    def faults(self) -> Iterator[Fault]:
        """Rules 1 and 2."""
        yield from self._head()  # 1
        older = self.older.founding
        if self.newer.cor != older.cor:
            yield fault("succession.predecessor", f"its predecessor is of corridor {older.cor}")
        if not _keys(self.newer).isdisjoint(_keys(older)):  # 2
            yield fault("succession.agreement", "a key of the predecessor's log or service goes on in it")
        if stands_in(self.newer) != self._inherited():
            what = "its agreement, route, nature or roots are not those in force at the head that it names"
            yield fault("succession.agreement", what)

    def _head(self) -> Iterator[Fault]:
        size, root = self.said.head.size, self.said.head.root
        try:
            head = self.older.policy.check(self.said.note, where="entry 0")
        except (Malformed, Disproved) as error:
            yield fault("succession.predecessor", f"the head that it names is not its predecessor's: {error}")
            return
        missing = self.older.policy.quorum.missing(head.cosigned)
        if missing:
            yield fault(
                "succession.predecessor", f"the head that it names has no quorum ({'; '.join(missing)})"
            )
        if size <= self.older.size and Roots(self.older.archive, self.older.size).at(size) != root:
            yield fault(
                "succession.predecessor", f"the predecessor's first {size} entries are not those of that head"
            )

    def _inherited(self) -> Inherited:
        """Rule 2, as far as the archive goes."""
        records = list(self.older.governing(self.said.head.size))
        ring = keyring_of(self.older.founding, records)
        return inherited(ring, (entry for _, entry in records if entry.evt == "amendment"))

    def rotated(self) -> Iterator[str]:
        """Which witnesses changed: whoever signed the succession agreed to that, so it is told, and no finding."""
        return rotated(self.older.founding, self.newer)

    def findings(self, kept: Iterable[tuple[str, Note]]) -> Iterator[Finding]:
        """Rules 3 and 4; `kept`: heads of the predecessor that somebody kept, and where; each must be signed."""
        size, policy = self.said.head.size, self.older.policy
        heads = [self.older.head, *(policy.check(note, where=where) for where, note in kept)]
        last = max(
            (head.checkpoint for head in heads if policy.quorum.met_by(head.cosigned)),
            key=lambda head: head.size,
            default=self.said.head,
        )
        if last.size > size:  # 3: one says it, however many receipts carry such a head
            found = f"one of {last.size} entries, root {last.root.hex()}, has its quorum"
            yield self._finding("succession.last", f"no larger head than that of {size} entries", found)
        if self.older.size > self.said.kept:  # 4
            found = f"an archive of it with {self.older.size} entries"
            yield self._finding(
                "succession.lost", f"no entry of the predecessor from {self.said.kept} on", found
            )
        given_up = {bytes.fromhex(leaf) for leaf in self.said.receipts}
        for index, text in enumerate(self.older.entries() if given_up else ()):
            leaf = leaf_hash(text)
            if leaf in given_up:
                found = f"entry {index} of the predecessor"
                yield self._finding("succession.lost", f"no record with leaf {leaf.hex()}", found)

    def _finding(self, rule: str, expected: str, found: str) -> Finding:
        guarantor = f"{self.newer.agreement.guarantor}/root"
        return Finding(rule, (0,), expected, found, (self.newer.leaf,), guarantor, ALL[rule].assumption)


def _keys(founding: Founding) -> set[bytes]:
    return {founding.log.public_key, founding.service_key}


def fault(rule: str, message: str) -> Fault:
    """What is wrong with an entry 0 that names a predecessor."""
    return Fault(message, "entry 0", _COMPARE, rule)
