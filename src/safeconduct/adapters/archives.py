"""Archives on disk: a folder, or the same files as a .zip; read with suspicion, written whole or not at all.

Rules of reading:
 1. A path is relative, with `/` between its parts; none is empty, `.` or `..`; no backslash, and nothing
    that does not show, by the tables of one Unicode version (kernel/letters).
 2. No path stands twice. Nothing is a link, a device or encrypted, or a folder under a file's name.
 3. A file is no larger than a file of its name can be; the size that a .zip declares is not believed.
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

from safeconduct.adapters.files import already_there, reading, sync_folder, writing
from safeconduct.core.kernel.errors import Conflict, Fault, Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.letters import is_seen
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tiles import Tile, tile_at

_MIB = 2**20
_MAX_MEMBERS = 2**20
_PIECE = _MIB
_LARGEST_BUNDLE = 256 * (2 + 65_535)
_LARGEST = {"policy": _MIB, "checkpoint": 256 * 1024, "disclosures.jsonl": 4096 * _MIB}
_IN_FOLDER = {"attachments": 256 * _MIB, "batches": 1024 * _MIB}
_NO_SURPRISES = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""No link is followed, and no pipe is waited for."""
_NOT_AN_ARCHIVE = "Name the folder or the .zip that `safeconduct export` wrote"


def largest(path: str) -> int | None:
    """How many bytes a file of this name can have (3); None where no archive has such a file."""
    if path in _LARGEST:
        return _LARGEST[path]
    folder, _, name = path.partition("/")
    if folder in _IN_FOLDER and name:
        return _IN_FOLDER[folder]
    try:
        tile = Tile.parse(path)
    except Malformed:
        return None
    return _LARGEST_BUNDLE if tile.level is None else 32 * tile.width


def check_path(path: str, where: str) -> None:
    """Rule 1."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in path or not is_seen(path):
        raise Malformed(
            f"{path[:200]!r} is no path inside an archive",
            where=where,
            next_step="Do not unpack it; ask for another copy",
        )


def open_archive(path: Path) -> FolderArchive | ZipArchive:
    """The archive at `path`, whichever form it has."""
    with reading(path):
        mode = path.stat().st_mode
    return FolderArchive(path) if stat.S_ISDIR(mode) else ZipArchive(path)


@dataclass(frozen=True, slots=True)
class FolderArchive:
    """An archive as a folder."""

    folder: Path

    def paths(self) -> list[str]:
        """Every file's path, sorted."""
        with reading(self.folder):
            found = sorted(self._walk(self.folder, ""))
        for path in found:
            check_path(path, str(self.folder))
        return found

    def _walk(self, folder: Path, prefix: str) -> Iterator[str]:
        with os.scandir(folder) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    _check_folder(prefix + item.name, self.folder)
                    yield from self._walk(folder / item.name, f"{prefix}{item.name}/")
                elif item.is_file(follow_symlinks=False):
                    yield prefix + item.name
                else:
                    raise _no_plain_file(prefix + item.name, self.folder)

    def read(self, path: str) -> bytes:
        """A file's content."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's content, piece by piece."""
        check_path(path, str(self.folder))
        with reading(f"{self.folder}/{path}"):
            file = os.open(self.folder / path, os.O_RDONLY | _NO_SURPRISES)
            with os.fdopen(file, "rb") as opened:
                yield from _pieces(opened, path, self.folder)


@dataclass(slots=True)
class ZipArchive:
    """An archive as a .zip. Each process opens it for itself: a shared file position is a race."""

    file: Path
    _opened: zipfile.ZipFile | None = field(default=None, repr=False)
    _process: int = 0

    def paths(self) -> list[str]:
        """Every member's path, sorted."""
        names = [member.filename for member in self._zip().infolist() if not _is_folder(member)]
        return sorted(names)

    def read(self, path: str) -> bytes:
        """A member's content, once its size and its checksum agree."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """A member's content, piece by piece; its checksum is compared after the last one."""
        archive = self._zip()
        try:
            with archive.open(path) as member:
                yield from _pieces(member, path, self.file)
        except KeyError as error:
            raise Unavailable(
                "there is no such file", where=f"{self.file}/{path}", next_step=_NOT_AN_ARCHIVE
            ) from error
        except (*_BROKEN, OSError) as error:
            raise Malformed(
                "this member cannot be unpacked",
                where=f"{self.file}/{path}",
                next_step="Ask for another copy",
            ) from error

    def _zip(self) -> zipfile.ZipFile:
        if self._opened is None or self._process != os.getpid():
            with reading(self.file):
                try:
                    self._opened, self._process = zipfile.ZipFile(self.file), os.getpid()
                except _BROKEN as error:
                    raise Malformed(
                        "this is neither a folder nor a .zip", where=str(self.file), next_step=_NOT_AN_ARCHIVE
                    ) from error
            self._check(self._opened.infolist())
        return self._opened

    def _check(self, members: list[zipfile.ZipInfo]) -> None:
        """Rules 1 to 3 over the whole directory, before anything is unpacked."""
        where = str(self.file)
        if len(members) > _MAX_MEMBERS:
            raise Malformed(f"more than {_MAX_MEMBERS} members", where=where, next_step="Use the folder form")
        faults: list[Fault] = []
        seen: set[str] = set()
        for member in members:
            name = member.filename.removesuffix("/")
            try:
                _check_member(member, name, where)
            except Malformed as error:
                faults.extend(error.faults)
            if name in seen:
                faults.append(Fault(f"{name!r} stands there twice", where, "Ask for another copy"))
            seen.add(name)
        if faults:
            raise Malformed.of(faults)


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
)


