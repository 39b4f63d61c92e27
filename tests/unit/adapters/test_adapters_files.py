from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from safeconduct.adapters.files import read_file, reading, write_new, writing
from safeconduct.core.kernel.errors import Conflict, Malformed, SafeconductError, Unavailable


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_whole_and_has_its_mode(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"data", mode=0o600)
    assert (tmp_path / "a").read_bytes() == b"data"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["a"]


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    with pytest.raises(Conflict, match="nothing is overwritten"):
        write_new(tmp_path / "a", b"data")
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(("number", "step"), [(errno.ENOSPC, "Make room"), (errno.EROFS, "may write to")])
def test_a_disk_that_fails_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unavailable, match=step):
        write_new(tmp_path / "a", b"data")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError(), Unavailable),
        (PermissionError(), Unavailable),
        (IsADirectoryError(), Malformed),
        (NotADirectoryError(), Malformed),
        (OSError(errno.EIO, "Input/output error"), Unavailable),
        (OSError(), Unavailable),
    ],
)
def test_no_error_of_the_system_leaves_the_adapter(error: OSError, kind: type[SafeconductError]) -> None:
    with pytest.raises(kind, match="the place"), reading("the place"):
        raise error
    with pytest.raises(SafeconductError, match="the place"), writing("the place"):
        raise error


def test_a_file_longer_than_it_may_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234")
    assert read_file(tmp_path / "a", most=4) == b"1234"
    with pytest.raises(Malformed, match="longer than 3 bytes"):
        read_file(tmp_path / "a", most=3)
