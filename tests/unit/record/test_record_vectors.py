from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.core.record.kinds import KINDS
from safeconduct.verify.conformance import run
from tests.unit.record.record_samples import SampleSigner, sample, spell

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


def test_each_kind_has_its_good_record_among_them_as_the_samples_make_it() -> None:
    signer = SampleSigner("safeconduct vectors/record")
    made = {f"a good record: {kind}": spell(sample(kind).payload, signer=signer).decode() for kind in KINDS}
    cases = json.loads((VECTORS / "entries.json").read_text())["cases"]
    assert [(case["about"], case["entry"]) for case in cases[: len(KINDS)]] == list(made.items())
