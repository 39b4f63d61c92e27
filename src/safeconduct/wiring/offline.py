"""A corridor in a folder: `corridor.db`, and `keys/` with the log's and the service's private keys.

The keys of disclosures are in `vault.db`, once there are any.
A corridor that was made from a seed (`keys/seed`: a simulation or a replay) lives in its own time: its clock
stands at its newest head, its chance is the seed's, and witnesses whose keys lie there too cosign. A live one
has none of this.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.chance import SeededChance, SystemChance
from safeconduct.adapters.clock import FixedClock, SystemClock
from safeconduct.adapters.files import (
    already_there,
    new_place,
    read_file,
    reading,
    sync_folder,
    write_new,
    writing,
)
from safeconduct.adapters.high_water import sources_of
from safeconduct.adapters.keys import Ed25519Key, KeyFolder
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import VAULT, SealedStore, Vault
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import Note, Signature, Signer, VerifierKey
from safeconduct.service.founded import founding_of
from safeconduct.service.ports import Chance, Clock, Store
from safeconduct.service.rollback import History, Source
from safeconduct.service.sequence import Sequencer

DATABASE, KEYS, SEED = "corridor.db", "keys", "seed"
_LONGEST_SEED = 65_536


@dataclass(frozen=True, slots=True)
class HeldWitness:
    """A witness whose key lies beside the log: it proves nothing. Simulations and replays have it."""

    verifier: VerifierKey
    key: Signer
    clock: Clock

    def cosign(self, note: Note) -> Signature | None:
        """Its cosignature, always."""
        return cosign(note.text, self.verifier, self.key, time=self.clock.now())


@dataclass(frozen=True, slots=True)
class Corridor:
    """An open corridor."""

    store: Store
    sequencer: Sequencer
    clock: Clock

    @property
    def founding(self) -> Founding:
        """Its founding record."""
        return self.sequencer.founding


@contextmanager
def new_store(
    folder: Path, *, keys: Mapping[str, Ed25519Key], seed: bytes | None = None
) -> Iterator[SealedStore]:
    """An empty store, in a folder that is there, whole, once the block ends without an error.

    `keys` are kept by name, `log` and `service` among them. Simulations and replays add their `seed`, and
    their witnesses' keys under names that begin with `witness`.
    """
    folder = new_place(folder)
    with writing(folder):
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise already_there(folder)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        with writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            beside.mkdir()
        held = KeyFolder(beside / KEYS)
        for name, key in keys.items():
            held.keep(name, key)
        if seed is not None:
            write_new(beside / KEYS / SEED, seed.hex().encode() + b"\n", mode=0o600)
        with SealedStore(SqliteStore(beside / DATABASE, create=True), Vault(beside / VAULT)) as store:
            yield store
        # Crash up to here: a folder that nobody reads, under a name that begins with a dot.
        with writing(folder):
            beside.rename(folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def open_corridor(folder: Path) -> Iterator[Corridor]:
    """The corridor in this folder, ready to append; Disproved where its published files know a newer or another log."""
    with SqliteStore(folder / DATABASE) as log:
        log.require_here()
        vault = Vault(folder / VAULT)
        try:
            corridor = corridor_over(SealedStore(log, vault), folder)
            history_of(corridor.sequencer, sources_of(folder)).check()
            corridor.sequencer.keep_tiles()
            yield corridor
        finally:
            vault.close()


def corridor_over(store: Store, folder: Path, *, at_once: bool = True) -> Corridor:
    """The corridor whose log is in this store, with the keys of this folder; `at_once` as in `Sequencer`."""
    keys = KeyFolder(folder / KEYS)
    founding, clock = founding_of(store), clock_of(store, folder)
    chance: Chance = SystemChance()
    witnesses: list[HeldWitness] = []
    seed = seed_in(folder / KEYS)
    if seed is not None and founding.nature != "live":
        chance, witnesses = SeededChance(seed), _witnesses(keys, founding, clock)
    sequencer = Sequencer(
        store,
        log=keys.signer("log"),
        service=keys.signer("service"),
        clock=clock,
        chance=chance,
        witnesses=witnesses,
        at_once=at_once,
    )
    return Corridor(store, sequencer, clock)


def history_of(log: Sequencer, sources: tuple[Source, ...]) -> History:
    """The sequencer's log beside the places that keep its heads."""
    return History(log.founding.log, sources, lambda: log.size, log.root_at)


def clock_of(store: Store, folder: Path) -> Clock:
    """The time in which the corridor lives."""
    if seed_in(folder / KEYS) is not None and founding_of(store).nature != "live":
        return FixedClock(
            max((head.time for head in (store.newest(), store.newest_published()) if head), default=0)
        )
    return SystemClock()


def open_store(folder: Path) -> SealedStore:
    """The log of the corridor in this folder, to read."""
    return SealedStore(SqliteStore(folder / DATABASE), Vault(folder / VAULT))


def seed_in(keys: Path) -> bytes | None:
    """The seed beside these keys; None in a live corridor's folder."""
    path = keys / SEED
    with reading(path):
        if not path.exists():
            return None
    text = read_file(path, most=_LONGEST_SEED).decode("ascii", "replace").removesuffix("\n")
    if not text:
        raise Malformed("this seed is empty", where=str(path), next_step="Bring it back from your copy")
    return parse_hex(text, length=len(text) // 2, where=str(path))


def _witnesses(keys: KeyFolder, founding: Founding, clock: Clock) -> list[HeldWitness]:
    held = {keys.signer(name).public_key: name for name in keys.names() if name.startswith("witness")}
    return [
        HeldWitness(key, keys.signer(held[key.public_key]), clock)
        for key in founding.witnesses
        if key.public_key in held
    ]
