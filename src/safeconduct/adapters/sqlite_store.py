"""A corridor's log in one SQLite file, the plainest durable store.

Write-ahead log with `synchronous=FULL`: a returned commit survives a power cut. Every table refuses UPDATE
and DELETE by trigger. The file is marked with our application id and the version of its schema.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from safeconduct.adapters.files import already_there, reading
from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable
from safeconduct.service.log_tables import APPLICATION_ID, SCHEMA_VERSION, TABLES, sqlite_statements
from safeconduct.service.ports import FullTile, Row, SignRows, StoredHead
from safeconduct.service.store_refusals import (
    another_was_first,
    check_rows,
    never_committed,
    repeated_jti,
    writing_elsewhere,
)

_MOVED = "this corridor's log is in PostgreSQL now"
_CHUNK = 1_000
_NO_STOP = 2**62


class SqliteStore:
    """One open database. Use it as a context manager, or close it."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens the file at `path`, which is there; or creates it, where nothing is."""
        self._path = path
        with reading(path):
            there = path.exists()
        if create and there:
            raise already_there(path)
        if not create and not there:
            raise Unavailable(
                "no corridor is here", where=str(path), next_step="Found one: safeconduct init DIR"
            )
        with self._spoken():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        try:
            with self._spoken():
                self._prepare(create=create)
        except SafeconductError:
            self._db.close()
            raise

    def _prepare(self, *, create: bool) -> None:
        if not create:
            self._check_version()
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")
        if create:
            self._db.executescript(f"BEGIN; {'; '.join(sqlite_statements())}; COMMIT;")

    def _check_version(self) -> None:
        """Another program's database, a half-made one, and one of a later version are all left alone."""
        application = self._one("PRAGMA application_id")
        version = self._one("PRAGMA user_version")
        if application != APPLICATION_ID:
            raise Malformed(
                "this database is not a corridor's",
                where=str(self._path),
                next_step="Name a corridor's folder",
            )
        if version != SCHEMA_VERSION:
            raise Malformed(
                f"the store has version {version}, this program knows {SCHEMA_VERSION}",
                where=str(self._path),
                next_step="Use the safeconduct that wrote it, or a newer one",
            )

    def close(self) -> None:
        """Folds the write-ahead log into the file."""
        with self._spoken():
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def size(self) -> int:
        """How many entries are committed."""
        with self._spoken():
            return int(self._one("SELECT coalesce(max(size), 0) FROM committed"))

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        """Commits `rows` after exactly `expected_size` entries, with the head that `sign` returns."""
        check_rows(rows)
        with self._spoken(), self._transaction():
            self._guard(expected_size)
            self._insert(expected_size, rows)
            size = expected_size + len(rows)
            note = sign(list(self._read(expected_size, size)))
            self._db.execute("INSERT INTO committed VALUES (?, ?, ?)", (size, note, time))
            # Crash here: the transaction never happened, and nobody has seen the note.
        return note

    def _guard(self, expected_size: int) -> None:
        """The compare of compare-and-swap; BEGIN IMMEDIATE has shut every other writer out."""
        found = self._one("SELECT coalesce(max(size), 0) FROM committed")
        if found != expected_size:
            raise another_was_first(expected_size, found)

    def _insert(self, first: int, rows: Sequence[Row]) -> None:
        entries = ((first + n, row.entry, row.jti, row.kind) for n, row in enumerate(rows))
        self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", entries)
        texts = ((first + n, text) for n, row in enumerate(rows) for text in row.disclosures)
        self._db.executemany("INSERT INTO disclosures (entry, text) VALUES (?, ?)", texts)
        keys = ((key, first + n) for n, row in enumerate(rows) for key in row.keys)
        self._db.executemany("INSERT INTO keys VALUES (?, ?)", keys)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to, not including, `stop`."""
        end = self.size() if stop is None else min(stop, self.size())
        for first in range(start, end, _CHUNK):  # no cursor stays open between two reads
            with self._spoken():
                chunk = list(self._read(first, min(first + _CHUNK, end)))
            yield from chunk

    def _read(self, start: int, stop: int) -> Iterator[bytes]:
        query = "SELECT entry FROM entries WHERE number >= ? AND number < ? ORDER BY number"
        return (row[0] for row in self._db.execute(query, (start, stop)))

    def of_kinds(self, kinds: Collection[str], stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The entries of these kinds below `stop`, each with its index."""
        marks = ",".join("?" * len(kinds))
        query = f"SELECT number, entry FROM entries WHERE kind IN ({marks}) AND number < ? ORDER BY number"  # noqa: S608 - question marks only
        return self._all(query, (*sorted(kinds), _NO_STOP if stop is None else stop))

    def index_of(self, jti: str) -> int | None:
        """Where the record with this `jti` stands."""
        for (number,) in self._all("SELECT number FROM entries WHERE jti = ?", (jti,)):
            return int(number)
        return None

    def disclosures(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Every disclosure held for the entries below `stop`, with its entry's index."""
        query = "SELECT entry, text FROM disclosures WHERE entry < ? ORDER BY entry, number"
        return self._all(query, (_NO_STOP if stop is None else stop,))

    def indices_of(self, jtis: Collection[str]) -> dict[str, int]:
        """Where the records with these stand."""
        found: dict[str, int] = {}
        asked = list(jtis)
        for first in range(0, len(asked), _CHUNK):
            some = asked[first : first + _CHUNK]
            query = f"SELECT jti, number FROM entries WHERE jti IN ({','.join('?' * len(some))})"  # noqa: S608 - question marks only
            found.update(self._all(query, some))
        return found

    def indices_under(self, keys: Collection[str]) -> list[int]:
        """Where the records stand that were kept with one of these keys."""
        found: set[int] = set()
        asked = list(keys)
        for first in range(0, len(asked), _CHUNK):
            some = asked[first : first + _CHUNK]
            query = f"SELECT entry FROM keys WHERE key IN ({','.join('?' * len(some))})"  # noqa: S608 - question marks only
            found.update(entry for (entry,) in self._all(query, some))
        return sorted(found)

    def newest(self, below: int | None = None) -> StoredHead | None:
        """The newest committed head, or the newest of a size below this one."""
        query = "SELECT size, note, time FROM committed WHERE size < ? ORDER BY size DESC LIMIT 1"
        return self._head(query, _NO_STOP if below is None else below)

    def covering(self, index: int) -> StoredHead | None:
        """The first committed head over the entry at `index`."""
        return self._head(
            "SELECT size, note, time FROM committed WHERE size > ? ORDER BY size LIMIT 1", index
        )

    def newest_published(self, below: int | None = None) -> StoredHead | None:
        """The largest published head, or the largest of a size below this one, as it was published last."""
        query = (
            "SELECT size, note, time FROM published WHERE size < ? ORDER BY size DESC, number DESC LIMIT 1"
        )
        return self._head(query, _NO_STOP if below is None else below)

    def published_covering(self, index: int) -> StoredHead | None:
        """The first published head over the entry at `index`, as it was published last."""
        query = "SELECT size, note, time FROM published WHERE size > ? ORDER BY size, number DESC LIMIT 1"
        return self._head(query, index)

    def _head(self, query: str, value: int) -> StoredHead | None:
        return next((StoredHead(*row) for row in self._all(query, (value,))), None)

    def committed(self) -> tuple[StoredHead, ...]:
        """Every committed head, oldest first."""
        return tuple(
            StoredHead(*row) for row in self._all("SELECT size, note, time FROM committed ORDER BY size")
        )

    def publish(self, note: bytes, size: int, time: int) -> None:
        """Keeps a committed head with the cosignatures that it has now."""
        with self._spoken(), self._transaction():
            if self._one("SELECT count(*) FROM committed WHERE size = ?", size) == 0:
                raise never_committed(size)
            self._db.execute("INSERT INTO published (size, note, time) VALUES (?, ?, ?)", (size, note, time))

    def published(self) -> tuple[StoredHead, ...]:
        """Every published head, oldest first."""
        rows = self._all("SELECT size, note, time FROM published ORDER BY number")
        return tuple(StoredHead(*row) for row in rows)

    def erased(self, stop: int | None = None) -> Iterator[tuple[int, str]]:  # noqa: ARG002 - the port's
        """None: a text that was stored stays."""
        return iter(())

    def keep_tiles(self, tiles: Sequence[FullTile]) -> None:
        """Keeps full tiles, durably and all or none; one that is there stays as it is."""
        with self._spoken(), self._transaction():
            self._db.executemany(
                "INSERT INTO tiles VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(tile.level, tile.number, tile.root, tile.hashes) for tile in tiles],
            )

    def kept_tiles(self) -> int:
        """How many tiles of level 0 there are, from the first one on."""
        with self._spoken():
            return int(self._one("SELECT coalesce(max(number) + 1, 0) FROM tiles WHERE level = 0"))

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a kept tile."""
        query = "SELECT hashes FROM tiles WHERE level = ? AND number = ?"
        return next((hashes for (hashes,) in self._all(query, (level, number))), None)

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of the kept tiles of a level, from `start` up to, not including, `stop`."""
        query = "SELECT root FROM tiles WHERE level = ? AND number >= ? AND number < ? ORDER BY number"
        return [root for (root,) in self._all(query, (level, start, stop))]

    # Handing the log over to another store

    def rows(self) -> Iterator[Row]:
        """Every row as it was appended."""
        texts: dict[int, list[str]] = {}
        for number, text in self.disclosures():
            texts.setdefault(number, []).append(text)
        keys: dict[int, list[str]] = {}
        for key, number in self._all("SELECT key, entry FROM keys ORDER BY key"):
            keys.setdefault(number, []).append(key)
        for first in range(0, self.size(), _CHUNK):
            query = "SELECT number, entry, jti, kind FROM entries WHERE number >= ? ORDER BY number LIMIT ?"
            for number, entry, jti, kind in self._all(query, (first, _CHUNK)):
                yield Row(entry, jti, kind, tuple(texts.get(number, ())), tuple(keys.get(number, ())))

    @contextmanager
    def handed_over(self) -> Iterator[None]:
        """Nobody else writes in the block; once it ends without an error, nobody ever appends here again."""
        with self._spoken(), self._transaction():
            yield
            # Crash here: both stores have the log, and this one still takes rows. Hand it over again.
            for name in TABLES:
                self._db.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {name}_moved BEFORE INSERT ON {name} "
                    f"BEGIN SELECT RAISE(ABORT, '{_MOVED.replace(chr(39), chr(39) * 2)}'); END"
                )

    def require_here(self) -> None:
        """Unavailable where the log was handed over to another store."""
        if not self.is_here():
            raise _moved(str(self._path))

    def is_here(self) -> bool:
        """Whether the log is still here."""
        with self._spoken():
            return not self._one("SELECT count(*) FROM sqlite_master WHERE name = 'entries_moved'")

    def _one(self, query: str, *values: object) -> Any:
        return self._db.execute(query, values).fetchone()[0]

    def _all(self, query: str, values: Sequence[object] = ()) -> Iterator[Any]:
        with self._spoken():
            return iter(self._db.execute(query, values).fetchall())

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """SQLite's errors in our words; none leaves this module."""
        try:
            yield
        except UnicodeDecodeError as error:  # a damaged file's own names, in SQLite's complaint
            raise _not_whole(str(self._path)) from error
        except sqlite3.Error as error:
            raise _in_our_words(error, str(self._path)) from error


