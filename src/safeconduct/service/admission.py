"""What is handed in, judged item by item, and put into the log as one batch: good items enter although others fail.

Rules, in the order of the code:
 1. What `parse_entry` refuses is refused, with every fault; so is a disclosure of no field of it, or one twice.
 2. In a log that is not live every submission from outside says its `nature`; what is said must be the log's.
 3. It is of this corridor.
 4. The same bytes again get the same receipt, for ever. Other bytes under one `jti` are `Conflict`.
 5. A key that the log has not enrolled by then, earlier items of the batch included, gets a signed refusal. So does
    everything but what runs on, once a closing is in force (`closing`); it says where to go with it.
 6. The key signed it.
 7. Permissions are decided (`permission`); a refusal names item, rule and agreement, and is signed. Observations
    enter.
 8. An answer is given after the commit only. If it fails, nobody has one: who repeats, gets what is in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from safeconduct.core.agreement.closing import RUNS_ON
from safeconduct.core.agreement.enrolment import Enrolment
from safeconduct.core.kernel.errors import Conflict, Fault, Malformed, SafeconductError
from safeconduct.core.passage.decide import Reason
from safeconduct.core.record.disclosure import reveal
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.tlog.note import Note, Signer
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.service.closing import AFTER, NEXT, said_of
from safeconduct.service.ledger import Ledger
from safeconduct.service.papers import row_of
from safeconduct.service.permission import SENTENCE, reasons_against
from safeconduct.service.ports import Clock, Row
from safeconduct.service.refusal import Refusal, sign_refusal
from safeconduct.service.sequence import Sequencer, Submission

_NEXT = "Keep the signed refusal; meet the rule, then sign a new record"


class Refused(SafeconductError):
    """It was read, and may not be: the signed refusal says so to others too."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class HandedIn(Submission):
    """A submission from outside, and of which nature its sender takes this corridor to be."""

    nature: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission: a receipt, or an error."""

    receipt: Receipt | None = None
    repeated: bool = False
    error: SafeconductError | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A submission after rule 1, and the key that is known to have signed it, if one was found so early."""

    submission: Submission
    entry: Entry | SafeconductError
    signed_by: bytes = b""


_Judged: TypeAlias = Outcome | tuple[int | str, bool]
"""An error; or an index in the log, or the `jti` of a record of this batch, and whether it is a repeat."""


@dataclass(slots=True)
class _Batch:
    """What goes into the log together; the first of it will stand at `first`."""

    first: int
    there: Mapping[str, int]
    """Where those stand that are in the log already, by their `jti`."""
    rows: list[Row] = field(default_factory=list)
    by_jti: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def next(self) -> int:
        """Where the next one will stand."""
        return self.first + len(self.rows)

    def add(self, entry: Entry, disclosures: tuple[str, ...]) -> None:
        """One more."""
        self.by_jti[entry.jti] = self.next, entry.text
        self.rows.append(row_of(entry, disclosures))


