"""Every store keeps the numbered promises of `service.ports.Store`."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.db import DatabaseError, connections

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import SealedStore, Vault
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.service.ports import FullTile, Row, Store, StoredHead
from safeconduct.store.log import DjangoStore
from tests.databases import connected
from tests.postgres import Postgres

A, B, C = (Row(f"entry {name}".encode(), f"jti-{name}", kind) for name, kind in ("ax", "bx", "cy"))
D = Row(b"entry d", "jti-d", "y", ("disclosure 1", "disclosure 2"))


def note_of(entries: Sequence[bytes]) -> bytes:
    return b"note over " + b",".join(entries)


Opened = AbstractContextManager[Store]


@dataclass(frozen=True, slots=True)
class Disk:
    """Where a store that outlives its process lies, and how it is opened: whole, or without its compare."""

    opened: Callable[[], Opened]
    unguarded: Callable[[], Opened]
    without_unique_numbers: Callable[[], None]
    execute: Callable[[str], object]
    opening: str
    """The same in a process of its own: a program that binds `store`."""


class UnguardedSqlite(SqliteStore):
    """Without the compare."""

    def _guard(self, expected_size: int) -> None:
        pass


class UnguardedDjango(DjangoStore):
    """Without the compare."""

    def _guard(self, expected_size: int) -> None:
        pass


_SQLITE = """
from pathlib import Path
from safeconduct.adapters.sqlite_store import SqliteStore
store = SqliteStore(Path({path!r}))
"""
_DJANGO = """
import os
os.environ.update({env!r})
import django
django.setup()
from safeconduct.store.log import DjangoStore
store = DjangoStore()
"""
_LOOSE = (
    "DROP TABLE entries; CREATE TABLE entries (number INTEGER, entry BLOB, jti TEXT, kind TEXT);"
    "DROP TABLE committed; CREATE TABLE committed (size INTEGER, note BLOB, time INTEGER);"
    "DROP TABLE disclosures; CREATE TABLE disclosures (number INTEGER, entry INTEGER, text TEXT);"
    "DROP TABLE keys; CREATE TABLE keys (key TEXT, entry INTEGER);"
)


def run_script(path: Path, script: str) -> None:
    database = sqlite3.connect(path)
    try:
        database.executescript(script)
    finally:
        database.close()


def execute(alias: str, statement: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Disk]:
    path = folder / "corridor.db"
    SqliteStore(path, create=True).close()
    yield Disk(
        lambda: SqliteStore(path),
        lambda: UnguardedSqlite(path),
        lambda: run_script(path, _LOOSE),
        lambda statement: run_script(path, statement),
        _SQLITE.format(path=str(path)),
    )


@contextmanager
def on_django(folder: Path, url: str | None = None) -> Iterator[Disk]:
    env = {"SAFECONDUCT_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "safeconduct.wiring.settings"}
    with connected(folder, url) as alias:
        store, unguarded = DjangoStore(alias), UnguardedDjango(alias)

        def loosen() -> None:
            if url is None:
                connections[alias].close()
                run_script(folder / "corridor.db", _LOOSE)
            else:
                for name in ("entries", "committed"):
                    execute(alias, f"ALTER TABLE {name} DROP CONSTRAINT {name}_pkey CASCADE")

        yield Disk(
            lambda: nullcontext(store),
            lambda: nullcontext(unguarded),
            loosen,
            lambda statement: execute(alias, statement),
            _DJANGO.format(env=env if url is None else env | {"DATABASE_URL": url}),
        )
        store.close()
        unguarded.close()


ON_DISK = ["sqlite", "django on sqlite", "django on postgresql"]


def disk_of(request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[Disk]:
    match request.param:
        case "sqlite":
            return on_sqlite(folder)
        case "django on sqlite":
            return on_django(folder)
        case _:
            server: Postgres = request.getfixturevalue("postgres")
            return on_django(folder, server.database())


@pytest.fixture(params=ON_DISK)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk_of(request, tmp_path) as found:
        yield found


@pytest.fixture(params=["memory", "sealed", *ON_DISK])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sealed":
        with SealedStore(MemoryStore(), Vault(tmp_path / "vault.db")) as opened:
            yield opened
        return
    with disk_of(request, tmp_path) as found, found.opened() as opened:
        yield opened


def contents(store: Store) -> tuple[object, ...]:
    return (
        store.size(),
        list(store.entries()),
        list(store.disclosures()),
        store.committed(),
        store.published(),
    )


def test_a_new_store_is_empty(store: Store) -> None:
    assert contents(store) == (0, [], [], (), ())
    assert store.index_of("jti") is None


def test_what_was_appended_is_there_in_order(store: Store) -> None:
    assert store.append(0, [A, B], note_of, 10) == note_of([A.entry, B.entry])
    store.append(2, [D], note_of, 11)
    assert store.size() == 3
    assert list(store.entries()) == [A.entry, B.entry, D.entry]
    assert list(store.entries(1, 2)) == [B.entry]
    assert list(store.entries(1, 99)) == [B.entry, D.entry]
    assert [store.index_of(row.jti) for row in (A, B, D)] == [0, 1, 2]
    assert store.indices_of([C.jti, D.jti, A.jti]) == {D.jti: 2, A.jti: 0}
    assert store.indices_of([]) == {}
    heads = (StoredHead(2, note_of([A.entry, B.entry]), 10), StoredHead(3, note_of([D.entry]), 11))
    assert store.committed() == heads


def test_8_entries_of_some_kinds_and_disclosures_come_in_index_order(store: Store) -> None:
    rows = [Row(b"%d" % n, f"jti-{n}", "xyz"[n % 3], (f"text {n}",)) for n in range(9)]
    store.append(0, rows, note_of, 0)
    assert [n for n, _ in store.of_kinds({"x", "z"})] == [0, 2, 3, 5, 6, 8]
    assert list(store.of_kinds({"y"}, 4)) == [(1, b"1")]
    assert list(store.of_kinds(set())) == []
    assert list(store.disclosures(2)) == [(0, "text 0"), (1, "text 1")]


def test_2_after_an_error_in_the_batch_nothing_of_it_is_there(store: Store) -> None:
    store.append(0, [A], note_of, 0)
    before = contents(store)
    with pytest.raises(Conflict):
        store.append(1, [B, Row(b"other", A.jti, "x")], note_of, 1)
    assert contents(store) == before
    store.append(1, [B], note_of, 1)


def test_3_of_two_writers_from_one_size_one_gets_conflict(store: Store) -> None:
    store.append(0, [A], note_of, 0)
    store.append(1, [B], note_of, 0)
    with pytest.raises(Conflict):
        store.append(1, [C], note_of, 0)
    assert list(store.entries()) == [A.entry, B.entry]


def test_4_sign_is_given_what_the_store_would_give_back(store: Store) -> None:
    given: list[list[bytes]] = []

    def sign(entries: Sequence[bytes]) -> bytes:
        given.append(list(entries))
        return b"note"

    store.append(0, [A, B], sign, 0)
    store.append(2, [D], sign, 0)
    assert given == [[A.entry, B.entry], [D.entry]]


def test_4_if_sign_raises_nothing_happened(store: Store) -> None:
    def sign(_: Sequence[bytes]) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.append(0, [A], sign, 0)
    assert contents(store) == (0, [], [], (), ())
    store.append(0, [A], note_of, 0)


def test_6_a_jti_is_stored_once_also_within_a_batch(store: Store) -> None:
    with pytest.raises(Conflict, match="jti"):
        store.append(0, [A, Row(b"other", A.jti, "x")], note_of, 0)
    assert store.size() == 0


def test_7_only_a_committed_size_is_published_and_every_publication_is_kept(store: Store) -> None:
    store.append(0, [A, B], note_of, 0)
    with pytest.raises(Conflict):
        store.publish(b"note", 1, 5)
    store.publish(b"one", 2, 5)
    store.publish(b"two", 2, 6)
    assert store.published() == (StoredHead(2, b"one", 5), StoredHead(2, b"two", 6))


def test_one_head_is_found_by_its_size_or_by_an_entry_under_it(store: Store) -> None:
    assert (store.newest(), store.covering(0)) == (None, None)
    assert (store.newest_published(), store.published_covering(0)) == (None, None)
    store.append(0, [A, B], note_of, 10)
    store.append(2, [D], note_of, 11)
    store.publish(b"one", 2, 12)
    store.publish(b"two", 2, 13)
    two, three = store.committed()
    assert (store.newest(), store.newest(below=3), store.newest(below=2)) == (three, two, None)
    assert [store.covering(index) for index in range(4)] == [two, two, three, None]
    assert (store.newest_published(), store.newest_published(below=2)) == (StoredHead(2, b"two", 13), None)
    assert [store.published_covering(index) for index in (1, 2)] == [StoredHead(2, b"two", 13), None]
    store.publish(b"three", 3, 14)
    assert store.newest_published() == StoredHead(3, b"three", 14)
    assert store.newest_published(below=3) == store.published_covering(0) == StoredHead(2, b"two", 13)


def test_8_rows_are_found_by_any_of_their_keys_in_index_order(store: Store) -> None:
    rows = [Row(b"%d" % n, f"jti-{n}", "x", (), ("each", f"key {n % 2}")) for n in range(5)]
    store.append(0, rows, note_of, 0)
    assert store.indices_under(["key 1", "nobody's"]) == [1, 3]
    assert store.indices_under(["key 1", "each"]) == [0, 1, 2, 3, 4]
    assert store.indices_under([]) == []


def tile_of(level: int, number: int) -> FullTile:
    return FullTile(level, number, b"%d/%d" % (level, number), b"root of %d/%d" % (level, number))


def test_10_a_tile_is_kept_once(store: Store) -> None:
    assert (store.kept_tiles(), store.tile(0, 0), store.tile_roots(0, 0, 9)) == (0, None, [])
    store.keep_tiles([tile_of(0, 0), tile_of(0, 1), tile_of(1, 0)])
    store.keep_tiles([FullTile(0, 1, b"other", b"other"), tile_of(0, 2)])
    assert store.kept_tiles() == 3
    assert [store.tile(*each) for each in ((0, 1), (1, 0), (1, 1))] == [b"0/1", b"1/0", None]
    assert store.tile_roots(0, 1, 9) == [b"root of 0/1", b"root of 0/2"]


def test_11_no_text_that_was_stored_is_erased_by_itself(store: Store) -> None:
    store.append(0, [D], note_of, 0)
    assert list(store.disclosures()) == [(0, "disclosure 1"), (0, "disclosure 2")]
    assert list(store.erased()) == []


@pytest.mark.parametrize("rows", [[], [Row(b"", "jti", "x")], [Row(b"entry", "", "x")], [Row(b"e", "j", "")]])
def test_misuse_is_a_defect_and_not_an_event(store: Store, rows: list[Row]) -> None:
    with pytest.raises(ValueError, match="row"):
        store.append(0, rows, note_of, 0)


# What only a store on disk can break.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corridor.db"


def fill(store: Store) -> None:
    store.append(0, [A, replace(D, keys=("key",))], note_of, 7)
    store.publish(b"published", 2, 8)
    store.keep_tiles([tile_of(0, 0)])


def filled(path: Path) -> Path:
    with SqliteStore(path, create=True) as store:
        fill(store)
    return path


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


_FILL = """
from safeconduct.service.ports import Row
rows = [Row(b"entry a", "jti-a", "x"), Row(b"entry d", "jti-d", "y", ("disclosure 1", "disclosure 2"))]
store.append(0, rows, lambda entries: b"note", 7)
store.publish(b"published", 2, 8)
"""


def test_1_what_another_process_was_told_is_there_is_there(disk: Disk) -> None:
    with disk.opened() as store:
        assert store.size() == 0
    said = run(disk.opening + _FILL)
    assert said.returncode == 0, said.stderr
    with disk.opened() as store:
        assert list(store.entries()) == [A.entry, D.entry]
        assert list(store.disclosures()) == [(1, "disclosure 1"), (1, "disclosure 2")]
        assert store.published() == (StoredHead(2, b"published", 8),)


def test_1_sqlite_waits_for_the_disk(path: Path) -> None:
    with SqliteStore(path, create=True) as store:
        assert store._one("PRAGMA synchronous") == 2
        assert store._one("PRAGMA journal_mode") == "wal"


def told(alias: str, question: str) -> object:
    with connections[alias].cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def test_1_sqlite_under_django_waits_for_the_disk(tmp_path: Path) -> None:
    with connected(tmp_path) as alias:
        assert told(alias, "PRAGMA synchronous") == 2
        assert told(alias, "PRAGMA journal_mode") == "wal"
        assert told(alias, "PRAGMA foreign_keys") == 1


def test_1_postgresql_waits_for_the_disk_whatever_its_own_settings_say(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.database()
    with connected(tmp_path, url) as alias:
        execute(
            alias,
            'ALTER DATABASE "'
            + str(told(alias, "SELECT current_database()"))
            + '" SET synchronous_commit = off',
        )
        connections[alias].close()
        assert told(alias, "SHOW synchronous_commit") == "on"


def test_the_tables_of_both_programs_are_the_same_and_bear_the_same_marks(tmp_path: Path) -> None:
    (tmp_path / "django").mkdir()
    SqliteStore(tmp_path / "corridor.db", create=True).close()
    with connected(tmp_path / "django"):
        pass
    ours, theirs = (schema(folder / "corridor.db") for folder in (tmp_path, tmp_path / "django"))
    assert theirs == ours
    assert len(ours) == 6 + 3 + 12 + 2


def schema(path: Path) -> set[object]:
    database = sqlite3.connect(path)
    try:
        found = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        marks = [
            (mark, *database.execute(f"PRAGMA {mark}").fetchone())
            for mark in ("application_id", "user_version")
        ]
    finally:
        database.close()
    return {one for one in found if not one[1].startswith(("django_", "sqlite_", "projected_"))} | set(marks)


def test_django_goes_on_with_the_file_that_offline_commands_made_and_they_with_its(tmp_path: Path) -> None:
    path = filled(tmp_path / "corridor.db")
    before = schema(path)
    with connected(tmp_path) as alias:
        DjangoStore(alias).append(2, [B], note_of, 9)
    assert schema(path) == before
    with SqliteStore(path) as store:
        assert list(store.entries()) == [A.entry, D.entry, B.entry]
        store.append(3, [C], note_of, 9)


@pytest.mark.parametrize("table", ["entries", "disclosures", "committed", "published", "keys", "tiles"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {} + 100"])
def test_5_no_statement_changes_or_removes_a_row(disk: Disk, table: str, statement: str) -> None:
    with disk.opened() as store:
        fill(store)
    column = {"committed": "size", "keys": "entry"}.get(table, "number")
    with pytest.raises((sqlite3.IntegrityError, DatabaseError), match="append-only"):
        disk.execute(statement.format(table, column, column))


@pytest.mark.parametrize("table", ["entries", "disclosures", "committed", "published", "keys", "tiles"])
def test_5_postgresql_does_not_empty_a_table_either(tmp_path: Path, postgres: Postgres, table: str) -> None:
    with on_django(tmp_path, postgres.database()) as disk:
        with disk.opened() as store:
            fill(store)
        with pytest.raises(DatabaseError, match="append-only"):
            disk.execute(f"TRUNCATE {table} CASCADE")


_WRITER = """
from safeconduct.service.ports import Row

