"""Simulated logs of a given size, written once to a folder: what the audit's benchmarks read."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from math import ceil
from pathlib import Path

from safeconduct.adapters.archives import FolderArchive
from safeconduct.sim.day import play_day

RECORDS_A_DAY = 4_090  # of a normal day with 920 vehicles, measured; only the sizes' order depends on it


@cache
def archive_of(records: int, reader: str = "mission") -> Path:
    """A folder with a reader's archive of at least about this many records."""
    folder = Path(tempfile.mkdtemp(prefix="safeconduct-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    days = ceil(records / RECORDS_A_DAY)
    for path, data in play_day(days=days).archive(reader).files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def opened(folder: Path) -> FolderArchive:
    """The archive in this folder."""
    return FolderArchive(folder)
