"""A party's archive that cannot be read: found out once a minute, however many ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeconduct.adapters.enrolled_keys import BROKEN_S, ArchiveKeys
from safeconduct.core.kernel.errors import Disproved
from safeconduct.sim.stage import Stage


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
