"""A witness's memory when its file is taken, full, locked or damaged; and what no prank may crowd out of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeconduct.adapters.witness_store import MOST_EVIDENCE, WitnessStore
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.core.tlog.witness import Cosigned, Decision, Evidence
from safeconduct.core.tlog.witness_request import Request
from safeconduct.service.witnessing import Offer
from tests.witness_scene import KEY, LOG, NOON, ORIGIN, history, request, signer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    WitnessStore.create(tmp_path / "witness.db", KEY)
    return tmp_path / "witness.db"


@pytest.fixture
def store(path: Path) -> Iterator[WitnessStore]:
    with WitnessStore.open(path, KEY) as opened:
        yield opened


def cosigned(size: int, *, now: int = NOON, name: str = "") -> Cosigned:
    decision = Decision(KEY, signer(KEY.name), (LOG,))
    kept = decision.answer(request(history(name, size), 0, size), lambda _: None, now=now).kept
    assert kept is not None
    return kept


def evidence(name: str, size: int, why: str) -> Evidence:
    return Evidence(why, Request.parse(request(history(name, size), 0, size)), cosigned(5).note)


@pytest.mark.parametrize("put_in_its_place", [False, True])
def test_where_its_file_is_taken_away_nothing_more_is_cosigned(
    path: Path, store: WitnessStore, *, put_in_its_place: bool
) -> None:
    """Without the guard all would go into a file that nobody finds at the next start."""
    store.cosigned(None, cosigned(5))
    path.rename(path.with_name("moved"))
    if put_in_its_place:
        shutil.copy(path.with_name("moved"), path)
    with pytest.raises(Unavailable, match="taken away"):
        store.cosigned(cosigned(5), cosigned(8))
    with pytest.raises(Unavailable, match="taken away"):
        store.offer(Offer(bytes(32), NOON, b"record", b"note"))
    assert store.last(ORIGIN) == cosigned(5)


def test_many_bad_proofs_leave_room_for_two_roots(store: WitnessStore) -> None:
    """A head with a bad proof can be sent by anybody, so what they fill is a room of its own."""
    rows = ((n.to_bytes(32, "big"), ORIGIN, NOON, "bad proof", b"", None) for n in range(MOST_EVIDENCE))
    store._db.executemany("INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?)", rows)
    store.keep(evidence("bad", 6, "bad proof"), NOON)
    store.keep(evidence("bad", 7, "bad proof"), NOON)
    assert store.not_kept(ORIGIN) == 2
    store.keep(evidence("other", 5, "two roots"), NOON)
    assert [kept.why for kept in store.evidence()].count("two roots") == 1


def test_a_head_that_is_cosigned_after_a_bad_proof_is_no_evidence(store: WitnessStore) -> None:
    store.cosigned(None, cosigned(5))
    store.keep(evidence("", 8, "bad proof"), NOON)
    store.keep(evidence("other", 8, "bad proof"), NOON)
    store.cosigned(cosigned(5), cosigned(8))
    (kept,) = store.evidence()
    assert Request.parse(kept.request) == evidence("other", 8, "").request


def test_a_rival_who_was_first_leaves_the_evidence_alone(store: WitnessStore) -> None:
    store.cosigned(None, cosigned(5))
    store.keep(evidence("", 8, "bad proof"), NOON)
    with pytest.raises(Conflict):
        store.cosigned(None, cosigned(8))
    assert len([*store.evidence()]) == 1


def test_a_commit_reaches_the_disk_before_it_is_told(store: WitnessStore) -> None:
    assert store._one("PRAGMA journal_mode") == "wal"
    assert store._one("PRAGMA synchronous") == 2


def test_a_full_disk_is_unavailable_and_leaves_what_was_there(store: WitnessStore) -> None:
    store.cosigned(None, cosigned(5))
    store._db.execute(f"PRAGMA max_page_count = {store._one('PRAGMA page_count')}")
    with pytest.raises(Unavailable, match="memory"):
        store.offer(Offer(bytes(32), NOON, os.urandom(200_000), b"note"))
    assert (store.last(ORIGIN), store.offer_count()) == (cosigned(5), 0)


def test_a_damaged_file_is_malformed(path: Path) -> None:
    with WitnessStore.open(path, KEY) as store:
        store.cosigned(None, cosigned(5))
    data = path.read_bytes()
    path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
    with pytest.raises(Malformed, match="memory"), WitnessStore.open(path, KEY) as store:
        store.heads()


def test_while_somebody_else_writes_it_is_unavailable_and_then_goes_on(
    path: Path, store: WitnessStore
) -> None:
    rival = sqlite3.connect(path, isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    store._db.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(Unavailable, match="locked"):
        store.cosigned(None, cosigned(5))
    rival.execute("ROLLBACK")
    rival.close()
    store.cosigned(None, cosigned(5))
