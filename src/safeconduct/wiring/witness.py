"""A witness in a folder: its key in `witness.jwk`, its `name`, the `policy` whose logs it follows, its memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.enrolled_keys import ArchiveKeys
from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.files import (
    already_there,
    new_place,
    read_file,
    reading,
    sync_folder,
    write_new,
    writing,
)
from safeconduct.adapters.keys import Ed25519Key, KeyFolder
from safeconduct.adapters.watched_clock import WatchedClock
from safeconduct.adapters.witness_store import Jump, WitnessStore
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.tlog.note import KeyType, VerifierKey
from safeconduct.core.tlog.policy import MAX_BYTES, Policy
from safeconduct.core.tlog.witness import Decision, followed
from safeconduct.service.witnessing import Witnessing

KEY, NAME, POLICY, MEMORY, LOCK = "witness", "name", "policy", "witness.db", "witness.lock"
_MOST_NAME = 256


@dataclass(frozen=True, slots=True)
class Witness:
    """An opened witness."""

    key: VerifierKey
    logs: tuple[VerifierKey, ...]
    memory: WitnessStore


def new_witness(folder: Path, name: str, policy: bytes | None) -> VerifierKey:
    """A witness that has cosigned nothing yet; its key. The folder is there, whole, or not at all."""
    folder = new_place(folder)
    if os.path.lexists(folder):
        raise already_there(folder)
    key = Ed25519Key(SystemChance().bytes("witness", 32))
    verifier = VerifierKey.of(name, KeyType.COSIGNATURE, key.public_key, where="--name")
    if policy is not None:
        followed(Policy.parse(policy), name)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    with writing(folder):
        beside.mkdir(mode=0o700, parents=True)
    KeyFolder(beside).keep(KEY, key)
    write_new(beside / NAME, f"{name}\n".encode())
    if policy is not None:
        write_new(beside / POLICY, policy)
    WitnessStore.create(beside / MEMORY, verifier)
    # Crash up to here: a folder that nobody uses, under a name that begins with a dot.
    with writing(folder):
        beside.rename(folder)
        sync_folder(folder.parent)
    return verifier


def follow(folder: Path, policy: bytes) -> tuple[VerifierKey, ...]:
    """From the next start on it follows the logs of this policy. What it remembers of others stays."""
    logs = followed(Policy.parse(policy), key_of(folder).name)
    beside = folder / f".{POLICY}.{os.getpid()}"
    write_new(beside, policy)
    with writing(folder / POLICY):
        beside.replace(folder / POLICY)
        sync_folder(folder)
    return logs


def key_of(folder: Path) -> VerifierKey:
    """The verifier key of the witness in this folder."""
    text = read_file(folder / NAME, most=_MOST_NAME).decode("utf-8", "replace").removesuffix("\n")
    signer = KeyFolder(folder).signer(KEY)
    return VerifierKey.of(text, KeyType.COSIGNATURE, signer.public_key, where=str(folder / NAME))


def logs_of(folder: Path, name: str) -> tuple[VerifierKey, ...]:
    """The logs that it follows; none before it was given a policy."""
    path = folder / POLICY
    with reading(path):
        if not path.exists():
            return ()
    return followed(Policy.parse(read_file(path, most=MAX_BYTES), where=str(path)), name, where=str(path))


@contextmanager
def open_witness(folder: Path) -> Iterator[Witness]:
    """To look at; it may be served at the same time."""
    key = key_of(folder)
    with WitnessStore.open(folder / MEMORY, key) as memory:
        yield Witness(key, logs_of(folder, key.name), memory)


@contextmanager
def serving_witness(folder: Path, *, archive: Path | None = None) -> Iterator[tuple[Witness, Witnessing]]:
    """To serve; one process at a time. `archive`: whose records it takes as offers."""
    with open_witness(folder) as here:
        if not here.logs:
            step = "Give it the corridor's policy: safeconduct witness follow DIR --policy FILE"
            raise Malformed("this witness follows no log yet", where=str(folder), next_step=step)
        signer = KeyFolder(folder).signer(KEY)
        lock = FileLock(folder / LOCK)
        try:
            lock.take()
        except Unavailable as error:
            step = "Stop it first: a witness is one process"
            raise Unavailable(
                "another process serves this witness", where=str(folder), next_step=step
            ) from error
        try:
            clock = WatchedClock(lambda seen, seconds: here.memory.jumped(Jump(seen, seconds)))
            enrolled = None if archive is None else ArchiveKeys(archive)
            yield here, Witnessing(Decision(here.key, signer, here.logs), here.memory, clock, enrolled)
        finally:
            lock.release()
