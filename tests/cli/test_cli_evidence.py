"""`compare`, `evidence receipt`, `evidence findings`, `evidence check`, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from safeconduct.cli.main import main
from safeconduct.core.kernel.canonical import canonical
from safeconduct.sim.archive import MemoryArchive
from tests.http_server import files, serving
from tests.properties.evidence_scene import scene
from tests.unit.verify.verify_scene import archive_of

Say = Callable[..., tuple[int, Any]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """A line typed in a folder that has every kind of evidence, an archive of the log, and a beginning of it."""
    monkeypatch.chdir(tmp_path)
    for kind, data in scene().files.items():
        Path(f"{kind}.json").write_bytes(data)
    stage = scene().stage
    put(scene().archive, "archive")
    put(archive_of(stage, stage.entries()[:12]), "older")
    put(archive_of(stage, [*stage.entries()[:-1], b"another"]), "other")

    def typed(line: str) -> tuple[int, Any]:
        code = main(["--json", *line.split()])
        return code, json.loads(capsys.readouterr().out)

    return typed


def put(archive: MemoryArchive, folder: str) -> None:
    for path, data in archive.files.items():
        Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, path).write_bytes(data)


def test_copies_are_compared_in_every_form(say: Say) -> None:
    with ZipFile("archive.zip", "w") as packed:
        for path, data in scene().archive.files.items():
            packed.writestr(path, data)
    assert say("compare archive archive.zip")[1]["verdict"] == "same"
    with serving(files(scene().archive.files)) as served:
        code, said = say(f"compare older {served.url}")
    assert (code, said["verdict"], said["copies"][0]["size"]) == (0, "ahead", 12)
    assert say("compare older/checkpoint archive --evidence back.json")[1]["verdict"] == "ahead"
    assert say("evidence check back.json")[1]["kind"] == "rollback"  # `older` was cosigned after it
    code, said = say("compare archive other --evidence new.json")
    assert (code, said["verdict"], said["evidence"]) == (1, "split", "new.json")
    assert say("evidence check new.json --policy archive/policy")[1]["proved"]
    assert say("compare archive other --evidence new.json")[0] == 4


def test_what_cannot_be_told_is_no_verdict(say: Say) -> None:
    for line, words in (
        ("compare older archive --key policy", "needs no key"),
        ("compare older archive/checkpoint", "the larger one"),
        ("compare older/checkpoint archive/checkpoint", "no archive"),
    ):
        code, said = say(line)
        assert (code, words in said["faults"][0]["message"]) == (2, True), said


@pytest.mark.parametrize("kind", ["split", "twin", "rollback", "receipt", "fork", "digests"])
def test_each_kind_convinces_a_stranger(say: Say, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = say(f"evidence check {kind}.json")
    assert (code, said["proved"], said["policy"]) == (0, True, "the one in the file")
    assert say(f"evidence check {kind}.json --policy archive/policy")[1]["policy"] == "the one brought"
    assert said["proves"]
    assert said["does_not_prove"]
    assert main(["evidence", "check", f"{kind}.json"]) == 0
    told = capsys.readouterr().out
    assert all(f"  {key[:200]}" in told for key in said["keys"])


@pytest.mark.parametrize("kind", ["hole", "withheld"])
def test_what_takes_an_archive_says_so(say: Say, kind: str) -> None:
    code, said = say(f"evidence check {kind}.json")
    assert (code, said["proved"], len(said["needs"])) == (1, False, 1)
    code, said = say(f"evidence check {kind}.json --archive archive")
    assert (code, said["proved"], said["needs"]) == (0, True, [])


def test_what_does_not_hold_proves_nothing(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    value = json.loads(Path("split.json").read_text(encoding="utf-8"))
    value["root"] = "00" * 32
    Path("false.json").write_bytes(canonical(value) + b"\n")
    code, said = say("evidence check false.json")
    assert (code, said["proved"], said["proves"]) == (1, False, [])
    assert said["faults"]
    assert main(["evidence", "check", "false.json"]) == 1
    assert "✗ false.json does not prove it (split):" in capsys.readouterr().out
    assert say("evidence check split.json --archive archive")[0] == 2


def test_an_audits_findings_become_files(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = say("evidence findings archive found")
    assert code == 1
    assert sorted(said["written"]) == sorted(str(path) for path in Path("found").iterdir())
    for path in said["written"]:
        archive = " --archive archive" if "hole" in path else ""
        assert say(f"evidence check {path}{archive}")[0] == 0
    assert say("evidence findings archive found")[0] == 4
    assert main(["evidence", "findings", "archive", "again"]) == 1
    assert "safeconduct evidence check" in capsys.readouterr().out
    code, said = say("evidence findings older nothing")
    assert (code, said["written"], Path("nothing").exists()) == (0, [], False)
