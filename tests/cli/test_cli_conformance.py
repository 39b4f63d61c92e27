import json
import shutil
from pathlib import Path

import pytest

from safeconduct.cli.main import main

VECTORS = Path(__file__).parents[2] / "vectors"


def command(*words: str | Path) -> int:
    return main(["conformance", *map(str, words)])


def test_our_own_vectors_all_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(VECTORS / "tlog", VECTORS / "ed25519") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith("edge_points.json: 610 passed, 0 failed") for line in lines)
    assert any(line.endswith("witness_requests.json: 49 passed, 0 failed") for line in lines)
    assert lines[-1].startswith("16 files: ")
    assert lines[-1].endswith(" 0 failed; 0 with unknown names")


def test_a_mismatch_is_shown_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = json.loads((VECTORS / "tlog" / "vkeys.json").read_bytes())
    keys["keys"][0]["valid"] = False
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "vkeys.json").write_text(json.dumps(keys))
    assert command(tmp_path) == 1
    assert "    key example.com/foo" in capsys.readouterr().out


def test_an_unknown_name_is_listed_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipes.json").write_text("{}")
    shutil.copy(VECTORS / "tlog" / "vkeys.json", tmp_path)
    assert command(tmp_path) == 0
    assert "recipes.json: unknown name, not run" in capsys.readouterr().out
    assert command("--json", tmp_path) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["unknown"] == [str(tmp_path / "recipes.json")]
    assert printed["files"][0]["passed"] == 29


def test_a_path_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("nowhere.json") == 5
    assert "nowhere.json: there is no such file" in capsys.readouterr().err


def test_a_folder_without_vectors_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path) == 2
    assert "no vector file is in it" in capsys.readouterr().err


def test_every_file_that_cannot_be_run_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiles.json").write_text("[" * 100_000)
    (tmp_path / "vkeys.json").write_bytes("{}".encode("utf-16"))
    assert command(tmp_path) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / 'tiles.json'}: this vector file has another shape" in said
    assert f"{tmp_path / 'vkeys.json'}: this vector file has another shape" in said
