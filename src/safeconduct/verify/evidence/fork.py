"""Two records of one log that one key cannot have signed one after another: its chain forks (RECORD §6).

Rules, in the order of the code:
 1. A key of the policy signed `head`; its log holds the record that enrols the key, and both records.
 2. The key signed both; they are two.
 3. They stand by `seq`, then by index. They have one `seq`; or one `prev`, and it names a record; or the second has
    the next `seq`, and names another record before it than the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.verify.evidence.logged import Enrolled, Logged, enrolled_in
from safeconduct.verify.evidence.members import Members
from safeconduct.verify.evidence.shown import Shown, in_words


@dataclass(frozen=True, slots=True)
class Fork:
    """Rules 1 to 3; nothing of it is checked yet."""

    kind: ClassVar[str] = "fork"
    names: ClassVar[tuple[str, ...]] = ("head", "key", "records")

    head: Note
    key: Logged
    records: tuple[Logged, Logged]

    @classmethod
    def read(cls, members: Members) -> Fork:
        """From the file."""
        one, other = (
            Logged.read(value, where=f"{members.where}.records") for value in members.pair("records")
        )
        key = Logged.read(members.value["key"], where=f"{members.where}.key")
        return cls(members.note("head"), key, (one, other))

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {
            "head": self.head.print(),
            "key": self.key.members(),
            "records": [record.members() for record in self.records],
        }

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return (self.head,)

    def check(self, policy: Policy) -> Shown:
        """Rules 1 to 3; Disproved where they do not hold."""
        head = policy.check(self.head, where="head")
        for logged in (self.key, *self.records):  # 1
            logged.check(head)
        one, other = (parse_entry(logged.record, where="records") for logged in self.records)
        key = enrolled_in(self.key, one.kid, where="key")
        if one.leaf == other.leaf or not (_is_by(one, key) and _is_by(other, key)):  # 2
            raise Disproved(
                "these are not two records that one key signed",
                where="records",
                next_step="Give both branches",
            )
        order = [(entry.seq, logged.index) for entry, logged in zip((one, other), self.records, strict=True)]
        how = _apart(one, other) if order == sorted(order) else ""
        if not how:  # 3
            raise Disproved(
                "the two records have two places in the chain, or stand in another order",
                where="records",
                next_step="There is nothing to prove: a key signs one after another",
            )
        entries = " and ".join(str(logged.index) for logged in self.records)
        return Shown(
            proved=True,
            proves=(
                (
                    f"The log {head.checkpoint.origin} holds two records, entries {entries}, that "
                    f"{key.in_words()}, signed {how}. A key signs one record after another."
                ),
                f"It holds them under a head of {in_words(head)}.",
            ),
            keys=(str(head.log_key), key.kid),
            leaves_open=(
                "Whether the key is in two hands, was copied with its device, or tells two stories.",
                "Which of the two records is true.",
                "That whoever enrolled the key was entitled to: an audit shows that.",
            ),
        )


def _is_by(entry: Entry, key: Enrolled) -> bool:
    return (entry.cor or key.cor) == key.cor and entry.kid == key.kid and verify_entry(entry, key.public_key)


def _apart(one: Entry, other: Entry) -> str:
    """Rule 3: how they contradict each other, in words; empty: they do not."""
    if one.seq == other.seq:
        return f"with one number, {one.seq}"
    if one.prev and one.prev == other.prev:
        return f"as the one that follows the record with leaf {one.prev}"
    if other.seq == one.seq + 1 and other.prev != one.leaf.hex():
        numbers = f"as numbers {one.seq} and {other.seq}"
        return f"{numbers}; but the later one follows another number {one.seq}, with leaf {other.prev}"
    return ""
