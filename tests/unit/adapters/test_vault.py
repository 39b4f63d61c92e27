"""The keys of disclosures: sealed on the disk, plain to who holds the key, gone once erased."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import SEALED, SealedStore, Vault, seal, unseal
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, Unavailable
from safeconduct.core.record.disclosure import digest_of, disclose
from safeconduct.service.ports import Row

PLATE, DRIVER = disclose(b"1" * 16, "KM 4711"), disclose(b"2" * 16, "an invented name")
ROW = Row(b"entry", "jti", "arrival", (PLATE, DRIVER))


def note(_: Sequence[bytes]) -> bytes:
    return b"note"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault.db")


def stored(store: SealedStore) -> list[str]:
    return [text for _, text in store.inner.disclosures()]


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_lies_on_the_disk_is_sealed_and_what_is_read_is_plain(tmp_path: Path, vault: Vault) -> None:
    with SealedStore(SqliteStore(tmp_path / "corridor.db", create=True), vault) as store:
        store.append(0, [ROW], note, 0)
        assert list(store.disclosures()) == [(0, PLATE), (0, DRIVER)]
        assert [text.startswith(SEALED) for text in stored(store)] == [True, True]
    on_disk = bytes_in(tmp_path)
    assert b"entry" in on_disk
    for secret in (PLATE.encode(), DRIVER.encode(), b"KM 4711"):
        assert secret not in on_disk
    with SealedStore(SqliteStore(tmp_path / "corridor.db"), vault) as store:
        assert list(store.disclosures()) == [(0, PLATE), (0, DRIVER)]


def test_erasing_one_spares_every_other_and_leaves_its_digest(vault: Vault) -> None:
    store = SealedStore(MemoryStore(), vault)
    store.append(0, [ROW], note, 0)
    assert vault.erase([digest_of(PLATE)]) == 1
    assert list(store.disclosures()) == [(0, DRIVER)]
    assert list(store.erased()) == [(0, digest_of(PLATE))]
    assert vault.erase([digest_of(PLATE)]) == 0
    store.close()


def test_an_erased_key_is_in_no_file_any_more(tmp_path: Path, vault: Vault) -> None:
    key = vault.keep([digest_of(PLATE)])[digest_of(PLATE)]
    others = vault.keep([f"digest {number}" for number in range(300)])
    assert key in bytes_in(tmp_path)
    vault.erase([digest_of(PLATE)])
    assert key not in bytes_in(tmp_path)
    vault.close()
    assert key not in bytes_in(tmp_path)
    assert all(other in bytes_in(tmp_path) for other in others.values())


def test_while_another_program_reads_it_erasing_says_that_it_is_not_done(
    vault: Vault, tmp_path: Path
) -> None:
    vault.keep([digest_of(PLATE)])
    reader = sqlite3.connect(tmp_path / "vault.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM keys").fetchall()
    assert vault._db is not None
    vault._db.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(Unavailable, match="write-ahead log"):
        vault.erase([digest_of(PLATE)])
    reader.execute("COMMIT")
    reader.close()
    assert vault.erase([digest_of(PLATE)]) == 0
    assert (tmp_path / "vault.db-wal").stat().st_size == 0
    vault.close()


def test_a_value_that_was_erased_does_not_come_back_by_being_handed_in_again(vault: Vault) -> None:
    store = SealedStore(MemoryStore(), vault)
    store.append(0, [ROW], note, 0)
    vault.erase([digest_of(PLATE)])
    store.append(1, [Row(b"another", "other", "arrival", (PLATE,))], note, 1)
    assert list(store.disclosures()) == [(0, DRIVER)]
    assert list(store.erased()) == [(0, digest_of(PLATE)), (1, digest_of(PLATE))]
    store.close()


def test_erasures_are_remembered_where_no_key_is_yet(vault: Vault) -> None:
    assert vault.erase([digest_of(PLATE)]) == 0
    assert vault.keep([digest_of(PLATE), digest_of(DRIVER)]).keys() == {digest_of(DRIVER)}
    vault.close()


def test_keys_are_durable_before_the_log_has_the_text_and_used_by_the_repeat(vault: Vault) -> None:
    held: list[bytes | None] = []

    def sign(_: Sequence[bytes]) -> bytes:
        held.append(Vault(vault.path).key(digest_of(PLATE)))
        raise ZeroDivisionError

    store = SealedStore(MemoryStore(), vault)
    with pytest.raises(ZeroDivisionError):
        store.append(0, [ROW], sign, 0)
    store.append(0, [ROW], note, 0)
    assert held == [vault.key(digest_of(PLATE))]
    assert list(store.disclosures()) == [(0, PLATE), (0, DRIVER)]
    store.close()


def test_plain_text_of_older_folders_is_read_as_it_is(vault: Vault) -> None:
    plain = MemoryStore()
    plain.append(0, [ROW], note, 0)
    store = SealedStore(plain, vault)
    store.append(1, [Row(b"another", "other", "x", (PLATE,))], note, 0)
    assert list(store.disclosures()) == [(0, PLATE), (0, DRIVER), (1, PLATE)]
    store.close()


def test_a_refused_batch_leaves_the_store_as_it_was(vault: Vault) -> None:
    store = SealedStore(MemoryStore(), vault)
    store.append(0, [ROW], note, 0)
    with pytest.raises(Conflict):
        store.append(0, [Row(b"another", "other", "x", (PLATE,))], note, 0)
    assert list(store.disclosures()) == [(0, PLATE), (0, DRIVER)]
    store.close()


@pytest.mark.parametrize("place", [SEALED, ".", "-1"])
def test_a_sealed_text_that_was_changed_does_not_open(place: str) -> None:
    sealed = seal(PLATE, b"k" * 32)
    assert unseal(sealed, b"k" * 32) == PLATE
    at = len(sealed) - 5 if place == "-1" else sealed.rindex(place) + len(place) + 3
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    with pytest.raises(Disproved) as told:
        unseal(changed, b"k" * 32)
    assert "KM" not in str(told.value)
    with pytest.raises(Disproved):
        unseal(sealed, b"x" * 32)


def test_the_file_comes_with_the_first_key_and_is_for_its_owner_only(vault: Vault) -> None:
    assert vault.key("nothing") is None
    assert vault.keep([]) == {}
    assert not vault.path.exists()
    vault.keep(["digest"])
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    vault.close()
    vault.close()


def test_another_programs_file_is_left_alone(vault: Vault) -> None:
    SqliteStore(vault.path, create=True).close()
    before = vault.path.read_bytes()
    with pytest.raises(Malformed, match="not a vault"):
        vault.key("digest")
    assert vault.path.read_bytes() == before
    vault.path.write_bytes(b"this is a text " * 100)
    with pytest.raises(Unavailable, match="NOTADB"):
        vault.key("digest")


def test_a_folder_that_may_not_be_written_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="keys of disclosures"):
        Vault(tmp_path / "nowhere" / "vault.db").keep(["digest"])


_KEEP = """
import sys
from pathlib import Path
from safeconduct.adapters.vault import Vault
vault = Vault(Path(sys.argv[1]))
for number in range(50):
    vault.keep([str(number)])
"""


def test_two_processes_give_a_disclosure_one_key(vault: Vault) -> None:
    command = [sys.executable, "-c", _KEEP, str(vault.path)]
    vault.keep(["first"])
    both = [subprocess.Popen(command) for _ in range(2)]
    kept = vault.keep([str(number) for number in range(50)])
    assert [process.wait() for process in both] == [0, 0]
    assert kept == {digest: vault.key(digest) for digest in kept}
    vault.close()


def test_one_that_was_opened_to_read_only_is_opened_anew_for_the_next_call(vault: Vault) -> None:
    vault.keep({"digest"})
    assert vault._db is not None
    vault._db.close()
    vault._db = sqlite3.connect(f"file:{vault.path}?mode=ro", uri=True, isolation_level=None)
    with pytest.raises(Unavailable, match="READONLY"):
        vault.keep({"another"})
    assert vault.keep({"another"}).keys() == {"another"}
    vault.close()
