"""What a log does not hold: a record that was offered, a number of a key's chain. That takes an archive.

No file proves that something is in no entry of a log. It says what should be there, and since when; whether it is
there, the auditor says of an archive that goes on from the head in the file.

Rules, in the order of the code:
 1. A key of the policy signed `head`; its log holds the record that enrols the signer's key; the key signed `record`.
 2. `withheld`: `record` is the one that was offered, or says that another one was (kind `offered`). `answer`, where it
    is not empty, is the signed time of a witness of the policy that had `record` in its hands.
 3. `hole`: the log holds `record`, and it is not the first one of its key.
 4. With an archive: its policy is that of the file, it has the head's root at the head's size, it is sound; and the
    auditor finds in it what the file says, about this record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.witness import received_at
from safeconduct.verify.evidence.logged import Enrolled, Logged, enrolled_in
from safeconduct.verify.evidence.members import Members
from safeconduct.verify.evidence.shown import Shown, in_words

_ARCHIVE = "an archive of this log that goes on from that head: --archive"
_BY_RIGHT = "That whoever enrolled the key was entitled to: an audit shows that."


@dataclass(frozen=True, slots=True)
class Claim:
    """What the auditor must find in an archive: by which rule, about the record with which leaf."""

    rule: str
    leaf: str
    offers: bytes = b""
    """What it is told that was offered (verify/kept)."""
    dated: str = ""
    """Since when it must say that it was."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Rules 1 and 3; nothing of it is checked yet."""

    kind: ClassVar[str] = "hole"
    names: ClassVar[tuple[str, ...]] = ("head", "key", "record")

    head: Note
    key: Logged
    record: Logged

    @classmethod
    def read(cls, members: Members) -> Hole:
        """From the file."""
        key = Logged.read(members.value["key"], where=f"{members.where}.key")
        record = Logged.read(members.value["record"], where=f"{members.where}.record")
        return cls(members.note("head"), key, record)

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {"head": self.head.print(), "key": self.key.members(), "record": self.record.members()}

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return (self.head,)

    def check(self, policy: Policy) -> Shown:
        """Rules 1 and 3: what the file shows alone."""
        head = policy.check(self.head, where="head")
        self.record.check(head)
        entry, key = _signed(self.record.record, self.key, head)
        if entry.seq == 0:
            raise Disproved(
                "it is the first record of its key", where="record", next_step="There is nothing before it"
            )
        return Shown(
            proved=False,
            proves=(
                (
                    f"The log {head.checkpoint.origin} holds a record, entry {self.record.index}: {key.in_words()}, "
                    f"signed it as its number {entry.seq}: by its own count it signed every number below."
                ),
                f"It holds it under a head of {in_words(head)}.",
            ),
            keys=(str(head.log_key), key.kid),
            leaves_open=("Who has the record that is missing: its signer, or the log's operator.", _BY_RIGHT),
            needs=(_ARCHIVE,),
        )

    def claim(self, _: Policy) -> Claim:
        """Rule 4."""
        return Claim("chain.hole", self.record.leaf.hex())


@dataclass(frozen=True, slots=True)
class Withheld:
    """Rules 1 and 2; nothing of it is checked yet."""

    kind: ClassVar[str] = "withheld"
    names: ClassVar[tuple[str, ...]] = ("answer", "head", "key", "record")

    head: Note
    key: Logged
    record: bytes
    answer: Note | None

    @classmethod
    def read(cls, members: Members) -> Withheld:
        """From the file."""
        key = Logged.read(members.value["key"], where=f"{members.where}.key")
        answer = members.note("answer") if members.text("answer") else None
        return cls(members.note("head"), key, members.ascii("record"), answer)

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {
            "head": self.head.print(),
            "key": self.key.members(),
            "record": self.record.decode("ascii"),
            "answer": self.answer.print() if self.answer else "",
        }

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return (self.head, *((self.answer,) if self.answer else ()))

    def check(self, policy: Policy) -> Shown:
        """Rules 1 and 2: what the file shows alone."""
        head = policy.check(self.head, where="head")
        entry, key = _signed(self.record, self.key, head)
        time, witness = self._received(policy)
        offered = f" It says that the record with leaf {_leaf(entry)} was offered." if _tells(entry) else ""
        held = f"The witness {witness} had it at {print_instant(time)}." if time is not None else ""
        return Shown(
            proved=False,
            proves=(
                (
                    f"In the corridor of log {head.checkpoint.origin}, {key.in_words()}, signed the record with leaf "
                    f"{entry.leaf.hex()}.{offered}"
                ),
                *((held,) if held else ()),
            ),
            keys=(str(head.log_key), key.kid, *((witness,) if held else ())),
            leaves_open=(
                "That the log's operator was given the record: who offers it says so, and so can a witness.",
                *(
                    ()
                    if held
                    else ("When it was offered: without a witness's answer that is its signer's word.",)
                ),
                _BY_RIGHT,
            ),
            needs=(_ARCHIVE,),
        )

    def claim(self, policy: Policy) -> Claim:
        """Rule 4. What a witness dates was offered then; else the record's own time counts.

        The record goes along: the auditor refuses one that could not be logged.
        """
        entry = parse_entry(self.record, where="record")
        time, _ = self._received(policy)
        leaf = _leaf(entry)
        if time is None or _tells(entry):
            return Claim("offered.withheld", leaf, self.record)
        dated = print_instant(time)
        return Claim("offered.withheld", leaf, b"%b\n%b\n" % (self.record, f"{leaf} {dated}".encode()), dated)

    def _received(self, policy: Policy) -> tuple[int | None, str]:
        """Rule 2: when, and by whose word."""
        if self.answer is None:
            return None, ""
        for each in policy.witnesses:
            if self.answer.lines_of(each.key):
                return received_at(self.answer, self.record, each.key, where="answer"), str(each.key)
        raise Disproved(
            "no witness of the policy gave this answer", where="answer", next_step="Ask your own witness"
        )


def _signed(record: bytes, key: Logged, head: SignedHead) -> tuple[Entry, Enrolled]:
    """Rule 1."""
    key.check(head)
    entry = parse_entry(record, where="record")
    enrolled = enrolled_in(key, entry.kid, where="key")
    if entry.cor != enrolled.cor or not verify_entry(entry, enrolled.public_key):
        raise Disproved(
            "this key did not sign it, for this corridor", where="record", next_step="Keep it: it was altered"
        )
    return entry, enrolled


def _tells(entry: Entry) -> bool:
    """Whether it is the word of somebody who offered another one."""
    return entry.evt == "offered"


def _leaf(entry: Entry) -> str:
    """Of the record that should be in the log."""
    leaf: str = entry.payload["leaf"] if _tells(entry) else entry.leaf.hex()
    return leaf