while True:
    size = store.size()
    rows = [Row(b"x" * 3000 + str(n).encode(), f"jti-{n}", "x", ("d",)) for n in range(size, size + 20)]
    store.append(size, rows, lambda entries: b"note %d" % len(entries), size)
    print(size + 20, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7])
def test_1_2_a_writer_killed_in_the_middle_leaves_whole_batches_and_all_acknowledged(
    disk: Disk, acknowledged: int
) -> None:
    program = [sys.executable, "-c", disk.opening + _WRITER]
    writer = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(acknowledged)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split("\n")
    writer.wait()
    writer.stdout.close()
    said += [int(line) for line in rest[:-1]]
    with disk.opened() as store:
        size = store.size()
        assert size >= said[-1]
        assert size % 20 == 0
        assert len(list(store.entries())) == size == len(list(store.disclosures()))
        assert [head.size for head in store.committed()] == list(range(20, size + 1, 20))
        store.append(size, [A], note_of, 0)


_KILLED_BEFORE_COMMIT = """
import os, signal
from safeconduct.service.ports import Row

store.append(2, [Row(b"late", "late", "x", ("d",))], lambda _: os.kill(os.getpid(), signal.SIGKILL), 9)
"""


def test_2_a_writer_killed_while_it_signs_leaves_nothing(disk: Disk) -> None:
    with disk.opened() as store:
        fill(store)
    assert run(disk.opening + _KILLED_BEFORE_COMMIT).returncode == -signal.SIGKILL
    with disk.opened() as store:
        assert list(store.entries()) == [A.entry, D.entry]
        assert store.index_of("late") is None
        store.append(2, [B], note_of, 9)


