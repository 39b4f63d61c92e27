"""Servers of one corridor: one sequences, none loses or doubles anything, none signs a second history."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import Vault
from safeconduct.core.kernel.errors import Conflict, SafeconductError, Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.admission import HandedIn, Outcome
from safeconduct.service.export import export
from safeconduct.service.ports import Row
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage
from safeconduct.store.log import DjangoStore
from safeconduct.wiring.carry_over import carry_over
from safeconduct.wiring.offline import open_corridor, open_store
from safeconduct.wiring.server import Server, open_projections, open_server
from tests.databases import connected
from tests.postgres import Postgres
from tests.web.served import founded


class Place:
    """A founded corridor, its people, and where its log is."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url = folder, url
        self.stage: Stage = founded(folder)

    def offer(self) -> HandedIn:
        return handed_in(self.stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64}))

    def declared(self) -> Written:
        """A declaration, with its private values."""
        passage = self.stage.passage()
        waiting: list[Written] = []
        hand = self.stage.hand("relief-one")
        before, hand.hand_in = hand.hand_in, waiting.append
        passage.declare()
        hand.hand_in = before
        return waiting[0]


def handed_in(written: Written) -> HandedIn:
    return HandedIn(written.entry, written.disclosures, nature="simulated")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.database()
    return Place(tmp_path / "corridor", url)


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """In its folder alone."""
    return Place(tmp_path / "corridor", None)


