"""The keys of disclosures, in a file of their own beside the log, with its own backup; and a store that uses them.

Rules:
 1. Each disclosure has a random key of its own, by its digest: erasing one spares every other.
 2. Its key is durable before the log holds the sealed text. A key without a text harms nobody.
 3. A sealed text is `v1.DIGEST.SEALED`: AES-256-GCM, nonce first, its digest as additional data, in base64url.
    A text without a dot is as it was handed in: older folders have those. One with nothing after its digest is of a
    value that was erased before this store was made: nobody could open it, and nobody here ever had it.
 4. Erasing deletes the key, in the file and in its write-ahead log: the log's own copies can then be read by nobody.
    The digest stays, so that nobody brings the value back by handing it in again: that is sealed and never opened.
 5. A text whose key is not here is told by its digest alone; whether it was erased, the log's records say.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.adapters.files import reading
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.kernel.spelling import parse_base64url, print_base64url
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.ports import FullTile, Row, SignRows, Store, StoredHead
from safeconduct.service.store_refusals import check_rows

VAULT = "vault.db"
SEALED = "v1."
APPLICATION_ID = 0x5AFE_4A17
SCHEMA_VERSION = 1
_KEY_BYTES, _NONCE_BYTES = 32, 12
_SETTINGS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
_SCHEMA = (
    f"BEGIN IMMEDIATE; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION};"
    "CREATE TABLE IF NOT EXISTS keys (digest TEXT PRIMARY KEY, key BLOB) STRICT, WITHOUT ROWID; COMMIT;"
)


@dataclass(slots=True)
class Vault:
    """The keys in one file, which is made with the first of them. Threads may share it."""

    path: Path
    _db: sqlite3.Connection | None = field(default=None)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def keep(self, digests: Collection[str]) -> dict[str, bytes]:
        """The key of each that is not erased; those that have none get one, durable before this returns."""
        if not digests:
            return {}
        with self._spoken(), self._one_at_a_time:
            database = self._opened(make=True)
            assert database is not None
            fresh = ((digest, secrets.token_bytes(_KEY_BYTES)) for digest in digests)
            with _transaction(database):
                database.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?)", fresh)
                found = {digest: _key(database, digest) for digest in digests}
        return {digest: key for digest, key in found.items() if key is not None}

    def key(self, digest: str) -> bytes | None:
        """The key of one disclosure, or None."""
        with self._spoken(), self._one_at_a_time:
            database = self._opened()
            return None if database is None else _key(database, digest)

    def erase(self, digests: Iterable[str]) -> int:
        """Rule 4; how many keys were still here. Once it returns, none of them is in the file, nor ever again."""
        wanted = sorted(set(digests))
        if not wanted:
            return 0
        with self._spoken(), self._one_at_a_time:
            database = self._opened(make=True)
            assert database is not None
            with _transaction(database):
                held = sum(_key(database, digest) is not None for digest in wanted)
                database.executemany(
                    "INSERT INTO keys VALUES (?, NULL) ON CONFLICT (digest) DO UPDATE SET key = NULL",
                    ((digest,) for digest in wanted),
                )
            # Crash here: deleted, and still in the write-ahead log. The next start erases again.
            busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise self._unavailable(
                    "another program reads it: erased keys are still in its write-ahead log"
                )
        return held

    def close(self) -> None:
        """Folds the write-ahead log into the file."""
        with self._spoken(), self._one_at_a_time:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _opened(self, *, make: bool = False) -> sqlite3.Connection | None:
        if self._db is None:
            with reading(self.path):
                is_there = self.path.exists()
            if not is_there and not make:
                return None
            if not is_there:
                self.path.touch(mode=0o600)
            self._db = self._connected()
        return self._db

    def _connected(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=False)
        try:
            is_new = self._is_new(database)
            database.executescript(_SETTINGS)
            if is_new:
                database.executescript(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database

    def _is_new(self, database: sqlite3.Connection) -> bool:
        """Whether nothing is in it yet; Malformed where something else is."""
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application, version) != (APPLICATION_ID, SCHEMA_VERSION) and (application or version or tables):
            step = "Keep it, and restore a copy; or use a newer safeconduct"
            raise Malformed("this is not a vault of ours", where=str(self.path), next_step=step)
        return not tables

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """SQLite's errors in our words."""
        try:
            yield
        except OSError as error:
            raise self._unavailable((error.strerror or "no answer").lower()) from error
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
                self._reopen()
            code = error.sqlite_errorname if hasattr(error, "sqlite_errorname") else type(error).__name__
            raise self._unavailable(code) from error

    def _reopen(self) -> None:
        """Where a disk fails once at its opening, SQLite opens to read only: the next call opens it anew."""
        with self._one_at_a_time:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _unavailable(self, why: str) -> Unavailable:
        step = "Check the disk and who uses it, then repeat; or restore a copy"
        return Unavailable(
            f"the keys of disclosures are not to be had ({why})", where=str(self.path), next_step=step
        )


