"""The dated notes that a backup and a rehearsed restore leave in the folder, for whoever asks when the last one was."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from safeconduct.adapters.files import read_file, reading, sync_folder, writing
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.instant import parse_instant, print_instant

_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made: when (POSIX seconds), in which file, and what it holds."""

    time: int
    backup: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A restore that was tried: when (POSIX seconds), from which file, and what it gave."""

    time: int
    backup: str
    size: int
    root: str
    lost: int
    """Entries of the published head that the backup does not have."""
    erased: int
    """Digests whose erasure was replayed."""


_Done = TypeVar("_Done", Backup, Rehearsal)
_NAMES: dict[type[Backup | Rehearsal], tuple[str, str]] = {
    Backup: ("last-backup", "safeconduct backup DIR TARGET"),
    Rehearsal: ("last-rehearsal", "safeconduct restore --rehearse BACKUP DIR"),
}


def leave_note(folder: Path, done: Backup | Rehearsal) -> None:
    """Replaces the note of the one before."""
    name, _ = _NAMES[type(done)]
    beside = folder / f".{name}.{os.getpid()}"
    members = {field.name: getattr(done, field.name) for field in fields(done)}
    with writing(folder / name):
        beside.write_bytes(canonical(members | {"time": print_instant(done.time)}) + b"\n")
        beside.replace(folder / name)
        sync_folder(folder)


def last_done(folder: Path, kind: type[_Done]) -> _Done | None:
    """The newest one; None if there was none yet."""
    name, command = _NAMES[kind]
    path = folder / name
    with reading(path):
        if not path.exists():
            return None
    where = str(path)
    members = parse_canonical(read_file(path, most=_MOST).removesuffix(b"\n"), where=where)
    shape = {
        field.name: str if field.type == "str" or field.name == "time" else int for field in fields(kind)
    }
    if type(members) is not dict or {key: type(value) for key, value in members.items()} != shape:
        raise Malformed(
            f"this is no note of a {kind.__name__.lower()}",
            where=where,
            next_step=f"Remove it, and repeat: {command}",
        )
    return kind(**(members | {"time": parse_instant(members["time"], where=where)}))
