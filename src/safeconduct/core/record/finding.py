"""What rules found in the record: a contradiction or a breach, with its evidence. It accuses nobody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One rule that does not hold, where, and what shows it."""

    rule: str
    entries: tuple[int, ...]
    """Indices in the log, the one that completes the finding last."""
    expected: str
    found: str
    evidence: tuple[str, ...]
    """Leaves (hex) of the records that show it."""
    touches: str
    """Whose duty it was: an `iss`, a post or a seat; never a person."""
    assumption: str
    provisional: bool = False
    """True while records that may end it can still come in (RECORD §6)."""
