"""A party's archive that cannot be read: found out once a minute, however many ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.enrolled_keys import BROKEN_S, ArchiveKeys
from safeconduct.core.kernel.errors import Disproved
from safeconduct.sim.stage import Stage
from tests.stories.told import journey


def test_a_broken_archive_is_not_read_again_for_each_who_asks(tmp_path: Path) -> None:
    passed = [0.0]
    files = Stage(watching=False).archive().files
    bundle = next(path for path in files if path.startswith("tile/entries/"))
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / bundle).write_bytes(files[bundle][:-1] + b"A")
    keys = ArchiveKeys(tmp_path, lambda: passed[0])
    with pytest.raises(Disproved, match="do not lead to the root"):
        keys.keyring()
    (tmp_path / bundle).write_bytes(files[bundle])
    with pytest.raises(Disproved, match="do not lead to the root"):  # still what was found a moment ago
        keys.keyring()
    passed[0] = BROKEN_S
    assert keys.keyring().keys


def test_an_archive_that_a_mirror_exchanges_meanwhile_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, folder = Stage("exchanged", watching=False), tmp_path / "ours"
    put(folder, stage.archive().files)
    journey(stage)
    chunks, reads = FolderArchive.chunks, list[str]()

    def exchanging(self: FolderArchive, path: str) -> Iterator[bytes]:
        if path.startswith("tile/") and not any(read.startswith("tile/") for read in reads):
            shutil.rmtree(folder)
            put(folder, stage.archive().files)
        reads.append(path)
        return chunks(self, path)

    monkeypatch.setattr(FolderArchive, "chunks", exchanging)
    assert stage.hand("mission/officer").kid in ArchiveKeys(folder).keyring().keys
    assert reads.count("checkpoint") > 2


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
