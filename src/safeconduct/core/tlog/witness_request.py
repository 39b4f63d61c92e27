"""What a witness is asked: `add-checkpoint` (C2SP tlog-witness), as bytes.

Rules, in the order of the code:
 1. `old <size>` LF; 0 to 63 lines of base64, 32 bytes each, LF; a blank line; the signed head, verbatim.
 2. The head is a note (`note`) whose text is a head (`checkpoint`); it may have extension lines.
 3. The old size is not larger than the head's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_base64, parse_decimal, print_base64
from safeconduct.core.tlog import note as notes
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tree import HASH_BYTES

MAX_PROOF = 63
MAX_BYTES = notes.MAX_BYTES + 4096
"""The longest note, and 63 lines of 45 bytes before it."""

_OLD = "old "
_WRITE = "Write `old <size>`, the proof's hashes, a blank line, the signed head"


@dataclass(frozen=True, slots=True)
class Request:
    """A head, and the proof that it goes on from the one of `old` entries. Nothing of it is verified yet."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    head: Checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Rules 1 to 3; printed back, it gives the same bytes."""
        before, blank, signed = data.partition(b"\n\n")
        lines = before.decode("ascii", "replace").split("\n")
        if len(data) > MAX_BYTES or not blank or not lines[0].startswith(_OLD) or len(lines) > 1 + MAX_PROOF:
            raise Malformed("this is no request to cosign a head", next_step=_WRITE)
        old = parse_decimal(lines[0].removeprefix(_OLD), where="old")
        proof = tuple(parse_base64(line, where="proof") for line in lines[1:])
        if any(len(step) != HASH_BYTES for step in proof):
            raise Malformed("a hash of the proof is not 32 bytes", where="proof", next_step=_WRITE)
        note = Note.parse(signed, where="head")
        head = Checkpoint.parse(note.text, where="head")
        if old > head.size:
            raise Malformed(
                f"old is {old}, and the head has {head.size} entries",
                where="old",
                next_step="Say which smaller head the proof begins with",
            )
        return cls(old, proof, note, head)


def print_request(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    """Rule 1, written."""
    lines = [f"{_OLD}{old}", *map(print_base64, proof), "", note.print()]
    return "\n".join(lines).encode()
