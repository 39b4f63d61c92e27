"""A receipt whose record is not in the log: another one stands in its place under another signed head.

Rules, in the order of the code:
 1. The receipt holds for the record (C2SP tlog-proof): it stood at its index under the receipt's head. The receipt
    has no `extra` line: nobody signed it.
 2. The same key signed `head`, for the same log.
 3. The proof leads from `leaf`, at the same index, to the root of `head`; and `leaf` is not the record's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tree import leaf_hash, verify_inclusion
from safeconduct.verify.evidence.members import AGAIN, Members
from safeconduct.verify.evidence.shown import Shown, check_of_one_log, in_words, witnesses_of_both


@dataclass(frozen=True, slots=True)
class OtherRecord:
    """Rules 1 to 3; nothing of it is checked yet."""

    kind: ClassVar[str] = "receipt"
    names: ClassVar[tuple[str, ...]] = ("head", "leaf", "proof", "receipt", "record")

    receipt: Receipt
    record: bytes
    head: Note
    leaf: bytes
    """What stands at the receipt's index under `head`."""
    proof: tuple[bytes, ...]

    @classmethod
    def read(cls, members: Members) -> OtherRecord:
        """From the file."""
        receipt = Receipt.parse(members.text("receipt").encode(), where=f"{members.where}.receipt")
        if receipt.extra is not None:  # 1
            raise Malformed(
                "this receipt has an extra line", where=f"{members.where}.receipt", next_step=AGAIN
            )
        return cls(
            receipt,
            members.ascii("record"),
            members.note("head"),
            members.hash("leaf"),
            members.hashes("proof"),
        )

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {
            "receipt": self.receipt.print(),
            "record": self.record.decode("ascii"),
            "head": self.head.print(),
            "leaf": self.leaf.hex(),
            "proof": [step.hex() for step in self.proof],
        }

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return self.receipt.note, self.head

    def check(self, policy: Policy) -> Shown:
        """Rules 1 to 3; Disproved where they do not hold."""
        self.receipt.check(self.record, policy, where="receipt")  # 1
        given = policy.check(self.receipt.note, where="receipt")
        now = policy.check(self.head, where="head")
        check_of_one_log(given, now)  # 2
        index, head = self.receipt.index, now.checkpoint
        verify_inclusion(self.leaf, index=index, size=head.size, proof=self.proof, root=head.root)  # 3
        own = leaf_hash(self.record)
        if own == self.leaf:
            raise Disproved(
                "the record stands where its receipt says",
                where="leaf",
                next_step="There is nothing to prove",
            )
        both = witnesses_of_both(given, now, policy)
        return Shown(
            proved=True,
            proves=(
                (
                    f"The key of the log {head.origin} acknowledged the record with leaf {own.hex()} as entry {index}, "
                    f"under a head of {in_words(given)}."
                ),
                (
                    f"The same key signed a head of {in_words(now)}, whose entry {index} is another record, with leaf "
                    f"{self.leaf.hex()}. No one log has both."
                ),
                *(f"The witness {key.name} cosigned both heads." for key in both),
            ),
            keys=tuple(map(str, (given.log_key, *both))),
            leaves_open=(
                "That the record is nowhere else in that log: an archive of it shows that.",
                "What the record says, who signed it, and whether it is true.",
                "Who signed: whoever holds the log's key, by right or not. Nor which of the two heads came first.",
            ),
        )
