"""A corridor's log on a Django connection: SQLite on the file that offline commands use, or PostgreSQL.

Two guards keep two writers from one size apart, and each is enough alone: the compare under the right to write
(BEGIN IMMEDIATE, LOCK TABLE), and the database's own unique numbers (service/log_tables). Isolation levels are
not relied on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.core.management import call_command
from django.db import transaction

from safeconduct.core.kernel.errors import Conflict
from safeconduct.service.ports import FullTile, Row, SignRows, StoredHead
from safeconduct.service.store_refusals import another_was_first, check_rows, never_committed
from safeconduct.store.connection import Connection

Value = int | str | bytes
_CHUNK = 1_000
_NO_STOP = 2**62
_SIZE = "SELECT coalesce(max(size), 0) FROM committed"
_ENTRIES = "SELECT entry FROM entries WHERE number >= %s AND number < %s ORDER BY number"
_DISCLOSURES = "SELECT entry, text FROM disclosures WHERE entry < %s ORDER BY entry, number"
_COMMIT = "INSERT INTO committed (size, note, time) VALUES (%s, %s, %s)"
_PUBLISH = "INSERT INTO published (size, note, time) VALUES (%s, %s, %s)"

_KEEP = "INSERT INTO tiles (level, number, root, hashes) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
_ROOTS = "SELECT root FROM tiles WHERE level = %s AND number >= %s AND number < %s ORDER BY number"


class DjangoStore:
    """The log behind one connection alias. Each thread has its own connection; `close` closes them all."""

    def __init__(self, alias: str = "default") -> None:
        """Opens nothing yet."""
        self._alias = alias
        self._connection = Connection(alias)

    def prepare(self) -> None:
        """Makes the tables that are not there; what is there stays."""
        with self._connection.spoken():
            call_command("migrate", database=self._alias, verbosity=0, interactive=False)

    def close(self) -> None:
        """Closes the connection of every thread. Nobody may be using one."""
        self._connection.close()

    def size(self) -> int:
        """How many entries are committed."""
        ((size,),) = self._all(_SIZE)
        return int(size)

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        """Commits `rows` after exactly `expected_size` entries, with the head that `sign` returns."""
        check_rows(rows)
        with self._transaction():
            self._guard(expected_size)
            self._insert(expected_size, rows)
            size = expected_size + len(rows)
            note = sign(self._read(expected_size, size))
            self._many(_COMMIT, [(size, note, time)])
            # Crash here: the transaction never happened, and nobody has seen the note.
        return note

    def _guard(self, expected_size: int) -> None:
        """The compare of compare-and-swap; every other writer is shut out."""
        found = self.size()
        if found != expected_size:
            raise another_was_first(expected_size, found)

    def _insert(self, first: int, rows: Sequence[Row]) -> None:
        numbered = list(enumerate(rows, first))
        self._many(
            "INSERT INTO entries (number, entry, jti, kind) VALUES (%s, %s, %s, %s)",
            [(number, row.entry, row.jti, row.kind) for number, row in numbered],
        )
        self._many(
            "INSERT INTO disclosures (entry, text) VALUES (%s, %s)",
            [(number, text) for number, row in numbered for text in row.disclosures],
        )
        self._many(
            "INSERT INTO keys (key, entry) VALUES (%s, %s)",
            [(key, number) for number, row in numbered for key in row.keys],
        )

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to, not including, `stop`."""
        end = self.size() if stop is None else min(stop, self.size())
        for first in range(start, end, _CHUNK):  # no cursor stays open between two reads
            yield from self._read(first, min(first + _CHUNK, end))

    def _read(self, start: int, stop: int) -> list[bytes]:
        return [bytes(entry) for (entry,) in self._all(_ENTRIES, start, stop)]

    def of_kinds(self, kinds: Collection[str], stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The entries of these kinds below `stop`, each with its index."""
        if not kinds:
            return iter(())
        marks = ",".join(["%s"] * len(kinds))
        query = f"SELECT number, entry FROM entries WHERE kind IN ({marks}) AND number < %s ORDER BY number"  # noqa: S608 - marks only
        found = self._all(query, *sorted(kinds), _NO_STOP if stop is None else stop)
        return ((number, bytes(entry)) for number, entry in found)

    def index_of(self, jti: str) -> int | None:
        """Where the record with this `jti` stands."""
        for (number,) in self._all("SELECT number FROM entries WHERE jti = %s", jti):
            return int(number)
        return None

    def disclosures(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Every disclosure held for the entries below `stop`, with its entry's index."""
        found = self._all(_DISCLOSURES, _NO_STOP if stop is None else stop)
        return ((index, text) for index, text in found)

    def erased(self, stop: int | None = None) -> Iterator[tuple[int, str]]:  # noqa: ARG002 - the port's
        """None: a text that was stored stays."""
        return iter(())

    def indices_of(self, jtis: Collection[str]) -> dict[str, int]:
        """Where the records with these stand."""
        found: dict[str, int] = {}
        asked = list(jtis)
        for first in range(0, len(asked), _CHUNK):
            some = asked[first : first + _CHUNK]
            query = f"SELECT jti, number FROM entries WHERE jti IN ({','.join(['%s'] * len(some))})"  # noqa: S608 - marks only
            found.update((jti, int(number)) for jti, number in self._all(query, *some))
        return found

    def indices_under(self, keys: Collection[str]) -> list[int]:
        """Where the records stand that were kept with one of these keys."""
        found: set[int] = set()
        asked = list(keys)
        for first in range(0, len(asked), _CHUNK):
            some = asked[first : first + _CHUNK]
            query = f"SELECT entry FROM keys WHERE key IN ({','.join(['%s'] * len(some))})"  # noqa: S608 - marks only
            found.update(int(entry) for (entry,) in self._all(query, *some))
        return sorted(found)

    def newest(self, below: int | None = None) -> StoredHead | None:
        """The newest committed head, or the newest of a size below this one."""
        query = "SELECT size, note, time FROM committed WHERE size < %s ORDER BY size DESC LIMIT 1"
        return self._head(query, _NO_STOP if below is None else below)

    def covering(self, index: int) -> StoredHead | None:
        """The first committed head over the entry at `index`."""
        query = "SELECT size, note, time FROM committed WHERE size > %s ORDER BY size LIMIT 1"
        return self._head(query, index)

    def newest_published(self, below: int | None = None) -> StoredHead | None:
        """The largest published head, or the largest of a size below this one, as it was published last."""
        query = (
            "SELECT size, note, time FROM published WHERE size < %s ORDER BY size DESC, number DESC LIMIT 1"
        )
        return self._head(query, _NO_STOP if below is None else below)

    def published_covering(self, index: int) -> StoredHead | None:
        """The first published head over the entry at `index`, as it was published last."""
        query = "SELECT size, note, time FROM published WHERE size > %s ORDER BY size, number DESC LIMIT 1"
        return self._head(query, index)

    def _head(self, query: str, value: int) -> StoredHead | None:
        return next(iter(_heads(self._all(query, value))), None)

    def committed(self) -> tuple[StoredHead, ...]:
        """Every committed head, oldest first."""
        return _heads(self._all("SELECT size, note, time FROM committed ORDER BY size"))

    def publish(self, note: bytes, size: int, time: int) -> None:
        """Keeps a committed head with the cosignatures that it has now."""
        with self._transaction():
            if not self._all("SELECT 1 FROM committed WHERE size = %s", size):
                raise never_committed(size)
            self._many(_PUBLISH, [(size, note, time)])

    def published(self) -> tuple[StoredHead, ...]:
        """Every published head, oldest first."""
        return _heads(self._all("SELECT size, note, time FROM published ORDER BY number"))

    def keep_tiles(self, tiles: Sequence[FullTile]) -> None:
        """Keeps full tiles, durably and all or none; one that is there stays as it is."""
        with self._transaction():
            self._many(_KEEP, [(tile.level, tile.number, tile.root, tile.hashes) for tile in tiles])

    def kept_tiles(self) -> int:
        """How many tiles of level 0 there are, from the first one on."""
        ((count,),) = self._all("SELECT coalesce(max(number) + 1, 0) FROM tiles WHERE level = 0")
        return int(count)

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a kept tile."""
        found = self._all("SELECT hashes FROM tiles WHERE level = %s AND number = %s", level, number)
        return next((bytes(hashes) for (hashes,) in found), None)

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of the kept tiles of a level, from `start` up to, not including, `stop`."""
        return [bytes(root) for (root,) in self._all(_ROOTS, level, start, stop)]

    def take_over(
        self, rows: Iterable[Row], committed: Iterable[StoredHead], published: Iterable[StoredHead]
    ) -> None:
        """Another store's whole content, as it stands there; all or nothing, and only where nothing is yet."""
        with self._transaction():
            self._guard(0)
            if self._read(0, 1):
                raise Conflict("entries without a head are there", next_step="Name an empty database")
            rows, first = iter(rows), 0
            while chunk := list(islice(rows, _CHUNK)):
                self._insert(first, chunk)
                first += len(chunk)
            self._many(_COMMIT, [(head.size, head.note, head.time) for head in committed])
            self._many(_PUBLISH, [(head.size, head.note, head.time) for head in published])

    def _all(self, query: str, *values: Value) -> list[tuple[Any, ...]]:
        with self._connection.spoken() as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def _many(self, statement: str, values: Sequence[tuple[Value, ...]]) -> None:
        if values:
            with self._connection.spoken() as connection, connection.cursor() as cursor:
                cursor.executemany(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """The right to write, until the end of the block."""
        with self._connection.spoken() as connection, transaction.atomic(using=self._alias, durable=True):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("LOCK TABLE committed IN SHARE ROW EXCLUSIVE MODE")
            yield


def _heads(rows: Iterable[tuple[Any, ...]]) -> tuple[StoredHead, ...]:
    return tuple(StoredHead(size, bytes(note), time) for size, note, time in rows)
