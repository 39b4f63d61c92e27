"""A folder that a web server serves, as a place to publish to.

Each file is written beside, under one name for all (`.new`), made durable, then renamed: a crash leaves at most that
one file behind, and the next run overwrites it. Names are made durable by `settle`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from safeconduct.adapters.archives import check_path
from safeconduct.adapters.files import reading, sync_folder, writing
from safeconduct.core.kernel.errors import Disproved, Unavailable

_BESIDE = ".new"
_PATIENCE_S = 10.0
_PAUSE_S = 0.05


@dataclass(slots=True)
class PublishFolder:
    """A folder, made when it is first written to."""

    folder: Path
    _unsettled: set[Path] = field(default_factory=set, repr=False)
    """Folders whose names a power cut could still take back."""

    def paths(self, under: str = "") -> list[str]:
        """Every file's path, sorted."""
        top = self._place(under) if under else self.folder
        with reading(top):
            found = sorted(str(path.relative_to(self.folder)) for path in top.rglob("*") if path.is_file())
        return [path for path in found if path != _BESIDE]

    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is none."""
        place = self._place(path)
        with reading(place):
            try:
                return place.read_bytes()
            except FileNotFoundError:
                return None

    def write(self, path: str, data: bytes, *, immutable: bool) -> bool:
        """Puts a file there; whether it was not there yet, or other."""
        place = self._place(path)
        known = self.read(path)
        if immutable and known not in (None, data):
            raise Disproved(
                "a file that never changes is there with other bytes, and stays as it is",
                where=str(place),
                next_step="Keep it; if it was damaged, move it away and publish again, comparing every file",
                rule="log.altered",
            )
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        # Also where it is there already: the run that put it there may have been killed before it settled.
        self._unsettled.update(self._folders_down_to(place))
        if known == data:
            return False
        with writing(place):
            self._replace(place, data)
        return True

    def _replace(self, place: Path, data: bytes) -> None:
        beside = self.folder / _BESIDE
        with suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)

    def remove(self, path: str) -> None:
        """Takes a file away, if it is there, and its folder where it was the last one."""
        place = self._place(path)
        with writing(place):
            place.unlink(missing_ok=True)
        with suppress(OSError):
            place.parent.rmdir()

    def settle(self) -> None:
        """Makes the names durable, the deepest folders first."""
        for folder in sorted(self._unsettled, key=lambda each: len(each.parts), reverse=True):
            with writing(folder):
                sync_folder(folder)
        self._unsettled.clear()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A lock on the folder itself: it ends with its process, and leaves no file behind."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise Unavailable(
                        "another program is publishing here",
                        where=str(self.folder),
                        next_step="Wait for it, then repeat",
                    ) from error
                time.sleep(_PAUSE_S)
            else:
                return

    def _place(self, path: str) -> Path:
        check_path(path, str(self.folder))
        return self.folder / path

    def _folders_down_to(self, place: Path) -> Iterator[Path]:
        """The folder itself and every one between it and the file; above it, the one that it may be new in."""
        for folder in place.parents:
            yield folder
            if folder == self.folder:
                yield folder.parent
                return
