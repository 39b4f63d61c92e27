"""What a witness remembers, in one SQLite file: the last head of each log, evidence, offers, jumps of the clock.

Rules:
 1. Write-ahead log with `synchronous=FULL`: what `cosigned` has returned survives a kill and a power cut.
 2. `cosigned` is one statement with its guard in it: of two who read the same head, in any process, one is first.
 3. The file is made once, for one key. Where it is missing, half-made, or another witness's, nothing starts: who
    begins again at size 0 cosigns a second history. Where it is taken away meanwhile, nothing more is cosigned.
 4. Evidence is kept once, however often it is sent, up to `MOST_EVIDENCE` of one reason a log; what comes after is
    counted. A head that was refused for its proof is no evidence once it is cosigned: anybody may have sent it so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from safeconduct.adapters.files import already_there, reading
from safeconduct.core.kernel.errors import Conflict, Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, VerifierKey
from safeconduct.core.tlog.witness import Cosigned, Evidence
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.service.witnessing import Offer

APPLICATION_ID = 0x5C0D717E
SCHEMA_VERSION = 1
MOST_EVIDENCE = 1_000
MOST_JUMPS = 1_000

_TABLES = f"""
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE witness (vkey TEXT NOT NULL);
CREATE TABLE heads (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, note BLOB NOT NULL);
CREATE TABLE evidence (
  digest BLOB PRIMARY KEY, origin TEXT NOT NULL, time INTEGER NOT NULL, why TEXT NOT NULL, request BLOB NOT NULL,
  held BLOB);
