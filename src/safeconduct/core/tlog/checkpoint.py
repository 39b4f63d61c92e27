"""A log's head, as text (C2SP tlog-checkpoint). To people we say *record head*.

Rules: each line ends in LF.
 1. Origin: not empty, compared byte for byte.
 2. Size: decimal, below 2^63.
 3. Root: 32 bytes in base64.
 4. Extension lines, not empty: read, since other logs write them; our own heads have none (`policy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_base64, parse_decimal, print_base64
from safeconduct.core.tlog.tree import HASH_BYTES


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and root of a log."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> Self:
        """Printed back, it gives the same text."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise Malformed(
                "this is not a head of a log",
                where=where,
                next_step="Write origin, size and root, one a line",
            )
        root = parse_base64(lines[2], where=where)
        if len(root) != HASH_BYTES:
            raise Malformed(f"a root of {len(root)} bytes", where=where, next_step="Write 32 bytes in base64")
        return cls(lines[0], parse_decimal(lines[1], where=where), root, tuple(lines[3:]))

    def print(self) -> str:
        """The text that is signed."""
        return "".join(
            f"{line}\n" for line in (self.origin, self.size, print_base64(self.root), *self.extensions)
        )
