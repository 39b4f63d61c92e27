"""Heads kept outside the store: the high-water note, the published head, what somebody hands in.

The high-water note is the newest head as a signed note, on storage that no backup of the corridor is restored to. It
is replaced whole after each publication, so that a crash leaves the old or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.files import read_file, reading, sync_folder, writing
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.tlog import note
from safeconduct.core.tlog.receipt import HEADER, MAX_BYTES, Receipt
from safeconduct.service.rollback import Source

PUBLISHED = "published"
_CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class HighWater:
    """The high-water note in one file. Its folder is there before; the file comes with the first publication."""

    path: Path

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"the high-water note {self.path}"

    def read(self) -> bytes | None:
        """The note; None before the first one. A folder that is gone is storage that is not there: Unavailable."""
        with reading(self.path):
            is_there, has_folder = self.path.exists(), self.path.parent.is_dir()
        if not has_folder:
            raise Unavailable(
                "the storage of the high-water note is not there",
                where=str(self.path),
                next_step="Bring its storage back, or make its folder if there never was a note",
            )
        return read_file(self.path, most=note.MAX_BYTES) if is_there else None

    def keep(self, newest: bytes) -> None:
        """The newest published head, durable before this returns."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with writing(self.path):
            try:
                with beside.open("wb") as file:
                    file.write(newest)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(self.path)
            finally:
                beside.unlink(missing_ok=True)
            sync_folder(self.path.parent)


@dataclass(slots=True)
class PublishedHead:
    """The head that a folder of published files shows. A file that nobody has put there anew is read once."""

    folder: Path
    _read: tuple[tuple[int, ...], bytes] = ((), b"")
    """Which file was read, and what it held: files there are replaced whole, never written over."""

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"the published head {self.folder / _CHECKPOINT}"

    def read(self) -> bytes | None:
        """The note; None where nothing was published."""
        path = self.folder / _CHECKPOINT
        with reading(path):
            try:
                found = path.stat()
            except FileNotFoundError:
                return None
        which = found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
        if which != self._read[0]:
            self._read = which, read_file(path, most=note.MAX_BYTES)
        return self._read[1]


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A head, or a receipt with the head in it, that somebody kept and shows."""

    path: Path

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"what was handed in, {self.path}"

    def read(self) -> bytes:
        """The note."""
        content = read_file(self.path, most=MAX_BYTES)
        if content.startswith(HEADER.encode()):
            return Receipt.parse(content, where=str(self.path)).note.print().encode()
        return content


def sources_of(
    folder: Path, *, high_water: Path | None = None, handed_in: Sequence[Path] = ()
) -> tuple[Source, ...]:
    """Every place outside the store of the corridor in `folder`."""
    kept = () if high_water is None else (HighWater(high_water),)
    return (PublishedHead(folder / PUBLISHED), *kept, *map(HandedIn, handed_in))
