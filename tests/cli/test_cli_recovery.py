"""Backups, rehearsals, restores: what comes back, what does not, and what is said of both."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from safeconduct.adapters.high_water import HighWater
from safeconduct.adapters.last_done import Backup, Rehearsal, last_done
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import Vault
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.sequence import Submission
from safeconduct.wiring.offline import open_store
from safeconduct.wiring.server import open_server
from tests.cli.recovery_scene import COPIES, Running, declared, erase, plate_in, running, shell
from tests.cli.test_cli_corridor import Shell, tree
from tests.postgres import Postgres, postgres

__all__ = ["postgres", "running", "shell"]


def test_a_backup_of_a_log_that_others_write_and_its_rehearsal(shell: Shell, running: Running) -> None:
    running.published()
    running.backed_up(shell)
    for name in COPIES:
        assert f"✓ {running.base / name}" in shell.out
    size = running.stage.store.size()
    made = last_done(running.dir, Backup)
    assert made is not None
    assert (made.size, made.backup) == (size, "log.db")
    declared(running.stage, "KM 4712")
    running.published()
    newest = running.stage.store.size()
    before = tree(running.dir)
    log, vault = running.base / "a/log.db", running.base / "b/vault.db"
    assert shell("restore", "--rehearse", log, running.dir, "--vault", vault) == 0
    assert f"{newest - size} entries would be lost" in shell.out
    assert "brings them back" in shell.out
    after = tree(running.dir)
    assert {name for name in after if name not in before} == {"last-rehearsal"}
    noted = last_done(running.dir, Rehearsal)
    assert noted is not None
    assert (noted.size, noted.lost, noted.backup) == (size, newest - size, "log.db")
    document = shell.document("restore", "--rehearse", log, running.dir, "--vault", vault)
    assert (document["lost"], document["comes_back"], document["closed"]) == (newest - size, True, 0)


def test_a_rehearsal_without_its_vault_says_what_stays_closed(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    assert shell("restore", "--rehearse", running.base / "a/log.db", running.dir) == 1
    assert "disclosures cannot be opened: name the vault's copy" in shell.out
    assert "what would be lost cannot be said" in shell.out


def test_all_comes_back_with_the_archive_and_the_log_goes_on(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    declared(running.stage, "KM 4712")
    running.published()
    size = running.stage.store.size()
    running.lost()
    log, vault = running.base / "a/log.db", running.base / "b/vault.db"
    published = running.dir / "published"
    assert shell("restore", log, running.dir, "--vault", vault, "--catch-up", published) == 0
    assert "each verified" in shell.out
    with open_store(running.dir) as store:
        assert store.size() == size
    assert shell("export", running.dir, running.base / "out", "--for", "orva") == 0
    assert shell("audit", running.base / "out", "--head", published / "checkpoint") == 0


def test_an_old_backup_is_restored_and_what_stops_it_is_said(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    declared(running.stage, "KM 4712")
    running.published()
    running.lost()
    words = ["restore", running.base / "a/log.db", running.dir, "--vault", running.base / "b/vault.db"]
    assert shell(*words) == 1
    for says in (
        "nothing is signed",
        "the published head",
        "older than what this log has signed",
        "--catch-up",
    ):
        assert says in shell.out
    assert shell(*words) == 4
    assert "nothing is overwritten" in shell.err


def test_a_corridor_comes_back_on_another_machine(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    log, vault, keys = (running.base / name for name in COPIES)
    there = running.base / "new" / "dir"
    assert shell("restore", log, there, "--vault", vault, "--keys", keys) == 0
    assert sorted(path.name for path in there.iterdir()) == ["corridor.db", "keys", "vault.db"]
    assert shell("export", there, running.base / "out", "--for", "orva") == 0
    assert shell("audit", running.base / "out") == 0


@pytest.mark.parametrize("caught_up", [False, True])
def test_what_was_erased_after_the_backup_stays_erased(
    shell: Shell, running: Running, *, caught_up: bool
) -> None:
    stage = running.stage
    made = declared(stage, "KM 4712")
    digest = plate_in(made)
    running.backed_up(shell)
    erase(stage, digest)
    running.published()
    running.lost()
    log, vault = running.base / "a/log.db", running.base / "b/vault.db"
    assert key_in(vault, digest) is not None, "the copy of the vault still has its key"
    more = ["--catch-up", running.dir / "published"] if caught_up else []
    assert shell("restore", log, running.dir, "--vault", vault, *more) == (0 if caught_up else 1)
    assert "Erasures replayed: 1 disclosures, 1 of them by records that the backup does not have" in shell.out
    assert key_in(running.dir / "vault.db", digest) is None
    with open_store(running.dir) as store:
        assert digest not in {digest_of(text) for _, text in store.disclosures()}
        assert digest in {one for _, one in store.erased()}


def test_without_the_replay_an_erased_value_came_back(shell: Shell, running: Running) -> None:
    """The guard off: copies put in place by hand open what was erased."""
    digest = plate_in(declared(running.stage, "KM 4712"))
    running.backed_up(shell)
    erase(running.stage, digest)
    running.lost()
    shutil.copy(running.base / "a/log.db", running.dir / "corridor.db")
    shutil.copy(running.base / "b/vault.db", running.dir / "vault.db")
    with open_store(running.dir) as store:
        assert digest in {digest_of(text) for _, text in store.disclosures()}


def key_in(path: Path, digest: str) -> bytes | None:
    vault = Vault(path)
    try:
        return vault.key(digest)
    finally:
        vault.close()


@pytest.mark.parametrize("name", ["corridor.db", "corridor.db-wal", "vault.db", "keys"])
def test_nothing_is_put_beside_what_is_there(shell: Shell, running: Running, name: str) -> None:
    running.backed_up(shell)
    log, vault, keys = (running.base / part for part in COPIES)
    there = running.base / "there"
    there.mkdir()
    (there / name).write_bytes(b"somebody's")
    assert shell("restore", log, there, "--vault", vault, "--keys", keys) == 4
    assert [path.name for path in there.iterdir()] == [name]


def test_what_is_no_backup_leaves_nothing(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    log = running.base / "a/log.db"
    there = running.base / "there"
    for path, code in ((running.base / "nothing.db", 5), (running.base / "b/vault.db", 2)):
        assert shell("restore", path, there) == code
        assert f"✗ {path}: " in shell.err
    database = sqlite3.connect(log)
    database.executescript(
        "DROP TRIGGER entries_UPDATE; UPDATE entries SET entry = CAST(entry || 'x' AS BLOB) WHERE number = 3;"
    )
    database.close()
    assert shell("restore", log, there) == 3
    assert "do not lead to" in shell.err
    assert not there.exists()
    assert shell("restore", log, running.dir, "--rehearse") == 3
    assert last_done(running.dir, Rehearsal) is None


def test_another_corridors_keys_are_refused(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    keys = running.base / "c/keys"
    shutil.copy(keys / "service.jwk", keys / "log.jwk")
    assert shell("restore", running.base / "a/log.db", running.base / "there", "--keys", keys) == 2
    assert "not this corridor's" in shell.err


def test_the_published_log_of_another_history_is_named(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    declared(running.stage, "KM 4712")
    running.published()
    running.lost()
    words = ["restore", running.base / "a/log.db", running.dir, "--vault", running.base / "b/vault.db"]
    published = running.dir / "published"
    published.rename(running.base / "published")
    assert shell(*words) == 0
    for _ in range(2):
        assert shell("export", running.dir, running.base / "out", "--for", "orva") == 0
    (running.base / "published").rename(published)
    log = running.base / "a2" / "log.db"
    assert shell("backup", running.dir, log) == 0
    assert shell("restore", "--rehearse", log, running.dir, "--vault", running.base / "b/vault.db") == 0
    assert "do not come back" in shell.out
    document = shell.document(
        "restore", "--rehearse", log, running.dir, "--vault", running.base / "b/vault.db"
    )
    assert document["comes_back"] is False


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["backup", "nowhere", "a/log.db"], 5, "safeconduct init"),
        (["backup", "dir", "a/log.db", "--vault", "a/vault.db"], 2, "in one folder"),
        (["backup", "dir", "a/log.db", "--keys", "a/keys"], 2, "in one folder"),
        (["restore", "--rehearse", "a/log.db", "dir", "--keys", "k"], 2, "Leave out"),
        (["restore", "a/nothing.db", "there"], 5, "no such file"),
    ],
)
def test_what_cannot_be_is_said(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch, *, words: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(running.base)
    assert shell(*words) == code
    assert says in shell.err
    assert not (running.base / "a").exists() or not list((running.base / "a").iterdir())


# Served


def test_a_log_in_postgresql_is_backed_up_into_the_same_file(
    shell: Shell, running: Running, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.backed_up(shell)
    getattr(running.stage.store, "close")()  # noqa: B009 - a store of the tests' own
    url = postgres.database()
    with open_server(running.dir, database_url=url) as server:
        size = server.store.size()
    log = running.base / "d" / "log.db"
    assert shell("backup", running.dir, log) == 5
    assert "in PostgreSQL now" in shell.err
    monkeypatch.setenv("DATABASE_URL", url)
    assert shell("backup", running.dir, log) == 0
    monkeypatch.delenv("DATABASE_URL")
    assert b"v1." in log.read_bytes()
    with SqliteStore(log) as copy, SqliteStore(running.base / "a/log.db") as other:
        assert list(copy.entries()) == list(other.entries(0, size))
        assert list(copy.disclosures()) == list(other.disclosures())
        assert copy.committed() == other.committed()
        assert copy.published() == other.published()
    there = running.base / "there"
    vault, keys = running.base / "b/vault.db", running.base / "c/keys"
    assert shell("restore", log, there, "--vault", vault, "--keys", keys) == 0
    assert shell("export", there, running.base / "out", "--for", "orva") == 0


def test_offline_commands_read_an_old_copy_and_append_nothing_to_it(shell: Shell, running: Running) -> None:
    running.backed_up(shell)
    declared(running.stage, "KM 4712")
    running.published()
    running.lost()
    log, vault = running.base / "a/log.db", running.base / "b/vault.db"
    assert shell("restore", log, running.dir, "--vault", vault) == 1
    before = (running.dir / "corridor.db").read_bytes()
    for reader in ("orva", "public"):
        assert shell("export", running.dir, running.base / "out", "--for", reader) == 3
        assert "the store is older than what this log has signed" in shell.err
        assert "safeconduct succeed" in shell.err
    assert not (running.base / "out").exists()
    assert shell("show", running.dir, "0") == 0
    assert (running.dir / "corridor.db").read_bytes() == before


@pytest.mark.parametrize("where", ["nowhere", "published", "high water"])
def test_a_server_on_an_old_copy_serves_it_and_signs_nothing(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    running.backed_up(shell)
    declared(running.stage, "KM 4712")
    running.published()
    note = running.stage.head()
    running.lost()
    published, high_water = running.dir / "published", running.base / "elsewhere" / "high-water"
    high_water.parent.mkdir()
    if where != "published":
        shutil.rmtree(published)
    if where == "high water":
        HighWater(high_water).keep(note)
    log, vault = running.base / "a/log.db", running.base / "b/vault.db"
    assert shell("restore", log, running.dir, "--vault", vault) == (1 if where == "published" else 0)
    with open_server(running.dir, high_water=high_water) as server:
        before = server.store.size()
        record = running.stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
        if where == "nowhere":  # the lack: nothing outside tells of it
            assert server.submit([Submission(record.entry)])[0].receipt is not None
            return
        assert server.stopped is not None
        assert server.stopped.rule == "log.rollback"
        assert "safeconduct succeed" in str(server.stopped)
        with pytest.raises(Unavailable, match="older than what this log has signed"):
            server.submit([Submission(record.entry)])
        assert server.store.size() == before == len(list(server.store.entries()))
