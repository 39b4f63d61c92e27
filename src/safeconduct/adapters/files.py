"""Files read and written so that nothing stands half-written, and every failure says what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeconduct.core.kernel.errors import Conflict, Malformed, SafeconductError, Unavailable

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """What the operating system says about reading `path`, in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise Unavailable("there is no such file", where=str(path), next_step="Check the name") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise Malformed("this is not a file", where=str(path), next_step="Name a file") from error
    except PermissionError as error:
        raise Unavailable("this may not be read", where=str(path), next_step="Ask for permission") from error
    except OSError as error:
        raise Unavailable(_said(error), where=str(path), next_step="Check the disk, then repeat") from error


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """What the operating system says about writing `path`, in our words."""
    try:
        yield
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        step = "Make room, then repeat" if error.errno in _FULL else "Choose a folder that you may write to"
        raise Unavailable(_said(error), where=str(path), next_step=step) from error


def already_there(path: Path | str) -> SafeconductError:
    """The refusal to overwrite."""
    return Conflict(
        "this is there already", where=str(path), next_step="Choose another name: nothing is overwritten"
    )


def _said(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def new_place(path: Path) -> Path:
    """Its full name; refuses the folder that somebody is in: what is new is put into place by renaming."""
    full = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow a link
    if full in (Path.cwd(), *Path.cwd().parents):
        raise Malformed("you are inside this folder", where=str(path), next_step="Name another one")
    return full


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """`data` in a new file: whole and durable, or not there at all; never over another file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, path)  # unlike a rename, a link never replaces what is there
        finally:
            beside.unlink()
        sync_folder(path.parent)


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """`data` as the file at `path`, whatever was there: durable, and never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        beside.unlink(missing_ok=True)  # of one that was killed, and had this number
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_file(path: Path, *, most: int) -> bytes:
    """The file's content, if it is no longer than `most` bytes."""
    with reading(path), path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Malformed(f"this is longer than {most} bytes", where=str(path), next_step="Name the right file")
    return data
