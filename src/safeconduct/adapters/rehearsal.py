"""The dated note that a rehearsed restore leaves in the corridor's folder, for whoever asks when it last worked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.files import read_file, reading, sync_folder, writing
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.instant import parse_instant, print_instant

NAME = "last-rehearsal"
_MOST = 65_536


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


def note_rehearsal(folder: Path, rehearsal: Rehearsal) -> None:
    """Replaces the note of the one before."""
    path = folder / NAME
    beside = path.with_name(f".{NAME}.{os.getpid()}")
    members = {name: getattr(rehearsal, name) for name in Rehearsal.__slots__}
    with writing(path):
        beside.write_bytes(canonical(members | {"time": print_instant(rehearsal.time)}) + b"\n")
        beside.replace(path)
        sync_folder(folder)


def last_rehearsal(folder: Path) -> Rehearsal | None:
    """The newest one; None if there was none yet."""
    path = folder / NAME
    with reading(path):
        if not path.exists():
            return None
    where = str(path)
    members = parse_canonical(read_file(path, most=_MOST).removesuffix(b"\n"), where=where)
    shape = {name: int if name in ("size", "lost", "erased") else str for name in Rehearsal.__slots__}
    if type(members) is not dict or {name: type(value) for name, value in members.items()} != shape:
        raise Malformed(
            "this is no note of a rehearsal",
            where=where,
            next_step="Remove it, and rehearse: safeconduct restore --rehearse BACKUP DIR",
        )
    return Rehearsal(**(members | {"time": parse_instant(members["time"], where=where)}))
