"""A party's witness at work: it decides (`core/tlog/witness`), remembers, and only then answers.

Rules, in the order of the code:
 1. What a 200 depends on is durable before it is returned. Where another request was first, it is decided anew
    against what is there now.
 2. Evidence is kept before the refusal is returned.
 3. An offer is a record in its own bytes, of the corridor and by a key that the archive beside this witness knows, as
    enrolled and not revoked. Without an archive nothing is taken: a list of offers that anybody can write to would
    accuse for them.
 4. The answer to an offer is the head of a log of this record alone, cosigned with the time; the first answer stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Conflict, Malformed
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.witness import (
    Answer,
    Cosigned,
    Decision,
    Evidence,
    behind,
    monitoring_path,
    receive,
)
from safeconduct.service.ports import Clock

_ATTEMPTS = 5
MOST_OFFERS = 100_000


class Offer(NamedTuple):
    """A record that was offered, when, and what was answered."""

    leaf: bytes
    time: int
    record: bytes
    note: bytes


class WitnessMemory(Protocol):
    """What a witness must not forget.

    1. Once `cosigned`, `keep` or `offer` returns, what they were given survives a power cut.
    2. Of two who saw the same `before`, in any process, one gets `Conflict`.
    3. After `Unavailable` it is the old or the new one, never a mixture.
    """

    def last(self, origin: str) -> Cosigned | None:
        """What was cosigned last of a log."""
        ...

    def heads(self) -> list[Cosigned]:
        """The same of every log."""
        ...

    def latest(self) -> int:
        """The time of the newest cosignature, on whatever; 0 before the first."""
        ...

    def cosigned(self, before: Cosigned | None, now: Cosigned) -> None:
        """From `before` to `now`."""
        ...

    def keep(self, evidence: Evidence, now: int) -> None:
        """A signed head that contradicts what was cosigned."""
        ...

    def offered(self, leaf: bytes) -> Offer | None:
        """The offer of the record with this leaf."""
        ...

    def offer(self, offer: Offer) -> None:
        """One more; the first of a record stays."""
        ...

    def offer_count(self) -> int:
        """How many there are."""
        ...


class Enrolled(Protocol):
    """Whose records a party's archive knows."""

    def keyring(self) -> Keyring:
        """As the archive's newest head leaves it; Unavailable where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Witnessing:
    """One witness, ready to be asked. `enrolled` None: it takes no offers."""

    decision: Decision
    memory: WitnessMemory
    clock: Clock
    enrolled: Enrolled | None = None

    def add_checkpoint(self, data: bytes) -> Answer:
        """Rules 1 and 2."""
        for _ in range(_ATTEMPTS):
            before: list[Cosigned | None] = []

            def last(origin: str, before: list[Cosigned | None] = before) -> Cosigned | None:
                before.append(self.memory.last(origin))
                return before[0]

            now = self.clock.now()
            answer = self.decision.answer(data, last, now=now, latest=self.memory.latest())
            if answer.evidence is not None:
                self.memory.keep(answer.evidence, now)  # 2
            if answer.kept is None:
                return answer
            try:
                self.memory.cosigned(before[0], answer.kept)  # 1
            except Conflict:
                continue
            # Crash here: cosigned, and nobody was told. Whoever asks again is told the size, or gets a fresh time.
            return answer
        return Answer(503, "other heads of this log are being cosigned; repeat\n", retry_after_s=1)

    def monitored(self, path: str) -> Note | None:
        """The last cosigned head of the log with this path (`monitoring_path`), with both signatures."""
        found = (head.note for head in self.memory.heads() if monitoring_path(head.head.origin) == path)
        return next(found, None)

    def receive(self, record: bytes) -> Answer:
        """Rules 3 and 4: the note that says when this record was here."""
        try:
            entry = parse_entry(record)
        except Malformed as error:
            return Answer(400, f"{error}\n")
        if self.enrolled is None:
            return Answer(503, "this witness has no archive beside it, so it knows no enrolled key\n")
        said = _why_not(entry, self.enrolled.keyring())  # 3
        if said:
            return Answer(403, f"{said}\n")
        known = self.memory.offered(entry.leaf)
        if known is not None:  # 4
            return Answer(200, known.note.decode())
        now, latest = self.clock.now(), self.memory.latest()
        if now < latest:
            return behind(now, latest)
        if self.memory.offer_count() >= MOST_OFFERS:
            return Answer(503, "this witness has no room for more offers\n", retry_after_s=3600)
        note = receive(record, self.decision.key, self.decision.signer, now=now)
        self.memory.offer(Offer(entry.leaf, now, record, note.print().encode()))
        kept = self.memory.offered(entry.leaf)
        return Answer(200, (note.print() if kept is None else kept.note.decode()))


def _why_not(entry: Entry, ring: Keyring) -> str:
    """Rule 3; empty where it is taken."""
    enrolment = ring.keys.get(entry.kid)
    if entry.cor != ring.founding.cor:
        return f"this record is of another corridor; this witness's archive is of {ring.founding.cor}"
    if enrolment is None or ring.is_revoked(entry.kid):
        return f"the archive of this witness knows no good key {entry.kid}; hand the record in once it is enrolled"
    if not verify_entry(entry, enrolment.public_key):
        return "the signature fails"
    return ""
