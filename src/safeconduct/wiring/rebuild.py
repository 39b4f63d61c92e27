"""A corridor from an archive alone: whoever holds one can bring the log back, as far as that archive goes.

The log comes back byte for byte, with the one head of the archive as its only one. Its disclosures are sealed with
new keys. Private keys are in no archive: they are brought, or nothing is ever signed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.files import reading
from safeconduct.adapters.keys import Ed25519Key, KeyFolder
from safeconduct.adapters.vault import unreadable
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.archive_store import Files, open_copy
from safeconduct.service.catch_up import catch_up, erased_in
from safeconduct.service.not_shown import Shown, shown_in
from safeconduct.service.ports import Clock
from safeconduct.service.rollback import derived_head
from safeconduct.wiring.offline import new_store, seed_in
from safeconduct.wiring.recovery import check_keys

NEEDED = ("log", "service")
"""The keys without which nothing is appended."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came back, and what did not."""

    founding: Founding
    head: Checkpoint
    cosigned: tuple[str, ...]
    """The witnesses whose cosignatures the archive's head has."""
    recorded: int
    """Earlier heads that records in the log repeat."""
    shown: Shown
    signs: bool
    """Whether the keys of log and service were brought."""


def rebuild(files: Files, folder: Path, *, where: str, keys: Path | None, clock: Clock) -> Rebuilt:
    """A corridor in `folder`, which is new, from this archive; whole, or nothing is there.

    Malformed, Disproved or Unavailable where the archive is no whole copy of a log, or the keys are not the log's.
    """
    held, seed = ({}, None) if keys is None else (_brought(keys), seed_in(keys))
    with new_store(folder, keys=held, seed=seed) as store:
        copy = open_copy(files, where=where)
        if keys is not None:
            check_keys(keys, copy.founding)
        policy = Policy.parse(copy.founding.policy().encode())
        signed = policy.check(Note.parse(copy.note, where=where), where=where)
        catch_up(store, copy, now=clock.now(), where=where, unreadable=unreadable)
        return Rebuilt(
            founding=copy.founding,
            head=derived_head(store, where=str(folder)),
            cosigned=tuple(sorted(signed.cosigned)),
            recorded=sum(1 for _ in store.of_kinds({"head"})),
            shown=shown_in(copy, erased_in(store)),
            signs=keys is not None,
        )


def _brought(folder: Path) -> dict[str, Ed25519Key]:
    """Every key in this folder, those of log and service among them."""
    with reading(folder):
        if not folder.is_dir():
            raise Unavailable(
                "there is no such folder", where=str(folder), next_step="Name the folder of the private keys"
            )
    held = KeyFolder(folder)
    return {name: held.signer(name) for name in (*NEEDED, *held.names())}