def soon(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def followed(server: Server) -> bool:
    assert server.behind is None
    note = server.publication.target.read("checkpoint")
    return note == server.store.published()[-1].note and server.projections.size() == server.store.size()


def accepted(outcome: Outcome) -> bool:
    return outcome.error is None and outcome.receipt is not None


def test_what_is_handed_in_is_in_the_log_published_and_folded(place: Place) -> None:
    offer = place.offer()
    with open_server(place.folder, database_url=place.url) as server:
        size = server.store.size()
        (outcome,) = server.submit([offer])
        assert outcome.receipt is not None
        assert outcome.receipt.check(offer.entry, server.sequencer.policy) == "cosigned"  # type: ignore[union-attr]
        assert server.store.size() == size + 2
        soon(lambda: followed(server))
        assert server.projections.compare() == []
        assert len(server.projections.rows()) == 1
    with open_server(place.folder, database_url=place.url) as server:
        (again,) = server.submit([offer])
        assert again.repeated
        assert again.receipt == outcome.receipt


def test_many_hands_at_once_get_a_receipt_each_and_every_record_stands_once(place: Place) -> None:
    offers = [place.offer() for _ in range(24)]
    with open_server(place.folder, database_url=place.url) as server:
        outcomes: list[Outcome] = []
        hands = [
            threading.Thread(target=lambda one=one: outcomes.extend(server.submit([one]))) for one in offers
        ]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        assert all(map(accepted, outcomes))
        entries = list(server.store.entries())
        assert [entries.count(one.entry) for one in offers] == [1] * len(offers)


def test_private_values_are_sealed_on_the_disk_and_exported_as_before(place: Place) -> None:
    written = place.declared()
    with open_server(place.folder, database_url=place.url) as server:
        assert accepted(server.submit([handed_in(written)])[0])
        assert written.disclosures
        assert {text for _, text in server.store.disclosures()} >= set(written.disclosures)
        assert server.sequencer is not None
        with server.alone():
            (archive,) = export(server.sequencer, ["mission"], now=server.clock.now())
        shown = dict(archive.files())["disclosures.jsonl"]
        assert written.disclosures[0].encode() in shown
    if place.url is None:
        with SqliteStore(place.folder / "corridor.db") as log:
            assert not {text for _, text in log.disclosures()} & set(written.disclosures)


def test_an_erasure_takes_the_key_and_the_archive_names_the_digest(here: Place) -> None:
    written = here.declared()
    digest = digest_of(written.disclosures[0])
    erasure = here.stage.hand("mission/root").write("erasure", clear={"digests": [digest]})
    with open_server(here.folder) as server:
        server.submit([handed_in(written)])
        server.submit([handed_in(erasure)])
        soon(lambda: server.vault.key(digest) is None)
        assert [found for _, found in server.store.erased()] == [digest]
        assert server.sequencer is not None
        with server.alone():
            (archive,) = export(server.sequencer, ["mission"], now=server.clock.now())
        shown = dict(archive.files())["disclosures.jsonl"]
        assert written.disclosures[0].encode() not in shown
        assert f'"erased":["{digest}"]'.encode() in shown


def test_a_restored_copy_of_the_keys_is_erased_again_before_anything_is_served(here: Place) -> None:
    written = here.declared()
    digest = digest_of(written.disclosures[0])
    erasure = here.stage.hand("mission/root").write("erasure", clear={"digests": [digest]})
    with open_server(here.folder) as server:
        server.submit([handed_in(written)])
    shutil.copy(here.folder / "vault.db", here.folder / "copy")
    with open_server(here.folder) as server:
        server.submit([handed_in(erasure)])
    shutil.copy(here.folder / "copy", here.folder / "vault.db")
    vault = Vault(here.folder / "vault.db")
    assert vault.key(digest) is not None
    vault.close()
    with open_server(here.folder) as server:
        assert server.vault.key(digest) is None


def test_a_lost_key_is_not_taken_for_an_erased_one(here: Place) -> None:
    written = here.declared()
    with open_server(here.folder) as server:
        server.submit([handed_in(written)])
    (here.folder / "vault.db").unlink()
    with open_corridor(here.folder) as corridor, pytest.raises(Unavailable, match=r"vault\.db"):
        export(corridor.sequencer, ["mission"], now=corridor.clock.now())


# Two of them.

_SERVE = """
import sys
from pathlib import Path
from safeconduct.wiring.server import open_server
with open_server(Path(sys.argv[1]), database_url=sys.argv[2] or None) as server:
    print("sequences" if server.sequencer else server.stopped, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(place: Place) -> Iterator[subprocess.Popen[str]]:
    """Another server, in another process, that came first."""
    command = [sys.executable, "-c", _SERVE, str(place.folder), place.url or ""]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "sequences\n"
    with process:
        yield process
        process.kill()


def test_of_two_servers_one_sequences_and_the_other_reads_and_says_why(
    place: Place, other: subprocess.Popen[str]
) -> None:
    with open_server(place.folder, database_url=place.url) as server:
        assert server.sequencer is None
        assert isinstance(server.stopped, Unavailable)
        assert "another process sequences" in str(server.stopped)
        assert server.store.size() > 0
        with pytest.raises(Unavailable, match="another process sequences"):
            server.submit([place.offer()])


def test_after_a_killed_server_the_next_one_sequences(place: Place, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()

    def sequences() -> bool:
        with open_server(place.folder, database_url=place.url) as server:
            return server.sequencer is not None and accepted(server.submit([place.offer()])[0])

    soon(sequences)


def test_an_offline_command_between_two_batches_disturbs_nobody(here: Place) -> None:
    with open_server(here.folder) as server:
        assert accepted(server.submit([here.offer()])[0])
        with open_corridor(here.folder) as corridor:
            corridor.sequencer.submit_own(
                [("disclosure", {"reader": "orva", "digest": "0" * 64, "batches": []})]
            )
        assert accepted(server.submit([here.offer()])[0])
        with open_store(here.folder) as store:
            assert store.size() == server.store.size()


def test_without_the_lock_compare_and_swap_still_lets_only_one_history_grow(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard off: two processes sequence, and the store tells them apart."""
    monkeypatch.setattr(FileLock, "take", lambda _: None)
    command = [sys.executable, "-c", _SERVE, str(here.folder), ""]
    with open_server(here.folder) as server:
        (outcome,) = server.submit([here.offer()])
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            said, _ = process.communicate("")
        assert said == "sequences\n"
        assert accepted(outcome)
        sizes = [head.size for head in server.store.committed()]
        assert sizes == sorted(set(sizes))


# Old and altered logs.


def test_an_old_copy_of_the_log_is_read_and_never_continued(here: Place) -> None:
    shutil.copytree(here.folder, here.folder.with_name("copy"))
    with open_server(here.folder) as server:
        server.submit([here.offer()])
        soon(lambda: followed(server))
    for old in here.folder.glob("corridor.db*"):
        old.unlink()
    shutil.copy(here.folder.with_name("copy") / "corridor.db", here.folder)
    with open_server(here.folder) as server:
        assert server.sequencer is None
        assert server.stopped is not None
        assert "older than what this log has signed" in str(server.stopped)
        assert list(server.store.entries(0, 1))
        with pytest.raises(Unavailable, match="older than"):
            server.submit([here.offer()])
        server.projections.update()
        assert server.projections.compare() == []


def test_a_published_head_that_turns_up_later_stops_the_next_batch(here: Place) -> None:
    with open_server(here.folder) as server:
        server.submit([here.offer()])
        soon(lambda: followed(server))
        published = here.folder / "published" / "checkpoint"
        note = published.read_bytes()
        published.write_bytes(note.replace(note.split(b"\n")[2], b"A" * 43 + b"="))
        with pytest.raises(Unavailable):
            server.submit([here.offer()])
        assert server.stopped is not None
        published.write_bytes(note)
        assert accepted(server.submit([here.offer()])[0])
        assert server.stopped is None


def test_keys_that_are_not_here_stop_the_sequencer_and_not_the_reading(here: Place) -> None:
    (here.folder / "keys" / "log.jwk").unlink()
    with open_server(here.folder) as server:
        assert isinstance(server.stopped, Unavailable)
        assert "is not here" in str(server.stopped)
        assert server.founding.nature == "simulated"


# From the folder into PostgreSQL.


def test_a_folders_log_goes_on_in_postgresql_and_offline_commands_say_where_it_is(
    here: Place, postgres: Postgres
) -> None:
    written = here.declared()
    with open_server(here.folder) as server:
        server.submit([handed_in(written)])
        before = (list(server.store.entries()), list(server.store.disclosures()), server.store.committed())
        published = server.store.published()
    url = postgres.database()
    with open_server(here.folder, database_url=url) as server:
        store = server.store
        assert (list(store.entries()), list(store.disclosures()), store.committed()) == before
        assert store.published() == published
        assert accepted(server.submit([here.offer()])[0])
        soon(lambda: followed(server))
    with pytest.raises(Unavailable, match="in PostgreSQL now"), open_corridor(here.folder):
        raise AssertionError
    with pytest.raises(Unavailable, match="in PostgreSQL now"), open_server(here.folder):
        raise AssertionError
    with open_store(here.folder) as old, pytest.raises(Unavailable, match="in PostgreSQL now"):
        old.append(old.size(), [Row(here.offer().entry, "jti", "offered")], lambda _: b"note", 0)
    with open_server(here.folder, database_url=url) as server:
        assert accepted(server.submit([here.offer()])[0])
    with open_projections(here.folder, database_url=url) as projections:
        projections.update()
        assert projections.compare() == []
    with (
        pytest.raises(Unavailable, match="which is empty"),
        open_server(here.folder, database_url=postgres.database()),
    ):
        raise AssertionError


def test_a_carry_over_that_was_cut_off_is_done_again_and_nothing_is_there_twice(
    here: Place, postgres: Postgres, tmp_path: Path
) -> None:
    class Cut(Exception):
        pass

    class CutOff(DjangoStore):
        def size(self) -> int:
            raise Cut

    with connected(tmp_path, postgres.database()) as alias:
        target = DjangoStore(alias)
        with SqliteStore(here.folder / "corridor.db") as source:
            count = source.size()
            with pytest.raises(Cut):  # before
                carry_over(source, CutOff(alias))
            assert target.size() == 0
            target.take_over(
                source.rows(), source.committed(), source.published()
            )  # after, and not marked yet
            carry_over(source, target)
            assert not source.is_here()
            carry_over(source, target)
        assert target.size() == count
        target.close()


def test_another_corridors_database_is_left_alone(
    here: Place, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, own = postgres.database(), postgres.database()
    monkeypatch.setattr("tests.web.served.SEED", "another")
    stranger = Place(tmp_path / "other", url)
    with open_server(stranger.folder, database_url=url) as server:
        size = server.store.size()
    with pytest.raises(Conflict, match="not the same"), open_server(here.folder, database_url=url):
        raise AssertionError
    with open_store(here.folder) as store:
        assert store.size() > 0
    with open_server(here.folder, database_url=own):
        pass
    with pytest.raises(Conflict, match="another corridor's"), open_server(here.folder, database_url=url):
        raise AssertionError
    with open_server(stranger.folder, database_url=url) as server:
        assert server.store.size() == size


@pytest.mark.parametrize(
    "url", ["mysql://here/db", "postgres://here", "postgres://u@[bad/db", "postgres://h:x/db"]
)
def test_an_address_that_is_none_says_how_to_write_one(here: Place, url: str) -> None:
    with pytest.raises(SafeconductError, match="postgres://USER"), open_server(here.folder, database_url=url):
        raise AssertionError
