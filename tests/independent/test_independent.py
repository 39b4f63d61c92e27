"""Two programs that share no code read one archive and agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SAFECONDUCT = Path(sys.executable).with_name("safeconduct")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("independent") / "demo"
    done = run(SAFECONDUCT, "demo", "--dir", folder, "--quiet", "--no-serve")
    assert done.returncode == 0, done.stderr
    return folder / "archives" / "russia"


def test_it_imports_nothing_of_safeconduct_and_stays_short() -> None:
    text = (HERE / "auditor.py").read_text()
    assert "import safeconduct" not in text
    assert "from safeconduct" not in text
    assert text.count("\n") <= 250


def test_both_auditors_agree_on_the_demo_archive(archive: Path) -> None:
    independent = json.loads(run(sys.executable, HERE / "auditor.py", archive).stdout)
    report = json.loads(run(SAFECONDUCT, "audit", archive, "--json").stdout)
    assert report["sound"] is True
    assert independent["corridor"] == report["corridor"]
    assert independent["size"] == report["head"]["size"]
    assert independent["root"] == report["head"]["root"]
    assert independent["time"] == report["head"]["time"]


@pytest.mark.parametrize("part", ["tile/entries/000", "tile/0/000", "checkpoint"])
def test_one_changed_byte_is_refused_by_both(archive: Path, part: str) -> None:
    path = archive / part
    honest = path.read_bytes()
    changed = bytearray(honest)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    try:
        assert run(sys.executable, HERE / "auditor.py", archive).returncode != 0
        assert run(SAFECONDUCT, "audit", archive, "--quiet").returncode in {1, 2, 3}
    finally:
        path.write_bytes(honest)
