"""A folder that a demonstration may make anew: replaced only if it is one of its own, and only as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeconduct.adapters.files import already_there, new_place, sync_folder, writing

MARK = "DEMO"
_MARK_TEXT = "Made by `safeconduct demo`, which replaces this folder when it is run again.\n"
_OURS = frozenset({MARK, "corridor", "archives"})


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; once the block ends without an error it stands at `folder`, whole."""
    folder = new_place(folder)
    with writing(folder):
        if folder.is_symlink() or (folder.exists() and not _may_be_replaced(folder)):
            raise already_there(folder)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        with writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            beside.mkdir()
            (beside / MARK).write_text(_MARK_TEXT, encoding="utf-8")
        yield beside
        with writing(folder):
            if folder.exists():
                folder.rename(old)
            # Crash here: the older one stands beside, under a name that begins with a dot.
            beside.rename(folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _may_be_replaced(folder: Path) -> bool:
    """An empty folder, or one that holds our mark and nothing of anybody else's."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    if not names:
        return True
    mark = folder / MARK
    if not names <= _OURS or mark.is_symlink() or not mark.is_file():
        return False
    return mark.read_bytes()[: len(_MARK_TEXT) + 1] == _MARK_TEXT.encode()
