"""Publishing for a plain web server, and an audit of that from another folder."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from safeconduct.adapters.files import read_file
from safeconduct.cli import publish
from safeconduct.cli.main import COMMANDS, Command
from safeconduct.service.shown import size_of
from safeconduct.sim.stage import SEATS, Stage, corridor_file
from safeconduct.wiring.offline import new_store, open_corridor
from safeconduct.wiring.server import open_server
from tests.cli.test_cli_corridor import Shell, tree
from tests.http_server import files_in, serving
from tests.postgres import Postgres, postgres

__all__ = ["postgres"]


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "publish", Command("publish", publish.SUMMARY))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def corridor(folder: Path, *, delay: str) -> Path:
    """A simulated corridor with a delay; its clock stands at its newest head."""
    agreement = corridor_file("agreement.toml").replace(
        '[limits.publication_delay]\nvalue = "0 s"', f'[limits.publication_delay]\nvalue = "{delay}"'
    )
    keys = Stage("publish", watching=False)
    held = {name: keys.key(name) for name in ("log", "service")}
    held |= {f"witness-{seat}": keys.key(f"{seat}/witness") for seat in SEATS}
    with new_store(folder, keys=held, seed=b"publish") as store:
        stage = Stage("publish", store=store, agreement=agreement)
        stage.declare(plate="KM 4711").grant()
        stage.close_watches()
        stage.publish()
        stage.pass_time(days=2)
        stage.publish()
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corridor(tmp_path_factory.mktemp("publish") / "dir", delay="1 d")


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "dir")
    return tmp_path


def test_a_stranger_audits_what_was_published_from_another_folder(
    shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shell.document("publish", here / "dir", here / "www" / "public")
    assert said["written"] == len(tree(here / "www" / "public"))
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    with serving(files_in(here / "www" / "public")) as served:
        report = shell.document("audit", served.url, "--corridor", said["corridor"])
        assert (report["head"]["size"], report["sound"]) == (said["head"]["size"], True)
        assert shell("audit", served.url) in (0, 1)
        assert "compare with the signed paper" in shell.out
        assert shell("audit", served.url, "--corridor", "00" * 32) == 3
    assert tree(here / "elsewhere") == {}


def test_the_public_gets_what_is_old_enough_and_parties_all(shell: Shell, here: Path) -> None:
    public = shell.document("publish", here / "dir", here / "public")["head"]["size"]
    parties = shell.document("publish", here / "dir", here / "parties", "--for", "parties")["head"]["size"]
    with open_corridor(here / "dir") as opened:
        assert public < parties == opened.sequencer.size
    assert b"KM 4711" not in b"".join(tree(here / "parties").values())
    assert "disclosures.jsonl" not in tree(here / "parties")


def test_a_repeat_writes_nothing_and_what_is_new_is_added(shell: Shell, here: Path) -> None:
    first = shell.document("publish", here / "dir", here / "www", "--for", "parties")
    assert first["written"] > 3
    before = tree(here / "www")
    assert shell.document("publish", here / "dir", here / "www", "--for", "parties")["written"] == 0
    assert tree(here / "www") == before
    assert shell("export", here / "dir", here / "out", "--for", "orva") == 0
    again = shell.document("publish", here / "dir", here / "www", "--for", "parties")
    assert again["head"]["size"] > first["head"]["size"]
    assert before.items() - {("checkpoint", before["checkpoint"])} <= tree(here / "www").items()


def test_a_folder_with_a_larger_head_stays_as_it_is(shell: Shell, here: Path) -> None:
    assert shell("publish", here / "dir", here / "www", "--for", "parties") == 0
    before = tree(here / "www")
    assert shell("publish", here / "dir", here / "www") == 4
    assert "it stays" in shell.err
    assert tree(here / "www") == before


def test_an_old_copy_of_the_log_publishes_nothing(shell: Shell, here: Path) -> None:
    shutil.copytree(here / "dir", here / "backup")
    assert shell("export", here / "dir", here / "out", "--for", "orva") == 0
    assert shell("publish", here / "dir", here / "www", "--for", "parties") == 0
    before = tree(here / "www")
    assert shell("publish", here / "backup", here / "www", "--for", "parties") == 4
    assert "Was an old copy of the log restored?" in shell.err
    assert tree(here / "www") == before


def test_another_corridors_folder_is_left_alone(shell: Shell, here: Path, tmp_path: Path) -> None:
    assert shell("publish", here / "dir", here / "www") == 0
    before = tree(here / "www")
    policy = before["policy"].replace(b"log.corridor.example", b"log.elsewhere.example")
    (here / "www" / "policy").write_bytes(policy)
    (here / "www" / "checkpoint").unlink()
    assert shell("publish", here / "dir", here / "www") == 3
    assert "stays as it is" in shell.err
    assert (here / "www" / "policy").read_bytes() == policy


def test_a_damaged_file_is_found_when_all_are_compared_and_written_again_once_it_is_gone(
    shell: Shell, here: Path
) -> None:
    assert shell("publish", here / "dir", here / "www") == 0
    (bundle,) = (here / "www").glob("tile/entries/000.p/*")
    good = bundle.read_bytes()
    bundle.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert shell("publish", here / "dir", here / "www", "--all") == 3
    assert str(bundle) in shell.err
    bundle.unlink()
    assert shell.document("publish", here / "dir", here / "www", "--all")["written"] == 1
    assert bundle.read_bytes() == good


def test_before_any_head_is_old_enough_it_says_when(shell: Shell, tmp_path: Path) -> None:
    folder = corridor(tmp_path / "dir", delay="30 d")
    assert shell("publish", folder, tmp_path / "www") == 5
    assert "Repeat at 2026-" in shell.err
    assert not (tmp_path / "www").exists()


def test_a_flipped_bit_in_the_database_is_not_published(shell: Shell, here: Path) -> None:
    with sqlite3.connect(here / "dir" / "corridor.db") as database:
        database.executescript("DROP TRIGGER entries_UPDATE")
        (text,) = database.execute("SELECT entry FROM entries WHERE number = 3").fetchone()
        flipped = text[:100] + bytes([text[100] ^ 1]) + text[101:]
        database.execute("UPDATE entries SET entry = ? WHERE number = 3", (flipped,))
    database.close()
    assert shell("publish", here / "dir", here / "www") == 3
    assert "not those that the head" in shell.err
    assert not (here / "www").exists() or tree(here / "www") == {}


def test_words_that_do_not_fit_are_told(shell: Shell, here: Path) -> None:
    assert shell("publish", here / "dir", here / "www", "--for", "orva") == 2
    assert shell("publish", here / "nothing", here / "www") == 5
    assert shell("audit", here / "dir", "--key", here / "x.jwk") == 2
    assert "needs no key" in shell.err
    assert shell("audit", "https://") == 2
    assert shell("audit", "http://user@host/") == 2
    assert shell("audit", "https://host.example/", "--key", here / "x.jwk") == 5


def test_the_head_there_is_one_that_the_log_published(shell: Shell, here: Path) -> None:
    assert shell("publish", here / "dir", here / "www") == 0
    note = read_file(here / "www" / "checkpoint", most=10_000)
    with open_corridor(here / "dir") as opened:
        assert note in {head.note for head in opened.store.published() if head.size == size_of(note)}


def test_a_log_in_postgresql_is_published_like_one_in_the_folder(
    shell: Shell, here: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("publish", here / "dir", here / "www", "--for", "parties") == 0
    monkeypatch.setenv("DATABASE_URL", postgres.database())
    with open_server(here / "dir") as server:
        assert server.store.size() > 0
    said = shell.document("publish", here / "dir", here / "other", "--for", "parties")
    assert tree(here / "other") == tree(here / "www")
    assert said["head"]["size"] == size_of((here / "www" / "checkpoint").read_bytes())
    monkeypatch.delenv("DATABASE_URL")
    assert shell("publish", here / "dir", here / "again") == 5
    assert "in PostgreSQL now" in shell.err
