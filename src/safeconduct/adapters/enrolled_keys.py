"""Whose records a party knows, from the archive that it keeps; what is new there counts within ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.service.archive_store import open_copy
from safeconduct.service.version import keyring_at

PAUSE_S = 600.0
"""A long log takes seconds to read; those who want a head cosigned wait meanwhile."""
BROKEN_S = 60.0
"""Likewise for one that cannot be read: anybody may ask, and each asking would read it all again."""


@dataclass(slots=True)
class ArchiveKeys:
    """`service.witnessing.Enrolled`, from the archive in a folder."""

    folder: Path
    passes: Callable[[], float] = time.monotonic
    _read: tuple[float, bytes, Keyring] | None = field(default=None)
    _broken: tuple[float, SafeconductError] | None = field(default=None)

    def keyring(self) -> Keyring:
        """As the archive's head leaves it."""
        if self._read is not None and self.passes() - self._read[0] < PAUSE_S:
            return self._read[2]
        if self._broken is not None and self.passes() - self._broken[0] < BROKEN_S:
            raise type(self._broken[1]).of(self._broken[1].faults)
        try:
            return self._fresh()
        except SafeconductError as error:
            self._broken = self.passes(), error
            raise

    def _fresh(self) -> Keyring:
        archive = open_archive(self.folder)
        note = archive.read("checkpoint")
        ring = self._read[2] if self._read is not None and self._read[1] == note else None
        if ring is None:
            try:
                store = open_copy(archive, where=str(self.folder))
                ring = keyring_at(store.founding, store, store.size())
            except SafeconductError:
                if archive.read("checkpoint") == note:
                    raise
                return (
                    self._fresh()
                )  # a mirror exchanged it meanwhile, which it does every few seconds at most
        self._read = self.passes(), note, ring
        return ring
