"""A lock on a file, by the operating system: it ends with its process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from safeconduct.adapters.files import reading, writing
from safeconduct.core.kernel.errors import Unavailable

_TAKEN = (errno.EWOULDBLOCK, errno.EACCES)
_LOOKS, _LOOK_S = 10, 0.1


@dataclass(slots=True)
class FileLock:
    """On a file that is made for it, and stays."""

    path: Path
    _descriptor: int | None = field(default=None)

    def take(self) -> None:
        """Takes it."""
        if self._descriptor is not None:
            return
        with writing(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _TAKEN:
                step = "Keep the corridor's folder on a disk of this machine"
                raise Unavailable(
                    "this file cannot be locked", where=str(self.path), next_step=step
                ) from error
            raise held_elsewhere(str(self.path)) from error
        self._descriptor = descriptor

    def take_soon(self) -> None:
        """Takes it, within a second: where somebody has only looked at it (`is_held`), they are gone by then."""
        for _ in range(_LOOKS - 1):
            try:
                return self.take()
            except Unavailable:
                time.sleep(_LOOK_S)
        return self.take()

    def release(self) -> None:
        """Lets go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Whether some process holds the lock on this file; where there is no file, none does.

    Whoever takes it in this very moment may find it taken: such a program waits a little (`FileLock.take_soon`).
    """
    with reading(path):
        if not path.exists():
            return False
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False


def held_elsewhere(where: str) -> Unavailable:
    """What is said where another process has it."""
    return Unavailable(
        "another process sequences this log",
        where=where,
        next_step="Send the records there, or repeat once it has stopped",
    )
