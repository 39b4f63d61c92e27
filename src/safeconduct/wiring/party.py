"""A party's folder: its witness, its archive, and the corridor that both are of.

| in the folder | what it is |
|---|---|
| `witness/` | a witness as `wiring.witness` has it: `safeconduct witness serve` takes it, too |
| `corridor` | where the corridor is served, and its identifier; absent before `follow_corridor` |
| `reader.jwk` | a key of the party's seat, where it mirrors what is disclosed to it |
| `archive/`, `archive.mirror/` | its mirror: `safeconduct mirror` and `safeconduct audit` take it, too |
| `mirrored`, `spool/` | how the mirror went (`adapters.mirror_memory`); what a run of it puts down meanwhile |
| `party.lock` | held by the process that serves |
Whom to believe comes from the founding record alone: its SHA-256 is the identifier on the signed paper, and the
policy is printed from it. Whoever serves it need not be trusted.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.files import (
    already_there,
    new_place,
    read_file,
    reading,
    replace_file,
    sync_folder,
    writing,
)
from safeconduct.adapters.http_archive import open_files
from safeconduct.adapters.http_get import Address
from safeconduct.adapters.http_mirror import HttpSource
from safeconduct.adapters.keys import Ed25519Key, print_key, read_key
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.core.tlog.note import VerifierKey
from safeconduct.service.mirror_ports import Source
from safeconduct.service.served_founding import served_founding
from safeconduct.wiring.witness import POLICY, follow, key_of, new_witness

WITNESS, ARCHIVE, CORRIDOR, READER = "witness", "archive", "corridor", "reader.jwk"
MIRRORED, SPOOL, LOCK = "mirrored", "spool", "party.lock"
_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Corridor:
    """Where a corridor's archive is served, which corridor it is, and whose key opens it (None: everybody reads it)."""

    address: str
    identifier: str
    key: Ed25519Key | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What a party follows from now on."""

    corridor: Corridor
    founding: Founding
    witness: VerifierKey

    @property
    def is_named(self) -> bool:
        """Whether the founding record names this witness: else the log asks others, and its word counts nowhere."""
        return self.witness in self.founding.witnesses


@contextmanager
def open_source(corridor: Corridor, spool: Path) -> Iterator[Source]:
    """The corridor's archive, as it is served. `spool`: a folder of our own for what is too large to hold."""
    with open_files(corridor.address, key=corridor.key, corridor=corridor.identifier or None) as files:
        yield HttpSource(files, spool)


def found_at(
    address: str, identifier: str | None, key: Ed25519Key | None, *, copy: Path | None = None
) -> tuple[Corridor, Founding]:
    """The corridor that is served there, by its founding record; Disproved where it is another than was asked for.

    `copy`: an archive of it, from which the record is read; then nobody is asked.
    """
    if identifier is not None:
        parse_hex(identifier, length=32, where="--identifier")
    asked = Corridor(str(Address.parse(address)), identifier or "", key)
    if copy is not None:
        founding = served_founding(open_archive(copy).read, identifier)
    else:
        with open_source(asked, Path(tempfile.gettempdir())) as source:  # what is read here is small
            founding = served_founding(source.read, identifier)
    return Corridor(asked.address, founding.identifier, key), founding


def new_party(folder: Path, name: str, found: tuple[Corridor, Founding] | None) -> VerifierKey:
    """A folder with a new witness, and the corridor that it follows; there, whole, or not at all."""
    folder = new_place(folder)
    if os.path.lexists(folder):
        raise already_there(folder)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        witness = new_witness(beside / WITNESS, name, None if found is None else found[1].policy().encode())
        if found is not None:
            _write(beside, found[0])
        with writing(folder):
            beside.chmod(0o700)
            beside.rename(folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return witness


def follow_corridor(folder: Path, corridor: Corridor, founding: Founding) -> Followed:
    """From its next start on. A party stays with its corridor; its address and key may change."""
    require_party(folder)
    if (folder / CORRIDOR).exists() and (before := corridor_of(folder).identifier) != corridor.identifier:
        raise Conflict(
            f"this party follows corridor {before}",
            where=str(folder),
            next_step="Make a folder for the other one: safeconduct party init",
        )
    follow(folder / WITNESS, founding.policy().encode())
    # Crash here: a witness that follows, and no mirror yet. The repeat goes on.
    _write(folder, corridor)
    return Followed(corridor, founding, key_of(folder / WITNESS))


def _write(folder: Path, corridor: Corridor) -> None:
    members = {"address": corridor.address, "identifier": corridor.identifier}
    if corridor.key is not None:
        replace_file(folder / READER, print_key(corridor.key).encode(), mode=0o600)
    replace_file(folder / CORRIDOR, canonical(members) + b"\n")
    if corridor.key is None:
        with writing(folder / READER):
            (folder / READER).unlink(missing_ok=True)


def corridor_of(folder: Path) -> Corridor:
    """The corridor that a party follows."""
    require_party(folder)
    path = folder / CORRIDOR
    if not path.exists() or not (folder / WITNESS / POLICY).exists():
        step = f"Name it: safeconduct party follow {folder} --corridor URL --identifier ID"
        raise Malformed("this party follows no corridor yet", where=str(folder), next_step=step)
    members = parse_canonical(read_file(path, most=_MOST).removesuffix(b"\n"), where=str(path))
    if type(members) is not dict or {name: type(value) for name, value in members.items()} != {
        "address": str,
        "identifier": str,
    }:
        step = "Write it anew: safeconduct party follow"
        raise Malformed("this names no corridor", where=str(path), next_step=step)
    key = read_key(folder / READER) if (folder / READER).exists() else None
    parse_hex(members["identifier"], length=32, where=str(path))
    return Corridor(str(Address.parse(members["address"])), members["identifier"], key)


def require_party(folder: Path) -> None:
    """Unavailable where this is no party's folder."""
    with reading(folder):
        if not (folder / WITNESS).is_dir():
            step = "Name its folder, or make one: safeconduct party init"
            raise Unavailable("there is no party here", where=str(folder), next_step=step)