def race(opened: Callable[[], Opened]) -> list[object]:
    """Two writers who both saw size 0; what each got."""
    start = threading.Barrier(2)
    got: list[object] = []

    def write(row: Row) -> None:
        with opened() as store:
            size = store.size()
            start.wait()
            try:
                got.append(store.append(size, [row], note_of, 0))
            except Conflict as error:
                got.append(error)

    writers = [threading.Thread(target=write, args=(row,)) for row in (A, B)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return got


def test_3_of_two_racing_writers_one_gets_conflict(disk: Disk) -> None:
    got = race(disk.opened)
    assert sorted(isinstance(each, Conflict) for each in got) == [False, True]
    with disk.opened() as store:
        assert store.size() == 1


def test_3_without_the_compare_the_unique_index_still_refuses(disk: Disk) -> None:
    got = race(disk.unguarded)
    assert sorted(isinstance(each, Conflict) for each in got) == [False, True]


def test_3_without_the_unique_index_the_compare_still_refuses(disk: Disk) -> None:
    disk.without_unique_numbers()
    got = race(disk.opened)
    assert sorted(isinstance(each, Conflict) for each in got) == [False, True]


def test_3_without_both_guards_two_heads_of_one_size_were_accepted(disk: Disk) -> None:
    disk.without_unique_numbers()
    got = race(disk.unguarded)
    assert all(isinstance(each, bytes) for each in got)
    with disk.opened() as store:
        assert [head.size for head in store.committed()] == [1, 1]


# What happens to PostgreSQL.


def test_9_postgresql_stopped_in_mid_commit_leaves_the_old_store_and_the_same_call_is_safe(
    tmp_path: Path, postgres: Postgres
) -> None:
    with on_django(tmp_path, postgres.database()) as disk, disk.opened() as store:
        fill(store)

        def sign(entries: Sequence[bytes]) -> bytes:
            postgres.stop(signal.SIGQUIT)
            return note_of(entries)

        try:
            with pytest.raises(Unavailable, match="Check that the database runs"):
                store.append(2, [B], sign, 9)
            with pytest.raises(Unavailable, match="Check that the database runs"):
                store.size()
        finally:
            postgres.start()
        assert store.size() == 2
        assert list(store.entries()) == [A.entry, D.entry]
        store.append(2, [B], note_of, 9)


def test_9_no_complaint_of_a_database_repeats_a_value(tmp_path: Path, postgres: Postgres) -> None:
    with on_django(tmp_path, postgres.database()) as disk, disk.opened() as store:
        with pytest.raises(Unavailable) as told:
            store.append(0, [Row(b"e", "jti", "kind", ("pla\0te KM 4711",))], note_of, 0)
        assert "4711" not in str(told.value)
        assert store.size() == 0


# What the operating system, or somebody, does to the file.


def test_9_a_full_disk_is_unavailable_and_leaves_the_old_store(path: Path) -> None:
    with SqliteStore(filled(path)) as store:
        before = contents(store)
        store._db.execute(f"PRAGMA max_page_count = {store._one('PRAGMA page_count')}")
        with pytest.raises(Unavailable, match="Make room"):
            store.append(2, [Row(b"x" * 100_000, "large", "x")], note_of, 9)
        assert contents(store) == before
        store._db.execute("PRAGMA max_page_count = 1000000")
        store.append(2, [Row(b"x" * 100_000, "large", "x")], note_of, 9)


def test_9_a_store_that_may_not_be_written_is_unavailable(path: Path) -> None:
    with SqliteStore(filled(path)) as store:
        store._db.execute("PRAGMA query_only = ON")
        with pytest.raises(Unavailable, match="cannot be written"):
            store.append(2, [B], note_of, 9)
        with pytest.raises(Unavailable, match="cannot be written"):
            store.publish(b"note", 2, 9)


def test_9_while_another_writes_the_store_is_unavailable(path: Path) -> None:
    with SqliteStore(filled(path)) as store, SqliteStore(path) as other:
        store._db.execute("PRAGMA busy_timeout = 1")
        other._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="another program"):
            store.append(2, [B], note_of, 9)
        other._db.execute("ROLLBACK")
        store.append(2, [B], note_of, 9)