def _not_whole(where: str) -> Malformed:
    return Malformed(
        "this is no longer a whole database", where=where, next_step="Keep the file, and restore a copy"
    )


def _moved(where: str) -> Unavailable:
    step = "Give the records to its server, or start one: safeconduct serve DIR, with its DATABASE_URL"
    return Unavailable(_MOVED, where=where, next_step=step)


def _in_our_words(error: sqlite3.Error, where: str) -> SafeconductError:
    code = getattr(error, "sqlite_errorcode", 0)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return Unavailable("the disk is full", where=where, next_step="Make room, then repeat")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return Unavailable(
                "the store cannot be written",
                where=where,
                next_step="Give yourself the right to write its folder",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return writing_elsewhere(where)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return _not_whole(where)
        case _ if str(error).startswith("Could not decode"):  # the rest of it is the value
            return _not_whole(where)
        case sqlite3.SQLITE_CONSTRAINT if str(error) == _MOVED:
            return _moved(where)
        case sqlite3.SQLITE_CONSTRAINT if "jti" in str(error):
            return repeated_jti()
        case sqlite3.SQLITE_CONSTRAINT if "entries.number" in str(error) or "committed.size" in str(error):
            return another_was_first(0, 1)
        case _:
            return Unavailable(
                f"the store failed ({error})", where=where, next_step="Check the disk, then repeat"
            )
