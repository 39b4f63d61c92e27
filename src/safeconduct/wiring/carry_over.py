"""A corridor that began in its folder's SQLite file goes on in PostgreSQL: carried over whole, once, and never back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.kernel.errors import Conflict, Unavailable
from safeconduct.service.ports import Row, Store, StoredHead


class Empty(Store, Protocol):
    """A store that takes over another one's content."""

    def take_over(
        self, rows: Iterable[Row], committed: Iterable[StoredHead], published: Iterable[StoredHead]
    ) -> None:
        """All of it or nothing, and only where nothing is yet."""
        ...


def carry_over(source: SqliteStore, target: Empty) -> None:
    """After this the log is in `target` and nothing can be appended to `source`; a repeat is harmless."""
    if source.is_here():
        with source.handed_over():
            if target.size() == 0:
                target.take_over(source.rows(), source.committed(), source.published())
            # Crash here: the log is in both, nothing was appended to either. The repeat finds them equal.
            _check_same(source, target)
    elif target.size() == 0:
        raise Unavailable(
            "this corridor's log was handed over to another database than this one, which is empty",
            where="DATABASE_URL",
            next_step="Name the database that has it, or restore a backup of it",
        )
    if [*source.entries(0, 1)] != [*target.entries(0, 1)]:
        raise Conflict(
            "this database holds another corridor's log",
            where="DATABASE_URL",
            next_step="Name an empty database, or the one of this corridor",
        )


def _check_same(source: Store, target: Store) -> None:
    if source.committed() != target.committed():
        raise Conflict(
            "the folder's log and the one in this database are not the same",
            where="DATABASE_URL",
            next_step="Name an empty database: the folder's log is carried over into it",
        )
