"""The right to sequence: one process has it, and a dead process cannot hold it.

In the folder it is a lock of the operating system on `sequencer.lock`; over a PostgreSQL an advisory lock besides,
on a connection that is held open. Neither is written down anywhere: whoever dies, however, lets go. Two who both
believed that they have it would still be told apart by the store's compare-and-swap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from safeconduct.adapters.file_lock import held_elsewhere
from safeconduct.core.kernel.errors import SafeconductError, Unavailable

LOCK = "sequencer.lock"


class Lock(Protocol):
    """What one process at a time holds."""

    def take(self) -> None:
        """Takes it, if this process does not hold it; Unavailable where another one does."""
        ...

    def release(self) -> None:
        """Lets go; harmless where it is not held."""
        ...


@dataclass(slots=True)
class PostgresLock:
    """On the tables of the log in one PostgreSQL. `conninfo`: what psycopg connects with."""

    conninfo: Mapping[str, Any]
    where: str
    _connection: Any = field(default=None)

    def take(self) -> None:
        """Takes it; again, where the connection that held it was lost."""
        import psycopg  # noqa: PLC0415 - offline commands never load it

        try:
            if self._connection is not None:
                try:
                    self._connection.execute("SELECT 1")
                except psycopg.Error:
                    self.release()
                else:
                    return
            connection = psycopg.connect(**self.conninfo, autocommit=True)
            query = "SELECT pg_try_advisory_lock((23294::bigint << 32) | 'committed'::regclass::oid::bigint)"
            found = connection.execute(query).fetchone()
            if found is None or not found[0]:
                connection.close()
                raise held_elsewhere(self.where)
            self._connection = connection
        except psycopg.Error as error:
            step = "Check that the database runs, then repeat"
            raise Unavailable("the database gives no lock", where=self.where, next_step=step) from error

    def release(self) -> None:
        """Lets go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(slots=True)
class Locks:
    """Several as one: all, or none."""

    locks: tuple[Lock, ...]

    def take(self) -> None:
        """Takes every one that this process does not hold."""
        try:
            for lock in self.locks:
                lock.take()
        except SafeconductError:
            self.release()
            raise

    def release(self) -> None:
        """Lets go of all."""
        for lock in reversed(self.locks):
            lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