CREATE TABLE more_evidence (origin TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE offers (leaf BLOB PRIMARY KEY, time INTEGER NOT NULL, record BLOB NOT NULL, note BLOB NOT NULL);
CREATE TABLE jumps (seen INTEGER NOT NULL, seconds INTEGER NOT NULL);
COMMIT;
"""
_STEP = (
    "Bring back the file as it was last written. If it is lost, this key cosigns no more: make a new witness "
    "(safeconduct witness init) and tell the corridor its key"
)


class Kept(NamedTuple):
    """Evidence as it is kept: when, why, the request's bytes, and the note that was held against it."""

    origin: str
    time: int
    why: str
    request: bytes
    held: bytes | None


class Jump(NamedTuple):
    """The clock went on by so many seconds more than time did."""

    seen: int
    seconds: int


@dataclass(slots=True)
class WitnessStore:
    """One open database. Made by `open_store` or `new_store`; one thread uses it."""

    _path: Path
    _db: sqlite3.Connection
    _file: tuple[int, int]
    """Device and number of the file that was opened."""

    @classmethod
    def create(cls, path: Path, key: VerifierKey) -> None:
        """The memory of a new witness, empty: rule 3."""
        with reading(path):
            there = path.exists()
        if there:
            raise already_there(path)
        with _spoken(path):
            db = sqlite3.connect(path, isolation_level=None)
            try:
                db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLES}")
                db.execute("INSERT INTO witness VALUES (?)", (str(key),))
            finally:
                db.close()

    @classmethod
    def open(cls, path: Path, key: VerifierKey) -> Self:
        """The memory of the witness with this key: rule 3."""
        with reading(path):
            there = path.exists()
        if not there:
            raise Unavailable("this witness's memory is gone", where=str(path), next_step=_STEP)
        with _spoken(path):
            db = sqlite3.connect(path.absolute().as_uri() + "?mode=rw", uri=True, isolation_level=None)
            found = path.stat()
            store = cls(path, db, (found.st_dev, found.st_ino))
            try:
                store._check(key)
                db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
            except (SafeconductError, sqlite3.Error):
                db.close()
                raise
        return store

    def _check(self, key: VerifierKey) -> None:
        marks = (self._one("PRAGMA application_id"), self._one("PRAGMA user_version"))
        if marks != (APPLICATION_ID, SCHEMA_VERSION):
            raise Malformed("this is no memory of a witness", where=str(self._path), next_step=_STEP)
        if self._one("SELECT vkey FROM witness") != str(key):
            raise Malformed("this is another witness's memory", where=str(self._path), next_step=_STEP)

    def close(self) -> None:
        """Folds the write-ahead log into the file."""
        with _spoken(self._path):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Heads

    def last(self, origin: str) -> Cosigned | None:
        """What it cosigned last of a log."""
        return next((head for head in self._heads("WHERE origin = ?", origin)), None)

    def heads(self) -> list[Cosigned]:
        """Of every log, by its name."""
        return self._heads("ORDER BY origin")

    def latest(self) -> int:
        """The time of its newest cosignature, on a head or on an offer; 0 before the first."""
        query = "SELECT max(coalesce((SELECT max(time) FROM heads), 0), coalesce((SELECT max(time) FROM offers), 0))"
        with _spoken(self._path):
            return int(str(self._one(query)))

    def cosigned(self, before: Cosigned | None, now: Cosigned) -> None:
        """From `before` to `now`, durable once this returns; Conflict where another was first: rule 2."""
        head = now.head
        values = (head.size, head.root, now.time, now.note.print().encode(), head.origin)
        self._require_here()
        with _spoken(self._path), self._transaction():
            if before is None:
                done = self._db.execute(
                    "INSERT OR IGNORE INTO heads (size, root, time, note, origin) VALUES (?, ?, ?, ?, ?)",
                    values,
                )
            else:
                done = self._db.execute(
                    "UPDATE heads SET size = ?, root = ?, time = ?, note = ?"
                    " WHERE origin = ? AND size = ? AND root = ? AND time = ?",
                    (*values, before.head.size, before.head.root, before.time),
                )
            if done.rowcount != 1:
                raise Conflict("another head was cosigned first", where=head.origin, next_step="Decide again")
            self._db.execute("DELETE FROM evidence WHERE digest = ?", (_digest(now.note),))  # 4

    def _heads(self, which: str, *values: str) -> list[Cosigned]:
        query = f"SELECT origin, size, root, time, note FROM heads {which}"  # noqa: S608 - one of two texts above
        with _spoken(self._path):
            rows = self._db.execute(query, values).fetchall()
        return [
            Cosigned(Checkpoint(origin, size, root, Checkpoint.parse(found.text).extensions), time, found)
            for origin, size, root, time, found in (
                (*row[:4], Note.parse(row[4], where=str(self._path))) for row in rows
            )
        ]

    # Evidence

    def keep(self, evidence: Evidence, now: int) -> None:
        """A head that contradicts what was cosigned: rule 4."""
        request, held = evidence.request, evidence.held
        origin = request.head.origin
        data = print_request(request.old, request.proof, request.note)
        row = (
            _digest(request.note), origin, now, evidence.why, data,
            None if held is None else held.print().encode(), origin, evidence.why, MOST_EVIDENCE,
        )  # fmt: skip
        with _spoken(self._path):
            if self._one("SELECT count(*) FROM evidence WHERE digest = ?", row[0]):
                return
            done = self._db.execute(
                "INSERT INTO evidence SELECT ?, ?, ?, ?, ?, ?"
                " WHERE (SELECT count(*) FROM evidence WHERE origin = ? AND why = ?) < ?",
                row,
            )
            if done.rowcount != 1:
                self._db.execute(
                    "INSERT INTO more_evidence VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                    (origin,),
                )

    def evidence(self) -> Iterator[Kept]:
        """Oldest first."""
        query = "SELECT origin, time, why, request, held FROM evidence ORDER BY rowid"
        with _spoken(self._path):
            rows = self._db.execute(query).fetchall()
        return (Kept(*row) for row in rows)

    def not_kept(self, origin: str) -> int:
        """How much evidence against a log came when there was enough."""
        with _spoken(self._path):
            query = "SELECT coalesce(sum(count), 0) FROM more_evidence WHERE origin = ?"
            return int(str(self._one(query, origin)))

    # Offers and the clock

    def offer(self, offer: Offer) -> None:
        """Keeps an offer, durable once this returns; the first of a record stays."""
        self._require_here()
        with _spoken(self._path):
            self._db.execute("INSERT OR IGNORE INTO offers VALUES (?, ?, ?, ?)", offer)

    def offered(self, leaf: bytes) -> Offer | None:
        """The offer of the record with this leaf."""
        query = "SELECT leaf, time, record, note FROM offers WHERE leaf = ?"
        with _spoken(self._path):
            row = self._db.execute(query, (leaf,)).fetchone()
        return None if row is None else Offer(*row)

    def offers(self) -> Iterator[Offer]:
        """Every one, oldest first."""
        query = "SELECT leaf FROM offers ORDER BY rowid"
        with _spoken(self._path):
            leaves = [row[0] for row in self._db.execute(query)]
        return (offer for leaf in leaves if (offer := self.offered(leaf)) is not None)

    def offer_count(self) -> int:
        """How many there are."""
        with _spoken(self._path):
            return int(str(self._one("SELECT count(*) FROM offers")))

    def jumped(self, jump: Jump) -> None:
        """The clock jumped."""
        with _spoken(self._path):
            self._db.execute(
                "INSERT INTO jumps SELECT ?, ? WHERE (SELECT count(*) FROM jumps) < ?", (*jump, MOST_JUMPS)
            )

    def jumps(self) -> list[Jump]:
        """Oldest first."""
        with _spoken(self._path):
            rows = self._db.execute("SELECT seen, seconds FROM jumps ORDER BY rowid").fetchall()
        return [Jump(*row) for row in rows]

    def _require_here(self) -> None:
        """Rule 3: what is written to a file without a name is gone at the next start."""
        with reading(self._path):
            found = self._path.stat() if self._path.exists() else None
        if found is None or (found.st_dev, found.st_ino) != self._file:
            raise Unavailable("this witness's memory was taken away", where=str(self._path), next_step=_STEP)

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

    def _one(self, query: str, *values: object) -> object:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else row[0]


def _digest(note: Note) -> bytes:
    """What a head is known by, however it was asked for."""
    return sha256(note.text.encode())


@contextmanager
def _spoken(path: Path) -> Iterator[None]:
    """What SQLite says, in our words."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            step = "Check the disk, then repeat; nothing was half-written"
            raise Unavailable(f"the witness's memory: {error}", where=str(path), next_step=step) from error
        raise Malformed(f"the witness's memory: {error}", where=str(path), next_step=_STEP) from error
