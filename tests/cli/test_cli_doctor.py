"""`safeconduct doctor`: a corridor that is well, and each way of not being it, with the fix."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_publish import corridor

_START = (
    "import sys; from safeconduct.cli.run import run; sys.exit(run([], sys.argv[1:], "
    "{name: f'safeconduct.cli.{name}' for name in ('doctor', 'backup', 'restore', 'projections', 'export')}))"
)


def typed(*words: object) -> tuple[int, Any]:
    """A command in a process of its own: each has one database."""
    done = subprocess.run(
        [sys.executable, "-c", _START, *map(str, words), "--json"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else None


def doctor(folder: Path, *words: object) -> tuple[int, dict[str, dict[str, str]]]:
    code, said = typed("doctor", folder, *words)
    assert said["well"] == (code == 0)
    for line in said["lines"]:
        assert bool(line["fix"]) == (line["state"] != "ok"), line
    return code, {line["what"]: line for line in said["lines"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With projections, and a copy that was rehearsed."""
    base = tmp_path_factory.mktemp("doctor")
    folder = corridor(base / "dir", delay="0 s")
    assert typed("projections", "rebuild", folder)[0] == 0
    copies = ["--vault", base / "vault" / "copy.db", "--keys", base / "keys" / "copy"]
    assert typed("backup", folder, base / "log" / "copy.db", *copies)[0] == 0
    assert typed("restore", "--rehearse", base / "log" / "copy.db", folder, *copies[:2])[0] == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "dir")
    return tmp_path / "dir"


def test_a_corridor_that_is_well(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.db")}
    code, lines = doctor(folder)
    assert code == 0
    assert list(lines) == [
        "disk", "store", "clock", "keys", "head", "rollback", "publication", "cosignatures", "witnesses", "vault",
        "projections", "last backup", "rehearsal",
    ]  # fmt: skip
    assert {what for what, line in lines.items() if line["state"] != "ok"} == {"publication"}, "never served"
    assert {path: path.read_bytes() for path in folder.rglob("*.db")} == before


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as opened:
        for statement in statements:
            opened.execute(statement)
        opened.commit()


def other_key(folder: Path) -> None:
    shutil.copy(folder / "keys" / "service.jwk", folder / "keys" / "log.jwk")


def other_entry(folder: Path) -> None:
    change(
        folder / "corridor.db",
        "DROP TRIGGER entries_UPDATE",
        "UPDATE entries SET entry = CAST(x'00' || entry AS BLOB) WHERE number = 5",
    )


def other_row(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "projections.db")) as opened:
        tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (table,) = [name for name in tables if "passage" in name]
        opened.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
        opened.commit()


@pytest.mark.parametrize(
    ("harm", "what", "says"),
    [
        (lambda folder: (folder / "keys" / "log.jwk").chmod(0o644), "keys", "others can read"),
        (lambda folder: (folder / "keys").chmod(0o755), "keys", "others can look into"),
        (lambda folder: (folder / "keys" / "service.jwk").unlink(), "keys", "is not here"),
        (other_key, "keys", "is not this corridor's"),
        (lambda folder: (folder / "vault.db").unlink(), "vault", "cannot be opened"),
        (lambda folder: (folder / "vault.db").chmod(0o644), "vault", "others can read"),
        (other_entry, "head", "do not lead to"),
        (other_row, "projections", "differ"),
        (lambda folder: (folder / "last-rehearsal").write_text("{}"), "rehearsal", "no note of a rehearsal"),
        (lambda folder: (folder / "last-backup").write_text("{}"), "last backup", "no note of a backup"),
        (lambda folder: overwrite(folder / "corridor.db", 0, b"nothing of ours."), "store", "corridor.db"),
        (lambda folder: (folder / "corridor.db").unlink(), "store", "no corridor is here"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(
    folder: Path, harm: Callable[[Path], object], what: str, says: str
) -> None:
    harm(folder)
    code, lines = doctor(folder)
    assert code == 1
    assert (lines[what]["state"], says in lines[what]["said"]) == ("fail", True), lines[what]


def test_a_corridor_that_was_never_copied_is_told_how(folder: Path) -> None:
    for name in ("last-backup", "last-rehearsal"):
        (folder / name).unlink()
    code, lines = doctor(folder)
    assert code == 0
    assert {lines[what]["state"] for what in ("last backup", "rehearsal")} == {"warn"}
    assert f"safeconduct backup {folder} TARGET" in lines["last backup"]["fix"]


def test_an_old_copy_of_the_log_is_noticed(folder: Path, tmp_path: Path) -> None:
    note = tmp_path / "note"
    with closing(sqlite3.connect(folder / "corridor.db")) as opened:
        (newest,) = opened.execute("SELECT note FROM published ORDER BY size DESC").fetchone()
        note.write_bytes(newest)
    assert doctor(folder, "--high-water", note)[0] == 0
    change(
        folder / "corridor.db",
        *(f"DROP TRIGGER {table}_DELETE" for table in ("published", "committed", "entries", "disclosures")),
        "DELETE FROM published WHERE size = (SELECT max(size) FROM published)",
        "DELETE FROM disclosures WHERE entry >= (SELECT max(size) FROM published)",
        "DELETE FROM committed WHERE size > (SELECT max(size) FROM published)",
        "DELETE FROM entries WHERE number >= (SELECT max(size) FROM committed)",
    )
    code, lines = doctor(folder, "--high-water", note)
    assert code == 1
    assert "older than what this log has signed" in lines["rollback"]["said"]
    assert "restore" in lines["rollback"]["fix"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    code, said = typed("doctor", tmp_path / "none")
    assert (code, said["faults"][0]["message"]) == (5, "there is no such folder")
