"""Copies of a corridor's files: each new, whole and durable under its name, or not there at all.

Rules:
 1. A database is copied by SQLite's online backup: one moment of it, while others go on writing. The copy is one
    file, needs no other beside it, and has passed SQLite's own integrity check.
 2. A copy gets its name after it is durable. A crash before that leaves a file whose name begins with a dot, and
    nothing reads that.
 3. Nothing is overwritten.
 4. Log, vault and keys never go into the same folder, nor into one inside another: whoever gets one copy must not get
    with it what the others protect.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path

from safeconduct.adapters.files import already_there, new_place, reading, sync_folder, writing
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable
from safeconduct.service.archive_store import row_of_entry
from safeconduct.service.ports import Store


def check_apart(targets: Mapping[str, Path]) -> None:
    """Rule 4, by the words of whoever names them: `TARGET`, `--vault`, `--keys`."""
    folders = {name: path.resolve().parent for name, path in targets.items()}
    if "--keys" in targets:
        folders["--keys"] = targets["--keys"].resolve()  # it is a folder itself
    for (one, first), (other, second) in combinations(folders.items(), 2):
        if first == second or first in second.parents or second in first.parents:
            raise Malformed(
                f"{one} and {other} lie in one folder: {first} and {second}",
                where=other,
                next_step="Give each a place of its own, best on different storage",
            )


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Where to write; under the name `target` once the block ends without an error (2, 3)."""
    target = new_place(target)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with writing(target):
        if target.exists() or target.is_symlink():
            raise already_there(target)
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.unlink(missing_ok=True)  # of a crash, long ago
        yield beside
        with writing(target):
            make_durable(beside)
            # Crash here: whole, and under a name that nobody reads.
            os.link(beside, target)  # unlike a rename, a link never replaces what is there
            sync_folder(target.parent)
    finally:
        for path in (
            beside,
            *(beside.with_name(f"{beside.name}{end}") for end in ("-wal", "-shm", "-journal")),
        ):
            path.unlink(missing_ok=True)


def copy_database(source: Path, target: Path) -> None:
    """Rule 1: the database at `source` in a new file at `target`, which is a place where nothing is read yet."""
    with reading(source):
        if not source.is_file():
            raise Unavailable("there is no such file", where=str(source), next_step="Check the name")
    with writing(target):
        target.touch(mode=0o600)
    with _spoken(source):
        link = f"{source.resolve().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(link, uri=True, timeout=10)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    check_database(target, where=source)


def check_database(path: Path, *, where: Path) -> None:
    """Rule 1: SQLite finds no damage in it, and it is one file."""
    with _spoken(where), closing(sqlite3.connect(path)) as database:
        (found,) = database.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise _damaged(where)
        database.execute("PRAGMA journal_mode=DELETE")


def copy_store(store: Store, target: Path) -> None:
    """The same file from any store: entries, heads and what is kept beside them, as the store gives them.

    It is in nobody's use yet, so it is written without waiting for the disk, and made durable at the end.
    """
    heads = store.committed()
    size = heads[-1].size if heads else 0  # the log may grow while it is copied
    published = [head for head in store.published() if head.size <= size]
    SqliteStore(target, create=True).close()
    target.chmod(0o600)
    with _spoken(target), closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.executescript("PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; BEGIN;")
        rows = ((n, row_of_entry(text)) for n, text in enumerate(store.entries(0, size)))
        database.executemany(
            "INSERT INTO entries VALUES (?, ?, ?, ?)", ((n, row.entry, row.jti, row.kind) for n, row in rows)
        )
        database.executemany("INSERT INTO disclosures (entry, text) VALUES (?, ?)", store.disclosures(size))
        for table, kept in (("committed", heads), ("published", published)):
            database.executemany(
                f"INSERT INTO {table} (size, note, time) VALUES (?, ?, ?)",  # noqa: S608 - two words of ours
                ((head.size, head.note, head.time) for head in kept),
            )
        database.execute("COMMIT")
    check_database(target, where=target)


def copy_keys(source: Path, target: Path) -> None:
    """Every file of the folder `source` in a new folder at `target`, for its owner alone."""
    target = new_place(target)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with reading(source):
        files = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
    with writing(target):
        if target.exists() or target.is_symlink():
            raise already_there(target)
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            beside.mkdir(mode=0o700)
            for file in files:
                copy = beside / file.name
                copy.touch(mode=0o600)
                copy.write_bytes(file.read_bytes())
                make_durable(copy)
            sync_folder(beside)
            beside.rename(target)
            sync_folder(target.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def make_durable(path: Path) -> None:
    """What `path` holds, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(where: Path) -> Malformed:
    return Malformed(
        "this is not a whole database", where=str(where), next_step="Keep the file, and use another copy"
    )


@contextmanager
def _spoken(where: Path) -> Iterator[None]:
    """SQLite's errors in our words."""
    try:
        yield
    except SafeconductError:
        raise
    except sqlite3.Error as error:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL:
                raise Unavailable(
                    "the disk is full", where=str(where), next_step="Make room, then repeat"
                ) from error
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                raise _damaged(where) from error
            case _:
                raise Unavailable(
                    f"the copy failed ({error})", where=str(where), next_step="Check both disks, then repeat"
                ) from error
    except UnicodeDecodeError as error:  # a damaged file's own names, in SQLite's complaint
        raise _damaged(where) from error
