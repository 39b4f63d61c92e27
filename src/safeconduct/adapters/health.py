"""What this machine says of itself: its clock, and a disk that was just written to."""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.files import sync_folder, writing

_TIME_ERROR = 5
_TIMEX_BYTES = 512


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder that can be written to."""

    free: int
    sync_ms: int
    """How long it took to make a small file and its name durable."""
    ahead_s: int
    """This machine's time less that which the disk gave to the file."""


def try_disk(folder: Path) -> Disk:
    """Writes a small file, makes it durable, and takes it away again."""
    beside = folder / f".doctor.{os.getpid()}"
    with writing(folder):
        start = time.perf_counter()
        try:
            with beside.open("wb") as file:
                file.write(b"doctor\n")
                file.flush()
                os.fsync(file.fileno())
            sync_folder(folder)
            taken = time.perf_counter() - start
            ahead = round(time.time() - beside.stat().st_mtime)
        finally:
            beside.unlink(missing_ok=True)
        return Disk(shutil.disk_usage(folder).free, round(taken * 1000), ahead)


def is_synchronised() -> bool | None:
    """Whether the system's clock is kept right by somebody; None where it does not say (Linux: adjtimex)."""
    try:
        asked = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    state = int(asked(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return None if state < 0 else state != _TIME_ERROR
