"""The archive of a mirror as a folder, and beside it `NAME.mirror`: what is made ready, and what is kept as evidence.

The new archive is built there, of links to the files that stay and of those that came. Then the two folders change
their names in one call of the system; where it has none, in two, and `alone` finishes what a crash between them left.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.archives import check_path
from safeconduct.adapters.files import already_there, new_place, reading, sync_folder, writing
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.verify.files import CHECKPOINT, DISCLOSURES, POLICY

_NEXT, _OLD, _NEW_NOTE = "next", "old", ".note"
_FEW = 32
"""Files that are made durable one by one; more of them together, with all else that waits for the same disk."""
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
_MOVING = (CHECKPOINT, POLICY, DISCLOSURES)


@dataclass(frozen=True, slots=True)
class MirrorFolder:
    """A folder, made when there is a whole archive to put there. Made by `mirror_folder`."""

    archive: Path

    @property
    def beside(self) -> Path:
        """The folder beside it."""
        return self.archive.with_name(f"{self.archive.name}.mirror")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A lock that ends with its process; then what an earlier run left is put in order."""
        with writing(self.beside):
            self.beside.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.beside, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                step = "Wait for it, then repeat"
                raise Unavailable(
                    "another program mirrors here", where=str(self.archive), next_step=step
                ) from error
            self._tidy()
            yield
            _remove(self.beside / _NEXT)  # after an error it stays: what was proved need not be fetched again
        finally:
            os.close(descriptor)
            for folder in (self.beside / _NEXT, self.beside):  # where nothing was kept, nothing is left
                with suppress(OSError):
                    folder.rmdir()

    def _tidy(self) -> None:
        next_, old = self.beside / _NEXT, self.beside / _OLD
        with writing(self.archive):
            if old.exists() and not self.archive.exists():
                old.rename(self.archive)  # a crash between the two names
            _remove(old)
            # Of an archive that never got its name, or lost it, only what can be proved again is of use.
            for path in _MOVING:
                (next_ / path).unlink(missing_ok=True)
            for place in _files_under(next_):
                if (self.archive / place.relative_to(next_)).exists():
                    place.unlink()

    def read(self, path: str) -> bytes | None:
        """A file of the archive."""
        if path == CHECKPOINT and not (self.archive / path).exists():
            with reading(self.archive):
                if self.archive.is_symlink() or (self.archive.exists() and any(self.archive.iterdir())):
                    raise already_there(self.archive)
            return None
        return _content(self._place(self.archive, path))

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a file of the archive."""
        place = self._place(self.archive, path)
        if place.exists():
            yield from file_lines(place)

    def staged(self, path: str) -> bytes | None:
        """A file that was made ready."""
        return _content(self._place(self.beside / _NEXT, path))

    def stage(self, path: str, data: bytes) -> None:
        """Makes a file ready."""
        place = self._place(self.beside / _NEXT, path)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)  # it may be a link to a file of the archive
            place.write_bytes(data)

    def stage_lines(self, path: str, lines: Iterable[bytes]) -> int:
        """The same, line by line."""
        place, count = self._place(self.beside / _NEXT, path), 0
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            with place.open("xb") as file:
                for line in lines:
                    file.write(line + b"\n")
                    count += 1
            if not count:
                place.unlink()
        return count

    def replace(self, paths: Collection[str], *, last: str) -> None:
        """Exchanges the archive as a whole."""
        next_, wanted = self.beside / _NEXT, {*paths}
        with writing(self.archive):
            for place in _files_under(next_):
                if str(place.relative_to(next_)) not in wanted:
                    place.unlink()
            new = [path for path in sorted(wanted - {last}) if (next_ / path).exists()]
            for path in wanted - {*new, last}:
                _link(self.archive / path, next_ / path)
            folders = {
                parent for path in wanted for parent in (next_ / path).parents if parent != next_.parent
            }
            for folder in [*next_.rglob("*")]:
                if folder.is_dir() and folder not in folders:
                    _remove(folder)
            if len(new) < _FEW or not sync_all(next_):
                for path in new:
                    _sync(next_ / path)
            for folder in folders:
                sync_folder(folder)
            _sync(next_ / last)
            sync_folder(next_)
            sync_folder(self.beside)
            # Crash up to here: the archive is the old one.
            self._swap(next_)
            sync_folder(self.archive.parent)
            sync_folder(self.beside)
            # Crash here: the old archive lies beside, under a name that the next run takes away.
            _remove(next_)
            _remove(self.beside / _OLD)

    def _swap(self, next_: Path) -> None:
        if not self.archive.exists() or not any(self.archive.iterdir()):
            next_.replace(self.archive)
        elif not exchange(next_, self.archive):
            self.archive.rename(self.beside / _OLD)
            # Crash here: `_tidy` gives the old archive its name again.
            next_.rename(self.archive)

    def note(self, name: str) -> bytes | None:
        """What is kept beside the archive."""
        return _content(self.beside / name)

    def keep_note(self, name: str, data: bytes) -> None:
        """Keeps it beside the archive."""
        place = self.beside / name
        with writing(place):
            if not data:
                place.unlink(missing_ok=True)
                return
            new = self.beside / _NEW_NOTE
            new.unlink(missing_ok=True)
            new.write_bytes(data)
            _sync(new)
            new.replace(place)
            sync_folder(self.beside)

    def set_apart(self, name: str) -> None:
        """Keeps what is staged."""
        next_, place = self.beside / _NEXT, self.beside / name
        with writing(place):
            if next_.exists() and not place.exists():
                next_.rename(place)
                sync_folder(self.beside)

    def _place(self, folder: Path, path: str) -> Path:
        check_path(path, str(folder))
        return folder / path


def mirror_folder(path: Path) -> MirrorFolder:
    """The archive at this path; it is a folder, and not one that somebody is in."""
    if path.suffix == ".zip":
        hint = "Name a folder; `safeconduct audit` takes it as it is"
        raise Malformed("a mirror is kept as a folder", where=str(path), next_step=hint)
    return MirrorFolder(new_place(path))


def exchange(one: Path, other: Path) -> bool:
    """Two folders change their names in one step; False where the system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def sync_all(folder: Path) -> bool:
    """Makes everything in the file system of this folder durable; False where the system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError):
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return bool(call(descriptor) == 0)
    finally:
        os.close(descriptor)


def file_lines(place: Path) -> Iterator[bytes]:
    """The lines of a file, without their ends."""
    with reading(place), place.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                raise Malformed("the last line does not end", where=str(place), next_step="Fetch it again")
            yield line[:-1]


def _content(place: Path) -> bytes | None:
    with reading(place):
        try:
            return place.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def _files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]


def _link(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)  # a file system without links


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