class Admission:
    """The door of one sequencer's log. One thread uses it."""

    def __init__(self, log: Sequencer, *, service: Signer, clock: Clock) -> None:
        """`service` signs refusals."""
        self._log, self._service, self._clock = log, service, clock
        self._ledger = Ledger(log)
        self._keys: Mapping[str, Enrolment] = {}

    def read(self, submission: Submission) -> Read:
        """Rule 1, and rule 6 for a key that an earlier batch knew. Any thread may, before its turn comes."""
        try:
            entry = _parsed(submission)
        except SafeconductError as error:
            return Read(submission, error)
        known = self._keys.get(entry.kid)
        signed = known is not None and verify_entry(entry, known.public_key)
        return Read(submission, entry, known.public_key if known is not None and signed else b"")

    def admit(self, submissions: Sequence[Submission | Read]) -> list[Outcome]:
        """An outcome for each, in their order."""
        self._log.settle()
        self._ledger.read_on()
        read = [each if isinstance(each, Read) else self.read(each) for each in submissions]  # 1
        jtis = {each.entry.jti for each in read if isinstance(each.entry, Entry)}
        batch = _Batch(self._log.next, self._log.store.indices_of(jtis))
        try:
            judged = [self._judge(each, batch) for each in read]
            if batch.rows:
                self._log.commit(batch.rows)
                self._ledger.committed()
                self._keys = self._ledger.ring.keys
        except BaseException:
            self._ledger.forget()
            raise
        return self._outcomes(judged, batch)  # 8

    def _outcomes(self, judged: Sequence[_Judged], batch: _Batch) -> list[Outcome]:
        """Once all is committed."""
        fresh = self._receipts(batch)

        def receipt(place: int | str) -> Receipt:
            return self._log.receipt(place) if isinstance(place, int) else fresh[place]

        return [
            each if isinstance(each, Outcome) else Outcome(receipt(each[0]), repeated=each[1])
            for each in judged
        ]

    def _receipts(self, batch: _Batch) -> dict[str, Receipt]:
        """What `receipt` of the log gives for each of a batch, together: neighbours share most of their proofs."""
        if not batch.rows:
            return {}
        head, prover = self._log.head, self._log.hashes.prover
        note = Note.parse(head.note)
        return {
            jti: Receipt(index, tuple(prover.inclusion(index=index, size=head.size)), note)
            for jti, (index, _) in batch.by_jti.items()
        }

    def _judge(self, read: Read, batch: _Batch) -> _Judged:
        """Rules 2 to 7."""
        entry = read.entry
        if not isinstance(entry, Entry):
            return Outcome(error=entry)
        try:
            self._check_nature(read.submission)  # 2
            if entry.cor != self._log.founding.cor:  # 3
                raise Malformed(
                    "this record is of another corridor",
                    where="$.cor",
                    next_step=f"Hand it in there; this one is {self._log.founding.cor}",
                    rule="record.corridor",
                )
            known = self._known(entry, batch)  # 4
        except SafeconductError as error:
            return Outcome(error=error)
        return self._decide(read, entry, batch) if known is None else (known, True)

    def _check_nature(self, submission: Submission) -> None:
        if not isinstance(submission, HandedIn):  # from a program of ours, which has looked
            return
        nature = self._log.founding.nature
        if submission.nature != nature and (submission.nature is not None or nature != "live"):
            said = (
                "says nothing"
                if submission.nature is None
                else f"is for one that is {submission.nature!r:.20}"
            )
            raise Malformed(
                f"this log is founded as {nature}, and the submission {said}",
                where="nature",
                next_step=f'Hand in {nature} records only, with "nature": "{nature}"',
                rule="record.nature",
            )

    def _known(self, entry: Entry, batch: _Batch) -> int | str | None:
        """Where the same record is, in the log or earlier in the batch."""
        place: int | str | None = batch.there.get(entry.jti)
        if isinstance(place, int):
            text = next(self._log.store.entries(place, place + 1))
        elif entry.jti in batch.by_jti:
            place, (_, text) = entry.jti, batch.by_jti[entry.jti]
        else:
            return None
        if text != entry.text:
            raise Conflict(
                f"another record with the jti {entry.jti} is there already",
                where="$.jti",
                next_step="Give a new record a new jti; a repeat is the same bytes",
                rule="record.repeated",
            )
        return place

    def _decide(self, read: Read, entry: Entry, batch: _Batch) -> _Judged:
        ring = self._ledger.ring
        enrolment, version = ring.keys.get(entry.kid), ring.version.agreement.version
        if ring.closing is not None and entry.evt not in RUNS_ON:  # 5
            reason = Reason(said_of(ring.closing, ring.closed_from), AFTER, version)
            return self._refused(entry, (reason,), next_step=NEXT)
        if enrolment is None:
            return self._refused(entry, (Reason(f"key {entry.kid}", "key.unknown", version),))
        key = enrolment.public_key
        if read.signed_by != key and not verify_entry(entry, key):  # 6
            error = Malformed(
                "the signature fails",
                where="$",
                next_step="Sign these very bytes with the key that the header names",
                rule="record.signature",
            )
            return Outcome(error=error)
        reasons = reasons_against(entry, batch.next, self._ledger, self._clock.now())  # 7
        if reasons:
            return self._refused(entry, reasons)
        batch.add(entry, read.submission.disclosures)
        return entry.jti, False

    def _refused(self, entry: Entry, reasons: tuple[Reason, ...], *, next_step: str = _NEXT) -> Outcome:
        """Every reason, for the one who can act; and signed, for those who are shown it."""
        words = [f"{each.item}: {each.rule} of agreement version {each.agreement}" for each in reasons]
        error = Refused.of(
            Fault(
                f"refused under agreement version {each.agreement}: {SENTENCE[each.rule]}",
                each.item,
                next_step,
                each.rule,
            )
            for each in reasons
        )
        refusal = Refusal(
            aud=self._log.founding.cor,
            leaf=entry.leaf.hex(),
            iat=self._clock.now(),
            rule=reasons[0].rule,
            why="; ".join(words),
        )
        return Outcome(error=error, refusal=sign_refusal(refusal, self._service))


def _parsed(submission: Submission) -> Entry:
    """Rule 1."""
    entry = parse_entry(submission.entry)
    reveal(entry, submission.disclosures, where="disclosures")
    if len(set(submission.disclosures)) != len(submission.disclosures):
        hint = "Hand over each one once"
        raise Malformed(
            "a disclosure is there twice", where="disclosures", next_step=hint, rule="disclosures.twice"
        )
    return entry


def admit(log: Sequencer, submissions: Sequence[Submission | Read]) -> list[Outcome]:
    """One batch into this log. What its door has learnt is kept for the next one."""
    return door_of(log).admit(submissions)


@lru_cache(maxsize=1)
def door_of(log: Sequencer) -> Admission:
    """The door of this log, the same one as long as nobody asks for that of another."""
    return Admission(log, service=log.service, clock=log.clock)
