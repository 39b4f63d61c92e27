"""The demonstration's records, in their order and batches, through a server: the archives are the same to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from django.test import Client

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.replay_folder import ReplayFolder
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.admission import HandedIn
from safeconduct.service.export import PUBLIC, export
from safeconduct.service.ports import Store
from safeconduct.service.replay_source import Replayable, read_replayable
from safeconduct.service.sequence import Sequencer
from safeconduct.sim.replay import _founded, kept_keys, replay
from safeconduct.wiring.offline import new_store, open_corridor, open_store
from safeconduct.wiring.server import Server, open_server
from tests.postgres import Postgres
from tests.web.served import under_api

EXAMPLE = Path(__file__).parents[2] / "examples" / "black-sea-2022"
VOYAGES = 40
BATCH_S = 60
"""What the demonstration's clock goes on by with each batch."""
Archives = dict[str, dict[str, bytes]]
Batch = list[HandedIn]


def few() -> Replayable:
    source = read_replayable(ReplayFolder(EXAMPLE))
    return replace(source, voyages=source.voyages[:VOYAGES])


def made(source: Replayable, folder: Path, fill: Callable[[Replayable, Store], object]) -> None:
    with new_store(folder, keys=kept_keys(source), seed=source.source.seed.encode()) as store:
        fill(source, store)


def archives(sequencer: Sequencer, source: Replayable) -> Archives:
    exported = export(sequencer, [*source.agreement.seats, PUBLIC], now=sequencer.clock.now())
    return {archive.reader: dict(archive.files()) for archive in exported}


def batches_of(store: Store) -> Iterator[Batch]:
    """What was handed in together, but for the founding: what the log itself wrote is left out."""
    disclosures: dict[int, list[str]] = {}
    for index, text in store.disclosures():
        disclosures.setdefault(index, []).append(text)
    sizes = [head.size for head in store.committed()]
    for first, size in pairwise(sizes):
        entries = enumerate(store.entries(first, size), first)
        yield [
            HandedIn(text, tuple(disclosures.get(index, ())), "replay")
            for index, text in entries
            if parse_entry(text).evt != "head"
        ]


def over_http(server: Server, batch: Batch) -> None:
    records = [
        {"record": one.entry.decode(), "disclosures": list(one.disclosures), "nature": one.nature}
        for one in batch
    ]
    with under_api(server):
        answer = Client().post("/api/records", json.dumps({"records": records}), "application/json")
    assert {one["status"] for one in answer.json()["records"]} == {201}


def in_process(server: Server, batch: Batch) -> None:
    assert all(outcome.receipt is not None for outcome in server.submit(batch))


def served(
    source: Replayable,
    batches: Sequence[Batch],
    folder: Path,
    url: str | None,
    hand_in: Callable[[Server, Batch], None],
) -> Archives:
    made(source, folder, _founded)
    with open_server(folder, database_url=url) as server:
        assert server.sequencer is not None, server.stopped
        clock = server.sequencer.clock
        assert isinstance(clock, FixedClock), "a corridor that was made from a seed lives in its own time"
        for batch in batches:
            clock.seconds += BATCH_S
            hand_in(server, batch)
        with server.alone():
            return archives(server.sequencer, source)


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Batch], Archives]:
    """Replayed as `demo` does it: its batches, and its archives."""
    folder, source = tmp_path_factory.mktemp("offline") / "corridor", few()
    made(source, folder, replay)
    with open_store(folder) as store:
        batches = list(batches_of(store))
    with open_corridor(folder) as corridor:
        return batches, archives(corridor.sequencer, source)


@pytest.mark.parametrize("hand_in", [over_http, in_process])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_through_a_server_the_archives_are_the_same_to_the_byte(
    database: str,
    hand_in: Callable[[Server, Batch], None],
    offline: tuple[list[Batch], Archives],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    batches, expected = offline
    url = None
    if database == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.database()
    found = served(few(), batches, tmp_path / "corridor", url, hand_in)
    assert found.keys() == expected.keys()
    for reader, files in expected.items():
        assert found[reader].keys() == files.keys(), reader
        assert [name for name in files if found[reader][name] != files[name]] == [], reader


def test_in_another_order_they_are_not(offline: tuple[list[Batch], Archives], tmp_path: Path) -> None:
    """The comparison above can fail."""
    batches, expected = offline
    turned = [*batches[:-1], [batches[-1][1], batches[-1][0], *batches[-1][2:]]]
    found = served(few(), turned, tmp_path / "corridor", None, in_process)
    assert found["public"]["checkpoint"] != expected["public"]["checkpoint"]
