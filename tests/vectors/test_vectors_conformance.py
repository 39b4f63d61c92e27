"""Every vector file of this repository, and what becomes of files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.verify.conformance import Counts, run

VECTORS = Path(__file__).parents[2] / "vectors"
FILES = sorted((VECTORS / "tlog").glob("*.json")) + sorted((VECTORS / "ed25519").glob("*.json"))


def document(name: str) -> Any:
    (path,) = (path for path in FILES if path.name == name)
    return json.loads(path.read_bytes())


def run_changed(name: str, changed: Any) -> Counts:
    counts = run(name, json.dumps(changed).encode())
    assert counts is not None
    return counts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_case_passes(path: Path) -> None:
    counts = run(path.name, path.read_bytes())
    assert counts is not None
    assert counts.mismatches == ()
    assert (counts.passed > 0, counts.failed) == (True, 0)


def test_all_the_files_are_there_and_no_case_went_missing() -> None:
    passed = {path.name: counts.passed for path in FILES if (counts := run(path.name, path.read_bytes()))}
    assert len(passed) == len(FILES) == 16
    assert passed["edge_points.json"] == 610
    assert passed["inclusion_proofs.json"] == 65
    assert passed["consistency_proofs.json"] == 57
    assert passed["subtree_consistency_proofs.json"] == 53
    assert passed["tlog_proofs.json"] == 20
    assert passed["receipts_with_quorum.json"] == 8
    assert passed["witness_requests.json"] == 49


def test_an_unknown_name_is_nobodys_failure() -> None:
    assert run("recipes.json", b"not even JSON") is None


@pytest.mark.parametrize("name", [path.name for path in FILES])
@pytest.mark.parametrize("data", [b"", b"[1]", b'{"cases": 3}', b'{"cases": [{}]}', b"[" * 100_000])
def test_a_file_of_another_shape_is_malformed(name: str, data: bytes) -> None:
    with pytest.raises(Malformed, match="shape"):
        run(name, data)


def test_no_cases_are_not_a_pass() -> None:
    with pytest.raises(Malformed, match="no cases"):
        run("edge_points.json", b"[]")


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        ("inclusion_proofs.json", "valid", False),
        ("consistency_proofs.json", "valid", False),
        ("subtree_consistency_proofs.json", "valid", False),
        ("signed_notes.json", "expect", "malformed"),
        ("checkpoints.json", "size", 7),
        ("cosignatures.json", "origin", "elsewhere"),
        ("mldsa_cosignatures.json", "cosigned_message_hex", "00"),
        ("policies.json", "valid", False),
        ("tlog_proofs.json", "expect", "refuse"),
        ("receipts_with_quorum.json", "accept", False),
    ],
)
def test_a_wrong_expectation_is_a_mismatch_that_names_its_case(name: str, member: str, value: object) -> None:
    changed = document(name)
    # Some good case of the file, with its expectation turned round.
    case = next(case for case in changed["cases"] if case.get(member, value) != value)
    case[member] = value
    case.setdefault("stage", "parse")
    counts = run_changed(name, changed)
    assert counts.failed == len(counts.mismatches) == 1
    assert case.get("desc", "message") in counts.mismatches[0]


def test_a_key_read_otherwise_and_a_tile_of_other_bytes_are_mismatches() -> None:
    keys = document("vkeys.json")
    keys["keys"][0]["type"] = 4
    assert run_changed("vkeys.json", keys).failed == 1
    tiles = document("tiles.json")
    tiles["trees"][0]["files_hex"]["tile/0/000.p/1"] = "00"
    assert run_changed("tiles.json", tiles).failed == 1
