import argparse
import json
import shutil
from pathlib import Path

import pytest

from safeconduct.cli import conformance
from safeconduct.core.kernel.errors import Malformed, Unavailable

VECTORS = Path(__file__).parents[2] / "vectors"


def command(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    conformance.configure(parser)
    return conformance.run(parser.parse_args([str(word) for word in words]))


def test_our_own_vectors_all_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(VECTORS / "tlog", VECTORS / "ed25519") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith("edge_points.json: 610 passed, 0 failed") for line in lines)
    assert any("skipped (needs a witness)" in line for line in lines)
    assert lines[-1].startswith("16 files: ")
    assert lines[-1].endswith(" 0 failed, 3 skipped; 0 with unknown names")


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


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(Malformed, match="no such file"):
        command("nowhere.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(path)

    (tmp_path / "vkeys.json").write_text("{}")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(Unavailable, match=r"vkeys\.json"):
        command(tmp_path)
