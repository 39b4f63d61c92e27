"""Backups, rehearsals, restores: what comes back, what does not, and what is said of both."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.high_water import HighWater
from safeconduct.adapters.keys import write_key
from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.adapters.rehearsal import last_rehearsal
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import Vault
from safeconduct.cli import agree, backup, restore, succeed
from safeconduct.cli.main import COMMANDS, Command
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.publication import publish
from safeconduct.service.sequence import Submission
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.wiring.offline import new_store, open_store
from safeconduct.wiring.server import open_server
from tests.cli.test_cli_corridor import Shell, tree
from tests.postgres import Postgres, postgres

__all__ = ["postgres"]

SEED = "recovery"


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, module in {
        "backup": backup,
        "restore": restore,
        "succeed": succeed,
        "succeed agree": agree,
    }.items():
        monkeypatch.setitem(COMMANDS, name, Command(module.__name__.rpartition(".")[2], module.SUMMARY))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@dataclass
class Running:
    """A corridor that somebody goes on writing, in its folder."""

    base: Path
    stage: Stage

    @property
    def dir(self) -> Path:
        return self.base / "dir"

    def published(self) -> None:
        """As a server does after each commit."""
        self.stage.publish()
        log = self.stage.log
        policy = self.stage.founding.policy()
        publish(self.stage.store, log.hashes, log.newest, policy, PublishFolder(self.dir / "published"))

    def lost(self) -> None:
        """The disk with the log and the vault is gone."""
        getattr(self.stage.store, "close")()  # noqa: B009 - a store of the tests' own
        for name in ("corridor.db", "vault.db"):
            (self.dir / name).unlink()

    def backed_up(self, shell: Shell) -> None:
        words = ["backup", self.dir, self.base / "a" / "log.db", "--vault", self.base / "b" / "vault.db"]
        assert shell(*words, "--keys", self.base / "c" / "keys") == 0


COPIES = ("a/log.db", "b/vault.db", "c/keys")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    stage = Stage(SEED, watching=False)
    keys = {name: stage.key(name) for name in ("log", "service")}
    keys |= {f"witness-{seat}": stage.key(f"{seat}/witness") for seat in SEATS}
    with new_store(tmp_path / "dir", keys=keys, seed=SEED.encode()) as store:
        stage = Stage(SEED, store=store)
        stage.declare(plate="KM 4711")
        stage.publish()
    stage.store = opened = open_store(tmp_path / "dir")
    stage.open_log()
    yield Running(tmp_path, stage)
    opened.close()


def declared(stage: Stage, plate: str) -> Written:
    """A declaration, logged; its plate is a private value."""
    made = stage.declare(plate=plate).declaration
    assert made is not None
    stage.publish()
    return made


def plate_in(made: Written) -> str:
    """The digest of its plate."""
    return next(
        digest_of(text) for text in made.disclosures if digest_of(text) in made.payload["plate"]["_sd"]
    )


def erase(stage: Stage, digest: str) -> None:
    stage.hand("mission/root").record("erasure", clear={"digests": [digest]})
    stage.publish()


def test_a_backup_of_a_log_that_others_write_and_its_rehearsal(shell: Shell, running: Running) -> None:
    running.published()
    running.backed_up(shell)
    for name in COPIES:
        assert f"✓ {running.base / name}" in shell.out
    size = running.stage.store.size()
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
    noted = last_rehearsal(running.dir)
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
    assert last_rehearsal(running.dir) is None


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


# A successor


def archive_of(running: Running, shell: Shell, name: str) -> Path:
    assert shell("export", running.dir, running.base / name, "--for", "orva") == 0
    return running.base / name


def keys_of(running: Running) -> dict[str, Path]:
    """The seats' roots, as each keeps its own."""
    paths = {seat: running.base / f"{seat}.jwk" for seat in SEATS}
    for seat, path in paths.items():
        write_key(path, running.stage.key(f"{seat}/root"))
    return paths


