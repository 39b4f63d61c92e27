"""Neutral words, one word per thing, and nothing in the repository that is nobody's business."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
)
TEXTS = [
    ROOT / name
    for name in LISTED.stdout.splitlines()
    if Path(name).suffix in {".py", ".md", ".toml", ".lock", ".json", ".csv", ".geojson", ""}
    and (ROOT / name).is_file()
]
ACCUSING = re.compile(r"\b(smuggl\w+|culprits?|offenders?|perpetrators?|enem(?:y|ies))\b", re.IGNORECASE)
PRIVATE = re.compile(r"(?<![\w.])/(?:home|root|mnt|srv|w" r"ork)/[a-z]|-----BEGIN [A-Z ]*PRIVATE KEY")
REGISTRY = re.compile(r"pythonhosted|pypi\.org|registry\.npmjs|--index-url", re.IGNORECASE)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_text_names_no_machine_path_and_no_private_key(path: Path) -> None:
    assert not PRIVATE.search(path.read_text(encoding="utf-8", errors="replace"))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_holds_hashes_and_no_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not REGISTRY.search(text)
    assert "://" not in text
    pinned = re.findall(r"^[a-z0-9_.-]+==", text, re.MULTILINE)
    assert pinned
    assert text.count("--hash=sha256:") >= len(pinned)


def test_nobody_is_accused() -> None:
    pages = [
        path for path in TEXTS if path.is_relative_to(ROOT / "docs") or path.is_relative_to(ROOT / "src")
    ]
    named = {str(path): found[0] for path in pages if (found := ACCUSING.search(path.read_text()))}
    assert not named
