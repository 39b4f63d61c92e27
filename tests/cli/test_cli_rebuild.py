"""A burned server, brought back from a party's archive: byte for byte, and what does not come back is listed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from safeconduct.adapters.archives import FolderArchive, open_archive
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.archive_store import open_copy
from safeconduct.service.sequence import Submission
from safeconduct.wiring.offline import open_store
from safeconduct.wiring.server import open_server
from tests.cli.recovery_scene import Running, declared, erase, plate_in, running, shell
from tests.cli.test_cli_corridor import Shell
from tests.cli.typed import COMMAND
from tests.http_server import files_in, serving

__all__ = ["running", "shell"]


def content(folder: Path) -> dict[str, bytes]:
    return {path: FolderArchive(folder).read(path) for path in FolderArchive(folder).paths()}


def exported(shell: Shell, running: Running, reader: str, name: str = "out") -> Path:
    out = running.base / name
    assert shell("export", running.dir, out, "--for", reader) == 0
    return out


def burned(running: Running) -> None:
    """Everything but the keys is gone; they had a copy."""
    running.lost()
    (running.dir / "keys").rename(running.base / "keys")
    shutil.rmtree(running.dir)


def test_the_log_comes_back_byte_for_byte(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "mission")
    burned(running)
    assert shell("rebuild", out, running.dir, "--keys", running.base / "keys") == 0
    with open_store(running.dir) as store:
        copy = open_copy(open_archive(out), where="the archive")
        assert list(store.entries()) == list(copy.entries())
        assert store.published()[-1].note == (out / "checkpoint").read_bytes()
        assert sorted(store.disclosures()) == sorted(copy.disclosures())
    assert sorted(path.name for path in running.dir.iterdir()) == ["corridor.db", "keys", "vault.db"]
    assert b"KM 4711" not in (running.dir / "corridor.db").read_bytes()


def test_what_it_gives_from_there_on_is_what_the_burned_one_would_have_given(
    shell: Shell, running: Running
) -> None:
    """Where the archive held all: a value that was erased by record among it."""
    digest = plate_in(declared(running.stage, "KM 4712"))
    erase(running.stage, digest)
    assert shell("export", running.dir, running.base / "before", "--for", "mission") == 0
    burned_later = running.base / "same"
    shutil.copytree(running.dir, burned_later)
    for _ in range(2):
        assert shell("export", burned_later, running.base / "went on", "--for", "mission") == 0
    burned(running)
    assert shell("rebuild", running.base / "before", running.dir, "--keys", running.base / "keys") == 0
    assert "1 private values that were erased by record" in shell.out
    for _ in range(2):
        assert shell("export", running.dir, running.base / "brought back", "--for", "mission") == 0
    went_on, brought_back = content(running.base / "went on"), content(running.base / "brought back")
    assert brought_back == went_on
    assert digest.encode() in brought_back["disclosures.jsonl"]
    assert (
        shell("audit", running.base / "brought back", "--head", running.base / "before" / "checkpoint") == 0
    )


def test_what_a_partys_archive_does_not_show_is_listed(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "orva")
    burned(running)
    document = shell.document("rebuild", out, running.dir, "--keys", running.base / "keys")
    copy = open_copy(open_archive(out), where="the archive")
    missing = document["not_back"]
    assert document["signs"] is True
    assert document["disclosures"] == len(list(copy.disclosures()))
    assert document["head"]["size"] == missing["records_from"] == copy.size()
    assert len(document["head"]["cosigned_by"]) == len(copy.founding.witnesses)
    assert missing["keys"] == []
    assert missing["heads"]["in_the_log"] == sum(1 for _ in copy.of_kinds({"head"}))
    declaration = [one for one in missing["private_fields"] if one["kind"] == "declaration"]
    (at,) = (index for index, _ in copy.of_kinds({"declaration"}))
    assert declaration
    assert all(set(one["entries"]) == {at} for one in declaration)
    assert "plate" not in {one["field"] for one in declaration}


def test_a_public_archive_gives_the_log_and_no_private_value(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "orva")
    (out / "disclosures.jsonl").unlink()
    burned(running)
    assert shell("rebuild", out, running.dir) == 0
    assert "0 private values came back" in shell.out
    assert "plate 1" in shell.out
    assert [path.name for path in running.dir.iterdir()] == ["corridor.db"]


def test_without_keys_it_is_read_and_nothing_is_appended(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "orva")
    burned(running)
    assert shell("rebuild", out, running.dir) == 0
    for says in ("the private keys of log and service: they are in no archive", "only read", "succeed"):
        assert says in shell.out
    assert shell("show", running.dir, "0") == 0
    assert shell("projections", "compare", running.dir) == 0
    assert "as a fold from nothing gives them" in shell.out
    before = (running.dir / "corridor.db").read_bytes()
    for reader in ("orva", "public"):
        assert shell("export", running.dir, running.base / "again", "--for", reader) == 5
        assert "the private key 'log' is not here" in shell.err
        assert "bring its file back" in shell.err
    with open_server(running.dir) as server:
        record = running.stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
        with pytest.raises(Unavailable, match="the private key 'log' is not here"):
            server.submit([Submission(record.entry)])
        assert server.store.size() == server.publication.store.size()
    assert (running.dir / "corridor.db").read_bytes() == before
    shutil.copytree(running.base / "keys", running.dir / "keys")
    assert shell("export", running.dir, running.base / "again", "--for", "orva") == 0


def test_it_is_served_and_takes_records(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "orva")
    burned(running)
    assert shell("rebuild", out, running.dir, "--keys", running.base / "keys") == 0
    with open_server(running.dir) as server:
        assert server.stopped is None
        record = running.stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
        assert server.submit([Submission(record.entry)])[0].receipt is not None
    assert shell("projections", "compare", running.dir) == 0
    assert shell("export", running.dir, running.base / "again", "--for", "orva") == 0
    assert shell("audit", running.base / "again", "--head", out / "checkpoint") == 0


@pytest.mark.parametrize("way", ["rebuilt", "restored"])
def test_a_partys_larger_head_alone_stops_the_signing(
    shell: Shell, running: Running, tmp_path: Path, *, way: str
) -> None:
    """Nothing was published here; a party shows the head that it kept. Without it nobody would know."""
    running.backed_up(shell)
    old = exported(shell, running, "orva", "old")
    kept = exported(shell, running, "orva", "kept")
    burned(running)
    keys = running.base / "keys"
    copies = ["--vault", running.base / "b/vault.db", "--keys", keys]
    if way == "rebuilt":
        assert shell("rebuild", old, running.dir, "--keys", keys) == 0
    else:
        assert shell("restore", running.base / "a/log.db", running.dir, *copies) == 0
    with open_server(running.dir, high_water=kept / "checkpoint") as server:
        assert server.stopped is not None
        assert server.stopped.rule == "log.rollback"
        for says in ("older than what this log has signed", "--catch-up ARCHIVE", "rebuild ARCHIVE DIR"):
            assert says in str(server.stopped)
    with open_server(running.dir) as server:
        assert server.stopped is None, "the lack: nothing outside tells of it"
    shutil.rmtree(running.dir)
    if way == "rebuilt":
        assert shell("rebuild", kept, running.dir, "--keys", keys) == 0
    else:
        words = ["restore", running.base / "a/log.db", running.dir, *copies, "--catch-up", kept]
        assert shell(*words) == 0
    with open_server(running.dir, high_water=kept / "checkpoint") as server:
        assert server.stopped is None


def test_from_a_zip_and_from_an_address(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "orva")
    assert shell("export", running.dir, running.base / "out.zip", "--for", "orva") == 0
    burned(running)
    assert shell("rebuild", running.base / "out.zip", running.base / "one") == 0
    with serving(files_in(out)) as here:
        assert shell("rebuild", here.url, running.base / "two") == 0
    with open_store(running.base / "one") as one, open_store(running.base / "two") as two:
        assert list(one.entries(0, two.size())) == list(two.entries())


def altered(out: Path) -> None:
    path = next(path for path in (out / "tile" / "entries").iterdir() if path.is_file() or path.is_dir())
    file = next(path for path in (path, *path.rglob("*")) if path.is_file())
    file.write_bytes(file.read_bytes().replace(b".", b"-", 1))


def without_its_entries(out: Path) -> None:
    shutil.rmtree(out / "tile" / "entries")


def with_a_cosignature_of_another_head(out: Path) -> None:
    """Its log signed it, its witness did not."""
    lines = (out / "checkpoint").read_text().splitlines()
    lines[-1] = lines[-1][:-8] + "AAAAAAA="
    (out / "checkpoint").write_text("\n".join(lines) + "\n")


def calling_a_strange_value_erased(out: Path) -> None:
    file = out / "disclosures.jsonl"
    first, *rest = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first.replace(b"}\n", b',"erased":["' + b"A" * 43 + b'"]}\n') + b"".join(rest))


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (altered, (2, 3)),
        (without_its_entries, (5,)),
        (with_a_cosignature_of_another_head, (2, 3)),
        (calling_a_strange_value_erased, (2,)),
    ],
)
def test_of_an_archive_that_does_not_verify_nothing_is_made(
    shell: Shell, running: Running, *, spoil: Callable[[Path], None], codes: tuple[int, ...]
) -> None:
    out = exported(shell, running, "orva")
    spoil(out)
    assert shell("rebuild", out, running.base / "there") in codes
    assert "✗ " in shell.err
    assert not [path.name for path in running.base.iterdir() if "there" in path.name]


def test_what_is_shown_though_it_was_erased_stays_closed(shell: Shell, running: Running) -> None:
    """A party kept the disclosure, and put it into its archive again."""
    made = declared(running.stage, "KM 4712")
    digest = plate_in(made)
    text = next(each for each in made.disclosures if digest_of(each) == digest)
    erase(running.stage, digest)
    out = exported(shell, running, "mission")
    lines = (out / "disclosures.jsonl").read_bytes()
    shown = lines.replace(b'"disclosures":[', b'"disclosures":["' + text.encode() + b'",')
    line = next(n for n, each in enumerate(lines.splitlines()) if digest.encode() in each)
    mixed = [*lines.splitlines(keepends=True)]
    mixed[line] = shown.splitlines(keepends=True)[line]
    (out / "disclosures.jsonl").write_bytes(b"".join(mixed))
    assert shell("rebuild", out, running.base / "there") == 0
    with open_store(running.base / "there") as store:
        assert digest not in {digest_of(each) for _, each in store.disclosures()}
        assert digest in {each for _, each in store.erased()}


def test_another_corridors_keys_and_half_of_the_keys_are_refused(shell: Shell, running: Running) -> None:
    out, keys, there = exported(shell, running, "orva"), running.base / "some", running.base / "there"
    shutil.copytree(running.dir / "keys", keys)
    (keys / "service.jwk").unlink()
    assert shell("rebuild", out, there, "--keys", keys) == 5
    assert "the private key 'service' is not here" in shell.err
    shutil.copy(keys / "log.jwk", keys / "service.jwk")
    assert shell("rebuild", out, there, "--keys", keys) == 2
    assert "not this corridor's" in shell.err
    assert shell("rebuild", out, there, "--keys", running.base / "nowhere") == 5
    assert not there.exists()


def test_nothing_is_put_where_something_is(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "orva")
    before = (running.dir / "corridor.db").read_bytes()
    assert shell("rebuild", out, running.dir) == 4
    assert "nothing is overwritten" in shell.err
    assert (running.dir / "corridor.db").read_bytes() == before


def test_killed_at_any_moment_it_is_whole_or_not_there(shell: Shell, running: Running) -> None:
    out = exported(shell, running, "mission")
    size = open_copy(open_archive(out), where="the archive").size()
    took, whole = 0.0, 0
    for turn in range(6):
        there = running.base / f"there-{turn}"
        started = time.monotonic()
        with subprocess.Popen([COMMAND, "rebuild", out, there], stdout=subprocess.DEVNULL) as process:
            if turn:
                time.sleep(took * turn / 5)
                process.send_signal(signal.SIGKILL)
        took = took or time.monotonic() - started
        if there.exists():
            whole += 1
            with open_store(there) as store:
                assert store.size() == size
        else:
            assert shell("rebuild", out, there) == 0, "what a kill left does not stand in the way"
    assert whole
