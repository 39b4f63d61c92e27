"""How a party is, whether it is served at the moment or not: what lies in its folder, read and verified again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.file_lock import is_held
from safeconduct.adapters.files import read_file, reading
from safeconduct.adapters.mirror_memory import OLDER, MirrorMemory, Trouble
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.policy import MAX_BYTES
from safeconduct.service.pace import LONGEST_S
from safeconduct.verify.files import CHECKPOINT, POLICY
from safeconduct.verify.head import read_head, read_policy
from safeconduct.wiring.party import ARCHIVE, LOCK, MIRRORED, Corridor, corridor_of

OVERDUE_S = 3600 + LONGEST_S
"""Longer than any pause of the mirror: who learnt nothing for so long is cut off, or stands still."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A party's archive: its head, when that had its quorum (POSIX seconds; None: it needs none), its files."""

    head: Checkpoint
    time: int | None
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Looked:
    """The mirror's part. `archive` None: nothing is there yet; `unread`: why it, or the memory, cannot be read."""

    is_served: bool
    corridor: Corridor
    memory: MirrorMemory
    archive: Archive | None
    unread: SafeconductError | None

    def overdue_since(self, now: int) -> int | None:
        """Since when nothing was learnt, if that is too long."""
        trouble = self.memory.trouble
        since = self.memory.learnt or (None if trouble is None else trouble.since)
        return since if since is not None and now - since > OVERDUE_S else None

    def is_pressing(self, now: int) -> bool:
        """Whether somebody must act for the mirror's sake: a proof, a file that is not right, silence for too long."""
        trouble = self.memory.trouble
        return (
            not self.is_served
            or self.unread is not None
            or self.memory.split is not None
            or self.overdue_since(now) is not None
            or (trouble is not None and not may_pass(trouble))
        )


def may_pass(trouble: Trouble) -> bool:
    """Whether it is of a kind that passes by itself: no answer yet, no quorum yet, a cache that is behind."""
    return trouble.kind in {Unavailable.__name__, OLDER}


def look(folder: Path) -> Looked:
    """At the mirror of this party."""
    corridor, memory, archive = corridor_of(folder), MirrorMemory(), None
    unread: SafeconductError | None = None
    try:
        memory = MirrorMemory.read(folder / MIRRORED)
        archive = _archive(folder / ARCHIVE)
    except SafeconductError as error:
        unread = error
    return Looked(is_held(folder / LOCK), corridor, memory, archive, unread)


def _archive(folder: Path) -> Archive | None:
    """Its head, verified: signatures against its policy, which the mirror compared with the founding record."""
    with reading(folder):
        if not (folder / CHECKPOINT).exists():
            return None
    policy = read_policy(read_file(folder / POLICY, most=MAX_BYTES))
    head = read_head(read_file(folder / CHECKPOINT, most=MAX_BYTES), policy)
    files = size_bytes = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # exchanged meanwhile
            if path.is_file():
                files += 1
                size_bytes += path.stat().st_size
    return Archive(head.checkpoint, head.time(policy), files, size_bytes)
