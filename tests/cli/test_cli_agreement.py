from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.cli.main import main
from tests.unit.agreement.agreement_samples import MINIMAL, ROUTE

LACHIN = Path(__file__).parents[2] / "examples" / "lachin-2020"


def test_check_tells_the_agreement_in_words_and_what_it_leaves_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = LACHIN / "route.geojson"
    assert main(["agreement", "check", str(LACHIN / "agreement.toml"), "--route", str(line)]) == 0
    out = capsys.readouterr().out
    assert "controlled by russia [signed text, point 6" in out
    assert "the line is schematic" in out
    assert "Left open by this file (17)" in out
    assert "  posts: where anything is observed or inspected" in out


def test_check_prints_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "agreement", "check", str(LACHIN / "agreement.toml")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["seats"] == ["russia", "armenia", "azerbaijan"]
    assert len(document["unset"]) == 17


@pytest.mark.parametrize(
    ("agreement", "route", "words"),
    [
        (MINIMAL.replace("title", "titel", 1).encode(), ROUTE.encode(), ["a.toml line 2: titel"]),
        (MINIMAL.encode() + b"# \xff\n", b"[]", ["this is not UTF-8", "r.geojson"]),
        (MINIMAL.encode(), ROUTE.encode() + b"\xff", ["r.geojson line 1: this is not UTF-8"]),
        (MINIMAL.encode() + b"#" * 30_000, ROUTE.encode() + b" " * 15_000, ["Simplify the line"]),
    ],
)
def test_check_names_the_faults_of_both_files_and_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], agreement: bytes, route: bytes, words: list[str]
) -> None:
    (tmp_path / "a.toml").write_bytes(agreement)
    (tmp_path / "r.geojson").write_bytes(route)
    files = [str(tmp_path / "a.toml"), "--route", str(tmp_path / "r.geojson")]
    assert main(["agreement", "check", *files]) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert all(word in caught.err for word in words), caught.err


def test_check_of_a_file_that_is_not_there_exits_5(tmp_path: Path) -> None:
    assert main(["agreement", "check", str(tmp_path / "none.toml")]) == 5