def _key(database: sqlite3.Connection, digest: str) -> bytes | None:
    found = database.execute("SELECT key FROM keys WHERE digest = ?", (digest,)).fetchone()
    return None if found is None or found[0] is None else bytes(found[0])


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def seal(text: str, key: bytes) -> str:
    """Rule 3."""
    digest, nonce = digest_of(text), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), digest.encode())
    return f"{SEALED}{digest}.{print_base64url(nonce + sealed)}"


def unseal(text: str, key: bytes) -> str:
    """What `seal` was given; Disproved where text and key do not belong together."""
    digest, _, sealed = text.removeprefix(SEALED).partition(".")
    data = parse_base64url(sealed, where=f"disclosure {digest}")
    try:
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], digest.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Disproved(
            "a sealed disclosure does not open with its key",
            where=f"disclosure {digest}",
            next_step="Check memory and disk; restore a copy of the log and of the vault",
        ) from error


def unreadable(digest: str) -> str:
    """How a value is kept that was erased before this store was made (3)."""
    return f"{SEALED}{digest}."


@dataclass(slots=True)
class SealedStore:
    """A store whose disclosures are sealed on the disk, and plain to whoever reads them here."""

    inner: Store
    vault: Vault

    def close(self) -> None:
        """Closes both."""
        self.vault.close()
        close = getattr(self.inner, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        """Commits `rows`, their disclosures sealed (rule 2); what is `unreadable` stays so."""
        check_rows(rows)
        texts = (text for row in rows for text in row.disclosures if not text.startswith(SEALED))
        keys = self.vault.keep(set(map(digest_of, texts)))
        # Crash here: keys that nothing is sealed with. The repeat finds and uses them.
        sealed = [replace(row, disclosures=tuple(_sealed(row.disclosures, keys))) for row in rows]
        return self.inner.append(expected_size, sealed, sign, time)

    def disclosures(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Every disclosure that can still be read, with its entry's index."""
        for index, text in self.inner.disclosures(stop):
            if not text.startswith(SEALED):
                yield index, text
            elif (key := self.vault.key(_digest(text))) is not None:
                yield index, unseal(text, key)

    def erased(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """The digest of every disclosure whose key is not here (rule 5)."""
        for index, text in self.inner.disclosures(stop):
            if text.startswith(SEALED) and self.vault.key(_digest(text)) is None:
                yield index, _digest(text)

    def size(self) -> int:
        """How many entries are committed."""
        return self.inner.size()

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to, not including, `stop`."""
        return self.inner.entries(start, stop)

    def of_kinds(self, kinds: Collection[str], stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The entries of these kinds below `stop`, each with its index."""
        return self.inner.of_kinds(kinds, stop)

    def index_of(self, jti: str) -> int | None:
        """Where the record with this `jti` stands."""
        return self.inner.index_of(jti)

    def indices_of(self, jtis: Collection[str]) -> dict[str, int]:
        """Where the records with these stand."""
        return self.inner.indices_of(jtis)

    def indices_under(self, keys: Collection[str]) -> list[int]:
        """Where the records stand that were kept with one of these keys."""
        return self.inner.indices_under(keys)

    def newest(self, below: int | None = None) -> StoredHead | None:
        """The newest committed head, or the newest of a size below this one."""
        return self.inner.newest(below)

    def covering(self, index: int) -> StoredHead | None:
        """The first committed head over the entry at `index`."""
        return self.inner.covering(index)

    def newest_published(self, below: int | None = None) -> StoredHead | None:
        """The largest published head, or the largest of a size below this one, as it was published last."""
        return self.inner.newest_published(below)

    def published_covering(self, index: int) -> StoredHead | None:
        """The first published head over the entry at `index`, as it was published last."""
        return self.inner.published_covering(index)

    def committed(self) -> tuple[StoredHead, ...]:
        """Every committed head, oldest first."""
        return self.inner.committed()

    def publish(self, note: bytes, size: int, time: int) -> None:
        """Keeps a committed head with the cosignatures that it has now."""
        self.inner.publish(note, size, time)

    def published(self) -> tuple[StoredHead, ...]:
        """Every published head, oldest first."""
        return self.inner.published()

    def keep_tiles(self, tiles: Sequence[FullTile]) -> None:
        """Keeps full tiles."""
        self.inner.keep_tiles(tiles)

    def kept_tiles(self) -> int:
        """How many tiles of level 0 there are, from the first one on."""
        return self.inner.kept_tiles()

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a kept tile."""
        return self.inner.tile(level, number)

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of the kept tiles of a level, from `start` up to, not including, `stop`."""
        return self.inner.tile_roots(level, start, stop)


def _sealed(texts: Iterable[str], keys: Mapping[str, bytes]) -> Iterator[str]:
    """Rules 3 and 4: an erased value that comes again is sealed with a key that nobody keeps."""
    for text in texts:
        if text.startswith(SEALED):
            yield text
        else:
            yield seal(text, keys.get(digest_of(text)) or secrets.token_bytes(_KEY_BYTES))


def _digest(text: str) -> str:
    return text.removeprefix(SEALED).partition(".")[0]
