"""Receipts (C2SP tlog-proof, v1): one entry, the head that holds it, and the way between, in one small file.

Rules:
 1. Lines: `c2sp.org/tlog-proof@v1`; `extra <base64>`, optional; `index <n>`; the hashes of the inclusion
    proof, one a line, leaf upwards; a blank line; the signed head, verbatim.
 2. `extra` proves nothing: nobody signed it.
 3. The head is valid under a policy (`policy`), and the proof leads from the entry to its root.
 4. Two grades: *logged* (the log's signature), *cosigned* (and the quorum).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import parse_base64, parse_decimal, print_base64
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tree import HASH_BYTES, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF = 63
MAX_BYTES = 1024 * 1024
_AGAIN = "Ask for the receipt again, from the log that gave it"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a submitter keeps: rule 1."""

    index: int
    proof: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    @classmethod
    def parse(cls, data: bytes, *, where: str = "") -> Self:
        """Printed back, it gives the same bytes."""
        head, blank, note = data.partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n") if len(data) <= MAX_BYTES else []
        if not blank or lines[:1] != [HEADER]:
            raise Malformed("this is not a receipt", where=where, next_step=f"Its first line is {HEADER}")
        rest = lines[1:]
        extra = None
        if rest and rest[0].startswith("extra "):
            extra = parse_base64(rest.pop(0)[6:], where=where)
        if not rest or not rest[0].startswith("index ") or len(rest) > 1 + MAX_PROOF:
            raise Malformed("this receipt has no index, or too many hashes", where=where, next_step=_AGAIN)
        index = parse_decimal(rest[0][6:], where=where)
        proof = tuple(parse_base64(line, where=where) for line in rest[1:])
        if any(len(step) != HASH_BYTES for step in proof):
            raise Malformed("a hash of this receipt is not 32 bytes", where=where, next_step=_AGAIN)
        return cls(index, proof, Note.parse(note, where=where), extra)

    def print(self) -> str:
        """Rule 1, written."""
        extra = [] if self.extra is None else [f"extra {print_base64(self.extra)}"]
        proof = [print_base64(step) for step in self.proof]
        return "\n".join([HEADER, *extra, f"index {self.index}", *proof, "", self.note.print()])

    def check(self, entry: bytes, policy: Policy, *, where: str = "") -> Literal["logged", "cosigned"]:
        """Rules 3 and 4; Disproved where the receipt does not hold."""
        head = policy.check(self.note, where=where)
        try:
            verify_inclusion(
                leaf_hash(entry),
                index=self.index,
                size=head.checkpoint.size,
                proof=self.proof,
                root=head.checkpoint.root,
            )
        except Disproved as error:
            raise Disproved.of(replace(fault, where=where) for fault in error.faults) from error
        return "logged" if head.time(policy) is None else "cosigned"
