"""Whether an agreement and a route fit into one founding record (RECORD §1: 60 KiB, 44 KiB of text).

Rule:
 agreement.founding  both files, as JSON writes them, take at most 40 KiB; the rest is for keys and envelope
"""

from __future__ import annotations

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed

MAX_BYTES = 40 * 1024


def require_fit(agreement_text: str, route_text: str) -> None:
    """`Malformed` where the founding record would be too long."""
    size = len(canonical([agreement_text, route_text]))
    if size > MAX_BYTES:
        raise Malformed(
            f"agreement and route take {size:,} bytes; the founding record has room for {MAX_BYTES:,}",
            next_step="Simplify the line, or shorten the notes",
            rule="agreement.founding",
        )