def test_a_log_whose_entries_are_lost_gets_a_successor_that_the_auditor_follows(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    stage, roots = running.stage, keys_of(running)
    running.backed_up(shell)
    old = archive_of(running, shell, "orva-archive")
    stage.log.settle()
    lost = declared(stage, "KM 4713")
    head = running.base / "head"
    head.write_bytes(stage.head())
    receipt = running.base / "receipt"
    receipt.write_bytes(stage.receipt(lost))
    (running.base / "entry").write_bytes(lost.entry)
    running.lost()
    assert shell("restore", "a/log.db", "dir", "--vault", "b/vault.db") == 0
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "entries.lost"]
    found = ["--archive", "orva-archive", "--head", "head", "--receipt", "receipt", "--entry", "entry"]
    assert shell(*draft, *found) == 0, shell.err
    assert lost.leaf[:16] in shell.out
    payload = json.loads((running.base / "new/succession.json").read_text())
    assert (payload["cor"], payload["receipts"]) == (stage.cor, [lost.leaf])
    agreed = [
        "succeed",
        "agree",
        "new/succession.json",
        "orva-archive",
        "--seat",
        "orva",
        "--root",
        roots["orva"],
    ]
    assert shell("succeed", "dir", "new", "--root", roots["mission"]) == 2
    assert "missing: orva, tessin" in shell.err
    assert shell(*agreed, "--out", "orva.consent", "--corridor", stage.cor) == 0, shell.err
    assert shell("succeed", "dir", "new", "--root", roots["mission"], "--consent", "orva.consent") == 0
    assert shell("succeed", "dir", "new", "--root", roots["mission"], "--consent", "orva.consent") == 4
    assert shell("export", "new", "new-archive", "--for", "orva") == 0
    assert shell("export", "new", "new-archive", "--for", "orva") == 0
    assert shell("audit", "new-archive", "--predecessor", old, "--corridor", stage.cor) == 0
    assert shell.out.startswith(f"✓ sound for corridor {stage.cor}\n")
    assert "Before it, " in shell.out
    followed = ["audit", "new-archive", "--predecessor", old, "--receipt", receipt, "--head", head]
    assert shell(*followed) == 0
    assert "past what is kept of it" in shell.out
    assert shell("audit", "new-archive", "--corridor", stage.cor) == 3
    assert "--predecessor" in shell.out
    document = shell.document("audit", "new-archive", "--predecessor", old)
    assert document["succession"]["followed"] is True
    assert [one["corridor"] for one in document["predecessors"]] == [stage.cor]


def test_a_seat_signs_nothing_that_its_archive_does_not_bear_out(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    roots = keys_of(running)
    archive_of(running, shell, "smaller")
    declared(running.stage, "KM 4713")
    archive_of(running, shell, "larger")
    running.lost()
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "entries.lost"]
    assert shell(*draft, "--archive", "smaller") == 0, shell.err
    assert "Not used: dir/corridor.db" in shell.out
    agreed = ["succeed", "agree", "new/succession.json", "larger", "--seat", "orva", "--out", "orva.consent"]
    assert shell(*agreed, "--root", roots["orva"]) == 1
    assert "succession.lost" in shell.out
    assert "succession.last" in shell.out
    assert not (running.base / "orva.consent").exists()
    assert shell(*agreed, "--root", roots["tessin"]) == 2
    assert "not the root key of 'orva'" in shell.err
    path = running.base / "new/succession.json"
    payload = json.loads(path.read_text())
    text = json.dumps({**payload, "quorum": 1}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text)
    assert shell(*agreed[:3], "smaller", *agreed[4:], "--root", roots["orva"]) == 0
    path.write_text(path.read_text().replace('"live"', '"replay"').replace('"simulated"', '"replay"'))
    assert shell(*agreed[:3], "smaller", *agreed[4:-1], "x.consent", "--root", roots["orva"]) == 3
    assert "succession.agreement" in json.dumps(
        shell.document(*agreed[:3], "smaller", *agreed[4:-1], "x.consent", "--root", roots["orva"], code=3)
    )


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ([], 2, "--origin: this is missing"),
        (["--origin", "log.corridor.example", "--cause", "entries.lost"], 2, "has this origin"),
        (["--origin", "second.example", "--cause", "Not a code"], 2, "Write a code"),
        (["--origin", "second.example", "--cause", "x", "--receipt", "r"], 2, "as many --entry"),
        (["--origin", "second.example", "--cause", "x", "--head", "nowhere"], 5, "no such file"),
        (["--origin", "second.example", "--root", "x"], 2, "a draft is signed as it is"),
        (["--root", "mission.jwk"], 5, "no such file"),
    ],
)
def test_a_draft_that_cannot_be_is_refused(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch, *, more: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(running.base)
    keys_of(running)
    assert shell("succeed", "dir", "new", *more) == code
    assert says in shell.err
    assert not (running.base / "new").exists()


def test_a_receipt_that_can_be_honoured_is_not_given_up(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    made = declared(running.stage, "KM 4713")
    (running.base / "receipt").write_bytes(running.stage.receipt(made))
    (running.base / "entry").write_bytes(made.entry)
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "key.lost"]
    assert shell(*draft, "--receipt", "receipt", "--entry", "entry") == 2
    assert "can be honoured" in shell.err


def test_nothing_is_left_of_a_log(shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(running.base)
    running.lost()
    assert shell("succeed", "dir", "new", "--origin", "second.example", "--cause", "entries.lost") == 2
    assert "no copy of the old log is proved" in shell.err
    assert FolderArchive(running.dir).folder.exists()
