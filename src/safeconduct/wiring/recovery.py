"""Backups written, rehearsed and restored: what a corridor's folder is made of, and what was signed since.

A corridor is `corridor.db` (the log), `vault.db` (the keys of what was disclosed) and `keys/`. Three copies, three
places. What was published since lies in `published/`, and tells what a backup does not have.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from safeconduct.adapters.archives import FolderArchive, open_archive
from safeconduct.adapters.backup import (
    check_apart,
    copy_database,
    copy_keys,
    copy_store,
    make_durable,
    new_file,
)
from safeconduct.adapters.files import already_there, reading, sync_folder, writing
from safeconduct.adapters.high_water import PUBLISHED, sources_of
from safeconduct.adapters.keys import KeyFolder
from safeconduct.adapters.last_done import Backup, Rehearsal, leave_note
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import SEALED, VAULT, SealedStore, Vault, unreadable
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.service.archive_store import ArchiveStore, open_copy
from safeconduct.service.catch_up import catch_up, check_continues, erased_in
from safeconduct.service.founded import founding_of
from safeconduct.service.ports import Clock, Store
from safeconduct.service.rollback import check_history, derived_head, own_head
from safeconduct.wiring.offline import DATABASE, KEYS

_CHECKED = "checked.db"


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the copies go; None: that part is not copied."""

    log: Path
    vault: Path | None = None
    keys: Path | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """What was published beyond a backup."""

    head: Checkpoint
    lost: int
    copy: ArchiveStore | None
    """The published files, where all of them verify."""
    why_not: str
    """Why the backup cannot catch up from them, else empty."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a backup gives, opened."""

    founding: Founding
    head: Checkpoint
    since: Since | None
    erased: frozenset[str]
    erased_since: int
    """How many of them by records that the backup does not have."""
    closed: int = 0
    """Disclosures that no vault opens, and no record erases; of a backup, all that are sealed."""
    added: int = 0
    stops: str = ""
    """Why the restored corridor will not sign, else empty."""


def back_up(folder: Path, targets: Targets, *, clock: Clock, store: Store | None = None) -> Tried:
    """Every part at its target, checked; leaves a dated note in `folder`.

    `store`: the log where it is not in the folder's own file, as it is kept.
    """
    named = {"TARGET": targets.log, "--vault": targets.vault, "--keys": targets.keys}
    check_apart({name: path for name, path in named.items() if path is not None})
    with new_file(targets.log) as beside:
        if store is None:
            with SqliteStore(folder / DATABASE) as here:
                here.require_here()
            copy_database(folder / DATABASE, beside)
        else:
            copy_store(store, beside)
        tried = _looked_at(beside, targets.log)
    # The log first: whatever it holds then has its key in the vault, or was erased since.
    if targets.vault is not None and ((folder / VAULT).exists() or tried.closed):
        with new_file(targets.vault) as beside:
            copy_database(folder / VAULT, beside)
    if targets.keys is not None:
        copy_keys(folder / KEYS, targets.keys)
    head = tried.head
    leave_note(folder, Backup(clock.now(), _name(targets.log), head.size, head.root.hex()))
    return tried


def rehearse(backup: Path, folder: Path, *, vault: Path | None, clock: Clock) -> Tried:
    """A restore into a folder that is thrown away, against what `folder` has published; leaves a dated note there."""
    with tempfile.TemporaryDirectory(prefix="safeconduct-") as name:
        there = Path(name)
        _copy_log(backup, there / DATABASE)
        if vault is not None:
            copy_database(vault, there / VAULT)
        with _parts(there, there) as (store, used):
            tried = _tried(store, backup, folder)
            check_keys(folder / KEYS, tried.founding)
            _erase(used, tried.erased)
            tried = replace(tried, closed=_closed(store, tried.erased))
    lost = tried.since.lost if tried.since else 0
    root = tried.head.root.hex()
    done = Rehearsal(clock.now(), _name(backup), tried.head.size, root, lost, len(tried.erased))
    leave_note(folder, done)
    return tried


def restore(
    backup: Path,
    folder: Path,
    *,
    vault: Path | None = None,
    keys: Path | None = None,
    archive: Path | None = None,
    clock: Clock,
) -> Tried:
    """A corridor in `folder`, where none is, from its copies; caught up from `archive` if one is named.

    Erasures are replayed on the vault before anything is in its place.
    """
    with _staged(folder, vault=vault is not None, keys=keys is not None) as there:
        _copy_log(backup, there / DATABASE)
        if vault is not None:
            copy_database(vault, there / VAULT)
        if keys is not None:
            copy_keys(keys, there / KEYS)
        with _parts(there, folder if vault is None else there) as (store, used):
            tried = _tried(store, backup, folder)
            check_keys(folder / KEYS if keys is None else there / KEYS, tried.founding)
            added, erased = 0, tried.erased
            if archive is not None:
                copy = open_copy(open_archive(archive), where=str(archive))
                added = catch_up(store, copy, now=clock.now(), where=str(archive), unreadable=unreadable)
                erased |= erased_in(store)
            _erase(used, erased)
            return replace(
                tried,
                head=derived_head(store, where=str(folder)),
                erased=erased,
                closed=_closed(store, erased),
                added=added,
                stops=_stops(store, folder),
            )


