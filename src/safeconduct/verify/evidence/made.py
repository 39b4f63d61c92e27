"""Evidence made from an archive: of what its audit found.

What is made here holds by itself, checked as a stranger would, or it is not given out.

Rules, in the order of the code:
 1. `chain.fork`, `chain.prev`: the two records. Where the auditor names only the second, the first is looked for.
 2. `chain.hole`: the record that shows it. `private.two_digests`: the record.
 3. `offered.withheld`: the `offered` record in the log, or the record in a file of offers. A line `LEAF TIME` is
    nobody's signed word: it is no evidence. A witness's answer to the offer of that record goes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safeconduct.core.agreement.govern import keyring_of
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.record.entry import parse_entry, verify_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.proofs import inclusion_proof
from safeconduct.verify.entries import Entries
from safeconduct.verify.evidence.absence import Hole, Withheld
from safeconduct.verify.evidence.check import Absent, Alone, Evidence
from safeconduct.verify.evidence.digests import TwoDigests
from safeconduct.verify.evidence.fork import Fork
from safeconduct.verify.evidence.logged import Logged, signed_in
from safeconduct.verify.files import CHECKPOINT
from safeconduct.verify.hashes import Roots
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.verify.report import Report
from safeconduct.verify.succession import Log, read_log

_CHAIN = ("chain.fork", "chain.prev")
_SHOWN = (*_CHAIN, "chain.hole", "private.two_digests", "offered.withheld")
"""Rules whose findings can be shown by a file."""


def _holding(evidence: Evidence) -> Evidence:
    evidence.check()
    return evidence


def of_findings(
    report: Report, archive: ArchiveBytes, offers: Iterable[Kept] = (), answers: Iterable[Kept] = ()
) -> Iterator[tuple[str, Evidence | None]]:
    """Rules 1 to 3: for each finding of these kinds its rule, and the evidence; None where it cannot be shown so."""
    if report.head is None:
        raise (Malformed if report.failed == Malformed.exit_code else Disproved).of(report.faults)
    findings = [each for each in report.findings if each.rule in _SHOWN]
    if findings:
        notes = tuple(Note.parse(kept.data, where=kept.name) for kept in answers)
        maker = _Maker(read_log(archive), tuple(_records(offers)), notes)
        maker.look_for_first([each for each in findings if each.rule in _CHAIN and len(each.entries) == 1])
        for each in findings:
            yield each.rule, maker.of(each)


def _records(offers: Iterable[Kept]) -> Iterator[bytes]:
    """Rule 3."""
    return (line for kept in offers for line in kept.data.split(b"\n") if line.count(b".") == 2)


@dataclass(slots=True)
class _Maker:
    """Evidence from one log."""

    log: Log
    offers: tuple[bytes, ...]
    answers: tuple[Note, ...]
    ring: Keyring = field(init=False)
    entries: Entries = field(init=False)
    roots: Roots = field(init=False)
    head: Note = field(init=False)
    first: dict[tuple[str, int], int] = field(default_factory=dict)
    """By key and number, of those that were looked for."""

    def __post_init__(self) -> None:
        archive, size = self.log.archive, self.log.size
        self.ring = keyring_of(self.log.founding, list(self.log.governing(size)))
        self.entries, self.roots = Entries(archive, size), Roots(archive, size)
        self.head = Note.parse(archive.read(CHECKPOINT), where=CHECKPOINT)

    def look_for_first(self, findings: list[Finding]) -> None:
        """Rule 1: the first record of the same key and number, in one pass over the log."""
        wanted = {self._number(each.entries[0]) for each in findings}
        for index in range(self.log.size if wanted else 0):
            try:
                entry = parse_entry(self.entries.read(index))
            except Malformed:
                continue
            enrolment = self.ring.keys.get(entry.kid) if (entry.kid, entry.seq) in wanted else None
            if enrolment is not None and verify_entry(entry, enrolment.public_key):
                self.first.setdefault((entry.kid, entry.seq), index)

    def _number(self, index: int) -> tuple[str, int]:
        told = self.entries.told(index)
        return told.kid, told.payload["seq"]

    def of(self, finding: Finding) -> Evidence | None:
        """None: not to be shown by a file."""
        try:
            shown = self._shown(finding)
            return None if shown is None else _holding(Evidence(self.log.policy.print(), shown))
        except (Malformed, Disproved):
            return None

    def _shown(self, finding: Finding) -> Alone | Absent | None:
        if finding.rule == "offered.withheld":
            return self._withheld(finding)
        index = finding.entries[-1]
        key = self._key(signed_in(self.entries.read(index), where=f"entry {index}").kid)
        if key is None:
            return None
        match finding.rule:
            case "chain.hole":
                return Hole(self.head, key, self._logged(index))
            case "private.two_digests":
                return TwoDigests(self.head, key, self._logged(index))
            case _:
                return self._fork(finding, key)

    def _logged(self, index: int) -> Logged:
        proof = inclusion_proof(self.roots.read, index=index, size=self.log.size)
        return Logged(self.entries.read(index), index, tuple(proof))

    def _key(self, kid: str) -> Logged | None:
        enrolment = self.ring.keys.get(kid)
        return None if enrolment is None else self._logged(enrolment.index)

    def _fork(self, finding: Finding, key: Logged) -> Fork | None:
        """Rule 1."""
        index = finding.entries[-1]
        other = finding.entries[0] if len(finding.entries) > 1 else self.first[self._number(index)]
        if other == index:
            return None
        both = [self._logged(other), self._logged(index)]
        one, two = sorted(both, key=lambda each: (parse_entry(each.record).seq, each.index))
        return Fork(self.head, key, (one, two))

    def _withheld(self, finding: Finding) -> Withheld | None:
        """Rule 3."""
        if finding.entries:
            records: tuple[bytes, ...] = (self.entries.read(finding.entries[-1]),)
        else:
            records = self.offers
        for record in records:
            entry = parse_entry(record)
            leaf = entry.payload["leaf"] if entry.evt == "offered" else entry.leaf.hex()
            key = self._key(entry.kid) if leaf in finding.evidence else None
            if key is not None:
                return Withheld(self.head, key, record, self._answer(entry.leaf))
        return None

    def _answer(self, leaf: bytes) -> Note | None:
        """What a witness answered to the offer of the record with this leaf, where it is at hand."""
        of_it = (note for note in self.answers if note.text.partition("\n")[0].endswith(f"/{leaf.hex()}"))
        return next(of_it, None)