def _is_folder(member: zipfile.ZipInfo) -> bool:
    """As `is_dir`, which fails where a name is empty."""
    return member.filename.endswith("/")


def _check_member(member: zipfile.ZipInfo, name: str, where: str) -> None:
    if name != getattr(member, "orig_filename", name).removesuffix("/"):  # a NUL cut it short
        raise Malformed(
            f"{name[:200]!r} hides a part of its name", where=where, next_step="Ask for another copy"
        )
    check_path(name, where)
    if _is_folder(member):
        _check_folder(name, where)
    mode = member.external_attr >> 16
    if member.flag_bits & 1 or stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _no_plain_file(name, where)
    bound = largest(name) or _MIB
    if member.file_size > bound and not _is_folder(member):
        raise _too_large(name, bound, where)


def _check_folder(path: str, where: Path | str) -> None:
    """Rule 2: else a file would be missing without a trace."""
    if largest(path) is not None:
        raise Malformed(
            f"{path!r} is a folder", where=str(where), next_step="Ask for another copy; a file has this name"
        )


def _pieces(file: IO[bytes], path: str, where: Path) -> Iterator[bytes]:
    """What `file` holds, as long as it is no more than rule 3 allows."""
    left = largest(path) or _MIB
    while piece := file.read(_PIECE):
        left -= len(piece)
        if left < 0:
            raise _too_large(path, largest(path) or _MIB, str(where))
        yield piece


def _too_large(path: str, bound: int, where: str) -> Malformed:
    return Malformed(
        f"{path} is larger than {bound} bytes",
        where=where,
        next_step="Do not unpack it; ask for another copy",
    )


def _no_plain_file(path: str, where: Path | str) -> Malformed:
    return Malformed(
        f"{path!r} is a link, a device or encrypted",
        where=str(where),
        next_step="An archive holds plain files only",
    )


Files = Iterable[tuple[str, bytes]]


def write_archives(archives: Mapping[Path, Files], *, corridor: str, size: int) -> None:
    """Every archive at its path, a folder or (by its name) a .zip: all written beside, then all moved in.

    What is there already is replaced only if it is an older archive of the same corridor and nothing else.
    """
    for target in archives:
        check_replaceable(target, corridor=corridor, size=size)
    staged: list[tuple[Path, Path]] = []
    try:
        for target, files in archives.items():
            beside = target.with_name(f".{target.name}.{os.getpid()}")
            staged.append((beside, target))
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                (_write_zip if target.suffix == ".zip" else _write_folder)(beside, files)
        # Crash up to here: files that no one reads, under names that begin with a dot.
        for beside, target in staged:
            with writing(target):
                _move(beside, target)
    finally:
        for beside, _ in staged:
            _remove(beside)


def _write_folder(folder: Path, files: Files) -> None:
    folder.mkdir()
    for path, data in files:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _write_zip(file: Path, files: Files) -> None:
    """One spelling: sorted as given, nothing compressed, no times: the same archive is the same bytes."""
    with file.open("xb") as opened:
        with zipfile.ZipFile(opened, "w", zipfile.ZIP_STORED) as archive:
            for path, data in files:
                member = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
                member.create_system, member.external_attr = 3, (stat.S_IFREG | 0o644) << 16
                archive.writestr(member, data)
        opened.flush()
        os.fsync(opened.fileno())


def _move(beside: Path, target: Path) -> None:
    old = beside.with_name(f"{beside.name}.old")
    if target.exists():
        target.rename(old)
    # Crash here: the older archive stands beside, whole, under a name that begins with a dot.
    beside.rename(target)
    sync_folder(target.parent)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):  # cleaning up never hides what went wrong
            path.unlink()


def check_replaceable(target: Path, *, corridor: str, size: int) -> None:
    """Refuses to overwrite what is not an older archive of this corridor."""
    with writing(target):
        taken = target.is_symlink() or (target.exists() and not _is_empty(target))
    if taken:
        try:
            found, found_size = _identity(open_archive(target))
        except SafeconductError as error:
            raise already_there(target) from error
        if found != corridor:
            raise Conflict(
                "an archive of another corridor is there", where=str(target), next_step="Choose another name"
            )
        if found_size > size:
            raise Conflict(
                f"the archive there has {found_size} entries, this one {size}",
                where=str(target),
                next_step="Keep it: it proves what this log has held. Was an old copy of the log restored?",
            )


def _is_empty(target: Path) -> bool:
    return target.is_dir() and not any(target.iterdir())


def _identity(archive: FolderArchive | ZipArchive) -> tuple[str, int]:
    """Corridor and size that an archive claims; Malformed where a file of somebody else's lies in it."""
    if any(largest(path) is None for path in archive.paths()):
        raise Malformed("other files lie there too")
    size = Checkpoint.parse(Note.parse(archive.read("checkpoint")).text).size
    bundle = archive.read(tile_at(None, 0, size).path)
    return sha256(bundle[2 : 2 + int.from_bytes(bundle[:2], "big")]).hexdigest(), size