def _name(backup: Path) -> str:
    return backup.name.encode("ascii", "backslashreplace").decode()


def _looked_at(path: Path, where: Path) -> Tried:
    """A copy under no name yet, opened as a corridor's log is."""
    beside = path.with_name(f"{path.name}.{_CHECKED}")
    try:
        copy_database(path, beside)
        with SqliteStore(beside) as store:
            head = derived_head(store, where=str(where))
            closed = sum(text.startswith(SEALED) for _, text in store.disclosures())
            return Tried(founding_of(store), head, None, frozenset(), 0, closed)
    finally:
        for end in ("", "-wal", "-shm"):
            beside.with_name(f"{beside.name}{end}").unlink(missing_ok=True)


def _tried(store: Store, backup: Path, folder: Path) -> Tried:
    head = derived_head(store, where=str(backup))
    since = _since(store, head, folder)
    known = erased_in(store)
    # Of a published log that this backup does not lead to, too: what was erased there was erased.
    erased = known | (erased_in(since.copy) if since and since.copy else frozenset())
    return Tried(founding_of(store), head, since, erased, len(erased - known))


def _since(store: Store, head: Checkpoint, folder: Path) -> Since | None:
    """What `folder` has published beyond this head."""
    published = folder / PUBLISHED
    with reading(published):
        if not (published / "checkpoint").exists():
            return None
    log = founding_of(store).log
    files = FolderArchive(published)
    newest = own_head(files.read("checkpoint"), log, where=str(published))
    lost = max(0, newest.size - head.size)
    copy: ArchiveStore | None = None
    try:
        copy = open_copy(files, where=str(published))
        check_continues(store, copy, where=str(published))
    except SafeconductError as error:
        return Since(newest, lost, copy, str(error))
    return Since(newest, lost, copy, "")


def _copy_log(backup: Path, target: Path) -> None:
    """A copy that opens as a log; what is wrong with it is told of the backup."""
    copy_database(backup, target)
    try:
        SqliteStore(target).close()
    except SafeconductError as error:
        raise type(error).of(replace(fault, where=str(backup)) for fault in error.faults) from error


@contextmanager
def _parts(there: Path, with_vault: Path) -> Iterator[tuple[Store, Vault]]:
    """The log in one folder, opened by the vault in the same or another one."""
    vault = Vault(with_vault / VAULT)
    with SealedStore(SqliteStore(there / DATABASE), vault) as store:
        yield store, vault


def _erase(vault: Vault, digests: frozenset[str]) -> None:
    """Before anything is served: the copy of the vault still has the keys of what was erased since."""
    if vault.path.exists():
        vault.erase(digests)


def _closed(store: Store, erased: frozenset[str]) -> int:
    """Every disclosure is opened once; how many are not, though they should."""
    for _ in store.disclosures():
        pass
    return len({digest for _, digest in store.erased()} - erased)


def check_keys(folder: Path, founding: Founding) -> None:
    """The keys that lie there are those of the corridor; where none lie, somebody brings them later."""
    held = KeyFolder(folder)
    for name, expected in (("log", founding.log.public_key), ("service", founding.service_key)):
        if name in held.names() and held.signer(name).public_key != expected:
            raise Malformed(
                f"the key {name!r} here is not this corridor's",
                where=str(folder),
                next_step="Name the keys that were copied with this corridor",
            )


def _stops(store: Store, folder: Path) -> str:
    try:
        check_history(store, sources_of(folder))
    except Disproved as error:
        return str(error)
    return ""


@contextmanager
def _staged(folder: Path, *, vault: bool, keys: bool) -> Iterator[Path]:
    """Where to put the parts together; they are in place in `folder`, the log last, once the block ends well."""
    with writing(folder):
        for name, taken in ((DATABASE, True), (VAULT, vault), (KEYS, keys)):
            for path in (folder / name, folder / f"{name}-wal"):  # what waits there belongs to another file
                if taken and path.exists():
                    raise already_there(path)
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        there = folder / f".restoring.{os.getpid()}"
        there.mkdir(mode=0o700)
    try:
        yield there
        # Crash up to here: no log under its name, and a folder that nobody reads.
        with writing(folder):
            make_durable(there / DATABASE)
            for name, taken in ((KEYS, keys), (VAULT, vault)):
                if taken:
                    (there / name).rename(folder / name)
            sync_folder(folder)
            os.link(there / DATABASE, folder / DATABASE)  # a corridor that came meanwhile is not replaced
            sync_folder(folder)
    finally:
        shutil.rmtree(there, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
