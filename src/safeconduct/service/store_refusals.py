"""What every store refuses, in the same words (`ports.Store`, by promise)."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.core.kernel.errors import Conflict, Unavailable
from safeconduct.service.ports import Row


def check_rows(rows: Sequence[Row]) -> None:
    """A batch that no caller of ours may hand in: a defect, not an event."""
    if not rows:
        raise ValueError("a batch has at least one row")
    if not all(row.entry and row.jti and row.kind for row in rows):
        raise ValueError("a row has an entry, its jti and its kind")


def another_was_first(expected: int, found: int) -> Conflict:
    """Promise 3."""
    return Conflict(
        f"the log has {found} entries, not {expected}: somebody else appended first",
        next_step="Read the head again, then repeat",
    )


def repeated_jti() -> Conflict:
    """Promise 6."""
    return Conflict(
        "a record with this jti is in the log already",
        next_step="Give a new record a new jti",
        rule="record.repeated",
    )


def never_committed(size: int) -> Conflict:
    """Promise 7."""
    return Conflict(f"no head of size {size} was committed", next_step="Publish committed heads only")


def writing_elsewhere(where: str) -> Unavailable:
    """Promise 9, while somebody else holds the right to write."""
    return Unavailable("another program is writing", where=where, next_step="Wait for it, then repeat")
