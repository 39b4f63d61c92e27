from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.verify.conformance import run

VECTORS = Path(__file__).parents[3] / "vectors" / "record"


@pytest.mark.parametrize("name", ["entries.json", "tags.json"])
def test_our_own_vectors_hold(name: str) -> None:
    counts = run(name, (VECTORS / name).read_bytes())
    assert counts is not None
    assert counts.passed > 0
    assert counts.mismatches == ()


@pytest.mark.parametrize("name", ["entries.json", "tags.json"])
def test_a_changed_expectation_is_a_mismatch(name: str) -> None:
    text = (VECTORS / name).read_text()
    document = json.loads(text)
    case = (document if name == "tags.json" else document["cases"])[0]
    case |= {"canonical": "AB124"} if name == "tags.json" else {"leaf": "00"}
    counts = run(name, json.dumps(document).encode())
    assert counts is not None
    assert len(counts.mismatches) == 1