def test_9_django_says_the_same_of_a_full_disk(tmp_path: Path) -> None:
    with on_django(tmp_path) as disk, disk.opened() as store:
        fill(store)
        before = contents(store)
        pages = told(store._alias, "PRAGMA page_count")  # type: ignore[attr-defined]
        disk.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(Unavailable, match="Make room"):
            store.append(2, [Row(b"x" * 100_000, "large", "x")], note_of, 9)
        assert contents(store) == before
        disk.execute("PRAGMA max_page_count = 1000000")
        store.append(2, [Row(b"x" * 100_000, "large", "x")], note_of, 9)


def test_9_django_says_the_same_of_a_store_that_may_not_be_written(tmp_path: Path) -> None:
    with on_django(tmp_path) as disk, disk.opened() as store:
        fill(store)
        disk.execute("PRAGMA query_only = ON")
        with pytest.raises(Unavailable, match="cannot be written"):
            store.append(2, [B], note_of, 9)


def test_9_while_another_writes_django_is_unavailable_too(tmp_path: Path) -> None:
    with on_django(tmp_path) as disk, disk.opened() as store, SqliteStore(tmp_path / "corridor.db") as other:
        fill(store)
        disk.execute("PRAGMA busy_timeout = 1")
        other._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="another program"):
            store.append(2, [B], note_of, 9)
        other._db.execute("ROLLBACK")
        store.append(2, [B], note_of, 9)


def test_a_store_that_is_not_there_says_how_to_found_one(path: Path) -> None:
    with pytest.raises(Unavailable, match="safeconduct init"):
        SqliteStore(path)
    assert not path.exists()


def test_a_store_is_never_made_over_another_file(path: Path) -> None:
    path.write_bytes(b"mine")
    with pytest.raises(Conflict, match="nothing is overwritten"):
        SqliteStore(path, create=True)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("content", [b"", b"this is a text " * 100])
def test_a_file_that_is_no_corridor_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Malformed, match=r"not a corridor's|no longer a whole database"):
        SqliteStore(path)


def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE entries (mine TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(Malformed, match="not a corridor's"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_store_of_a_later_version_is_refused_with_the_next_step(path: Path) -> None:
    database = sqlite3.connect(filled(path))
    database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(Malformed, match=r"version 9, this program knows 2.*newer"):
        SqliteStore(path)


def test_a_damaged_page_is_malformed_and_not_an_exception_of_the_library(path: Path) -> None:
    data = bytearray(filled(path).read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))
    with pytest.raises(Malformed, match="whole database"), SqliteStore(path) as store:
        list(store.entries())
