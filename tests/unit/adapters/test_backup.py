"""A copy is whole under its name, or nothing has that name: also where its process is killed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from safeconduct.adapters import backup as module
from safeconduct.adapters.backup import check_apart, copy_database, copy_keys, copy_store, new_file
from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.last_done import Backup, Rehearsal, last_done, leave_note
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.kernel.errors import Conflict, Malformed, SafeconductError, Unavailable
from safeconduct.service.ports import Row, Store
from safeconduct.service.rollback import derived_head
from safeconduct.service.sequence import Submission
from safeconduct.wiring.offline import DATABASE
from safeconduct.wiring.recovery import Targets, back_up
from tests.unit.service.service_scene import Scene

CLOCK = FixedClock(1_772_344_800)


def filled(store: Store) -> Scene:
    scene = Scene(store)
    scene.log.submit([Submission(scene.founding)])
    for number in range(3):
        scene.log.submit([scene.words(f"value {number}"), scene.record()])
    return scene


def contents(store: Store) -> tuple[object, ...]:
    return (
        list(store.entries()),
        list(store.disclosures()),
        list(store.of_kinds({"countersign"})),
        store.committed(),
        store.published(),
    )


@pytest.fixture
def corridor(tmp_path: Path) -> Path:
    folder = tmp_path / "dir"
    folder.mkdir()
    with SqliteStore(folder / DATABASE, create=True) as store:
        filled(store)
    (folder / "keys").mkdir(mode=0o700)
    (folder / "keys" / "log.jwk").write_text("a key\n")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_is_one_file_for_its_owner_and_holds_all_while_somebody_goes_on_writing(
    corridor: Path, tmp_path: Path
) -> None:
    with SqliteStore(corridor / DATABASE) as store:
        back_up(corridor, Targets(tmp_path / "copies" / "log.db"), clock=CLOCK)
        before = contents(store)
        store.append(store.size(), [_row("later")], lambda _: b"note", 2**40)
    assert names(tmp_path / "copies") == ["log.db"]
    copy = tmp_path / "copies" / "log.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with SqliteStore(copy) as found:
        assert contents(found) == before


def _row(name: str) -> Row:
    return Row(name.encode(), name, "x")


@pytest.mark.parametrize("kind", [MemoryStore, SqliteStore])
def test_a_store_of_any_kind_gives_the_same_file(kind: type, tmp_path: Path) -> None:
    store: Store = MemoryStore() if kind is MemoryStore else SqliteStore(tmp_path / "own.db", create=True)
    filled(store)
    copy_store(store, tmp_path / "copy.db")
    with SqliteStore(tmp_path / "copy.db") as copy:
        assert contents(copy) == contents(store)
        derived_head(copy, where="the copy")
    if isinstance(store, SqliteStore):
        store.close()


def test_nothing_is_overwritten_and_nothing_left_lying_about(corridor: Path, tmp_path: Path) -> None:
    target = tmp_path / "copies" / "log.db"
    back_up(corridor, Targets(target), clock=CLOCK)
    before = target.read_bytes()
    with pytest.raises(Conflict, match="nothing is overwritten"):
        back_up(corridor, Targets(target), clock=CLOCK)
    assert target.read_bytes() == before
    assert names(target.parent) == ["log.db"]


def test_a_log_that_its_newest_head_does_not_sign_is_not_copied(corridor: Path, tmp_path: Path) -> None:
    with SqliteStore(corridor / DATABASE) as store:
        newest = store.committed()[-1]
        store.append(store.size(), [_row("never signed")], lambda _: newest.note, newest.time)
    with pytest.raises(SafeconductError, match="do not lead to"):
        back_up(corridor, Targets(tmp_path / "copies" / "log.db"), clock=CLOCK)
    assert names(tmp_path / "copies") == []


@pytest.mark.parametrize("spoil", [lambda _: b"nothing of the kind", lambda data: data[: len(data) // 2]])
def test_a_damaged_database_is_not_copied(
    corridor: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path = corridor / DATABASE
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(Malformed, match="whole database"), new_file(tmp_path / "log.db") as beside:
        copy_database(path, beside)
    assert names(tmp_path) == ["dir"]


def test_what_is_not_there_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file"), new_file(tmp_path / "log.db") as beside:
        copy_database(tmp_path / "nothing.db", beside)
    assert names(tmp_path) == []


def test_keys_are_copied_for_their_owner_alone(corridor: Path, tmp_path: Path) -> None:
    copy_keys(corridor / "keys", tmp_path / "elsewhere" / "keys")
    copied = tmp_path / "elsewhere" / "keys"
    assert (copied / "log.jwk").read_text() == "a key\n"
    assert stat.S_IMODE(copied.stat().st_mode) == 0o700
    assert stat.S_IMODE((copied / "log.jwk").stat().st_mode) == 0o600
    with pytest.raises(Conflict):
        copy_keys(corridor / "keys", copied)
    assert names(copied.parent) == ["keys"]


@pytest.mark.parametrize(
    ("log", "vault", "keys", "refused"),
    [
        ("a/log.db", "b/vault.db", "c/keys", False),
        ("a/log.db", "a/vault.db", None, True),
        ("a/log.db", "a/deeper/vault.db", None, True),
        ("a/log.db", "b/../a/vault.db", None, True),
        ("a/log.db", "b/vault.db", "b/keys", True),
        ("a/log.db", None, "a/keys", True),
        ("keys/log.db", None, "keys", True),
        ("a/log.db", None, None, False),
    ],
)
def test_log_vault_and_keys_go_to_places_apart(
    tmp_path: Path, log: str, vault: str | None, keys: str | None, *, refused: bool
) -> None:
    words = {"TARGET": log, "--vault": vault, "--keys": keys}
    targets = {name: tmp_path / path for name, path in words.items() if path is not None}
    if not refused:
        check_apart(targets)
        return
    with pytest.raises(Malformed, match="in one folder"):
        check_apart(targets)


# Killed anywhere


class _Killer:
    """Ends this process, as `kill -9` does, at the `at`th line of `module` that it comes to."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def killed(work: Callable[[], object], at: int) -> bool:
    """Whether `work`, done by a process of its own, was ended by the kill at that line."""
    child = os.fork()
    if child == 0:
        sys.settrace(_Killer(at))
        try:
            work()
        finally:
            sys.settrace(None)
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_at_any_line_a_copy_is_whole_or_has_no_name(corridor: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    targets = Targets(copies / "a" / "log.db", None, copies / "b" / "keys")
    with SqliteStore(corridor / DATABASE) as store:
        expected = contents(store)
    at, whole = 0, 0
    while killed(lambda: back_up(corridor, targets, clock=CLOCK), at):
        if targets.log.exists():
            shutil.copy(targets.log, tmp_path / "looked-at.db")
            with SqliteStore(tmp_path / "looked-at.db") as found:
                assert contents(found) == expected
            whole += 1
        if targets.keys is not None and targets.keys.exists():
            assert names(targets.keys) == ["log.jwk"]
            assert (targets.keys / "log.jwk").read_text() == "a key\n"
        for path in copies.glob("*/*"):
            assert path.name.startswith(".") or path in (targets.log, targets.keys)
        shutil.rmtree(copies, ignore_errors=True)
        at += 1
    assert at > 60
    assert 0 < whole < at


def test_without_the_name_of_its_own_a_killed_copy_looked_like_one(corridor: Path, tmp_path: Path) -> None:
    """The guard off: written straight to its target, the copy has its name before it has its content."""
    target = tmp_path / "log.db"

    def straight() -> None:
        target.touch()
        module.check_apart({})  # a line of the module, to be killed at
        copy_database(corridor / DATABASE, target)

    assert killed(straight, 0)
    assert target.exists()
    with closing(sqlite3.connect(target)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


# The notes of a backup and of a rehearsal

BACKUP = Backup(1_772_344_800, "log.db", 12, "ab" * 32)
REHEARSAL = Rehearsal(1_772_344_800, "log.db", 12, "ab" * 32, 3, 1)


@pytest.mark.parametrize(("done", "name"), [(BACKUP, "last-backup"), (REHEARSAL, "last-rehearsal")])
def test_the_newest_note_is_read_back(tmp_path: Path, done: Backup | Rehearsal, name: str) -> None:
    kind: type[Any] = type(done)
    assert last_done(tmp_path, kind) is None
    leave_note(tmp_path, replace(done, time=0, backup="older.db"))
    leave_note(tmp_path, done)
    assert last_done(tmp_path, kind) == done
    assert '"time":"2026-03-01T06:00:00Z"' in (tmp_path / name).read_text()
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"backup":1,"erased":0,"lost":0,"root":"","size":0,"time":""}']
)
def test_another_note_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "last-rehearsal").write_text(text)
    with pytest.raises(Malformed):
        last_done(tmp_path, Rehearsal)
