"""What a database says, in our words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import get_ident

import psycopg
from django.db import DatabaseError, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable
from safeconduct.service.store_refusals import another_was_first, repeated_jti, writing_elsewhere


@dataclass(frozen=True, slots=True)
class Connection:
    """One alias: each thread has its own connection, and `close` closes them all."""

    alias: str
    _opened: dict[int, BaseDatabaseWrapper] = field(default_factory=dict)
    """By thread."""
    _read_only: set[int] = field(default_factory=set)
    """Threads that need a new connection: where a disk fails once at its opening, SQLite opens to read only."""

    @contextmanager
    def spoken(self) -> Iterator[BaseDatabaseWrapper]:
        """This thread's connection, its errors in our words; one that was lost is opened again by the next block."""
        connection = self._here()
        if not connection.in_atomic_block:
            if get_ident() in self._read_only:
                self._read_only.discard(get_ident())
                connection.close()
            connection.close_if_unusable_or_obsolete()
        try:
            yield connection
        except (DatabaseError, InterfaceError) as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
                self._read_only.add(get_ident())
            raise _in_our_words(error, connection) from error

    def _here(self) -> BaseDatabaseWrapper:
        """That of a thread that has ended goes once another one has its number."""
        connection = connections[self.alias]
        before = self._opened.get(get_ident())
        if before is not connection:
            connection.inc_thread_sharing()  # so that `close` may close it from its own thread
            self._opened[get_ident()] = connection
            if before is not None:
                before.close()
        return connection

    def close(self) -> None:
        """Nobody may be using one."""
        while self._opened:
            _, connection = self._opened.popitem()
            connection.close()


def _in_our_words(error: Exception, connection: BaseDatabaseWrapper) -> SafeconductError:
    where = _place(connection)
    match error.__cause__:
        case sqlite3.Error() as cause:
            return _by_sqlite(cause, where)
        case psycopg.Error() as cause:
            return _by_postgresql(cause, where)
        case _:
            return _failed(error, where)


def _place(connection: BaseDatabaseWrapper) -> str:
    """The database's name, never its password."""
    return f"{connection.vendor} {connection.settings_dict['NAME']}"


def _by_sqlite(error: sqlite3.Error, where: str) -> SafeconductError:
    text = str(error)
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return _disk_is_full(where)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return _not_writable(where)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return writing_elsewhere(where)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            step = "Keep the file, and restore a copy"
            return Malformed("this is no longer a whole database", where=where, next_step=step)
        case sqlite3.SQLITE_CONSTRAINT if "entries.jti" in text:
            return repeated_jti()
        case sqlite3.SQLITE_CONSTRAINT if "entries.number" in text or "committed.size" in text:
            return another_was_first(0, 1)
        case _:
            return _failed(error, where)


def _by_postgresql(error: psycopg.Error, where: str) -> SafeconductError:
    constraint = error.diag.constraint_name or ""
    match error:
        case psycopg.errors.UniqueViolation() if constraint == "entries_jti_key":
            return repeated_jti()
        case psycopg.errors.UniqueViolation() if constraint in ("entries_pkey", "committed_pkey"):
            return another_was_first(0, 1)
        case psycopg.errors.LockNotAvailable() | psycopg.errors.DeadlockDetected():
            return writing_elsewhere(where)
        case psycopg.errors.DiskFull():
            return _disk_is_full(where)
        case psycopg.errors.ReadOnlySqlTransaction() | psycopg.errors.InsufficientPrivilege():
            return _not_writable(where)
        case psycopg.errors.DuplicateTable():
            step = "Name an empty database"
            return Malformed("this database has tables of somebody else", where=where, next_step=step)
        case psycopg.errors.DataCorrupted() | psycopg.errors.IndexCorrupted():
            step = "Stop the database, keep its files, and restore a copy"
            return Malformed("this is no longer a whole database", where=where, next_step=step)
        case _:
            return _failed(error, where)


def _disk_is_full(where: str) -> Unavailable:
    return Unavailable("the disk is full", where=where, next_step="Make room, then repeat")


def _not_writable(where: str) -> Unavailable:
    step = "Give yourself the right to write there"
    return Unavailable("the store cannot be written", where=where, next_step=step)


def _failed(error: Exception, where: str) -> Unavailable:
    """By its kind alone: a database repeats values of the statement in its complaint."""
    what = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    message = f"the store gave no answer ({what or type(error).__name__})"
    return Unavailable(message, where=where, next_step="Check that the database runs, then repeat")
