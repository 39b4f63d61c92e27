"""A witness's memory: durable, one history, never begun anew by itself."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from safeconduct.adapters import witness_store
from safeconduct.adapters.witness_store import Jump, WitnessStore
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.proofs import root_at
from safeconduct.core.tlog.witness import Cosigned
from safeconduct.core.tlog.witness_request import Request
from safeconduct.service.witnessing import Offer
from tests.unit.adapters.witness_scene import NOW, ORIGIN, Party, Tree


def held(tree: Tree, size: int, time: int = NOW) -> Cosigned:
    note = tree.head(size)
    return Cosigned(Checkpoint.parse(note.text), time, note)


def opened(party: Party) -> WitnessStore:
    if not party.path.exists():
        WitnessStore.create(party.path, party.key)
    return WitnessStore.open(party.path, party.key)


def test_a_memory_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    party = Party(tmp_path)
    with opened(party) as memory:
        memory.cosigned(None, held(Tree(), 7))
    party.path.unlink()
    with pytest.raises(Unavailable, match="memory is gone"):
        WitnessStore.open(party.path, party.key)
    assert not party.path.exists()


def test_an_empty_file_another_database_and_another_witnesses_memory_are_refused(tmp_path: Path) -> None:
    party = Party(tmp_path)
    party.path.touch()
    with pytest.raises(Malformed, match="no memory of a witness"):
        WitnessStore.open(party.path, party.key)
    party.path.write_bytes(b"no database" * 100)
    with pytest.raises(Malformed, match="memory"):
        WitnessStore.open(party.path, party.key)
    party.path.unlink()
    WitnessStore.create(party.path, Party(tmp_path, "tessin.example/witness").key)
    with pytest.raises(Malformed, match="another witness"):
        WitnessStore.open(party.path, party.key)
    with pytest.raises(Conflict, match="there already"):
        WitnessStore.create(party.path, party.key)


def test_of_two_who_saw_one_head_one_is_first(tmp_path: Path) -> None:
    party, tree = Party(tmp_path), Tree()
    with opened(party) as one, opened(party) as other:
        one.cosigned(None, held(tree, 7))
        with pytest.raises(Conflict):
            other.cosigned(None, held(tree, 8))
        before = other.last(ORIGIN)
        one.cosigned(before, held(tree, 9, NOW + 1))
        with pytest.raises(Conflict):
            other.cosigned(before, held(tree, 8, NOW + 1))
        assert other.last(ORIGIN) == one.last(ORIGIN) == held(tree, 9, NOW + 1)
        assert (one.latest(), one.heads()) == (NOW + 1, [held(tree, 9, NOW + 1)])


def test_without_the_guard_a_smaller_head_replaced_a_larger_one(tmp_path: Path) -> None:
    party, tree = Party(tmp_path), Tree()
    with opened(party) as memory:
        memory.cosigned(None, held(tree, 7))
        memory.cosigned(memory.last(ORIGIN), held(tree, 9))
    with sqlite3.connect(party.path) as bare:
        bare.execute("UPDATE heads SET size = 8, root = ?", (root_at(tree.hashes.read, 8),))
    bare.close()
    with opened(party) as memory:
        found = memory.last(ORIGIN)
        assert found is not None
        assert found.head.size == 8


def test_evidence_is_kept_once_and_counted_once_there_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_store, "MOST_EVIDENCE", 2)
    party, tree = Party(tmp_path), Tree()
    with party.awake() as witness:
        assert witness.add_checkpoint(tree.request(0, 7)).status == 200
        lies = [Tree(forked_at=at).request(7, 7) for at in range(4)]
        for lie in (*lies, *lies[:1]):
            assert witness.add_checkpoint(lie).status == 422
    with opened(party) as memory:
        kept = list(memory.evidence())
        assert [one.request for one in kept] == lies[:2]
        assert (len(kept), memory.not_kept(ORIGIN), memory.not_kept("elsewhere")) == (2, 2, 0)
        for one in kept:
            request = Request.parse(one.request)
            assert one.held is not None
            ours = Note.parse(one.held)
            assert Checkpoint.parse(ours.text).size == request.head.size == 7
            assert Checkpoint.parse(ours.text).root != request.head.root


def test_offers_and_jumps_are_kept(tmp_path: Path) -> None:
    with opened(Party(tmp_path)) as memory:
        memory.offer(Offer(b"l" * 32, NOW, b"record", b"note"))
        memory.offer(Offer(b"l" * 32, NOW + 9, b"record", b"later"))
        assert list(memory.offers()) == [Offer(b"l" * 32, NOW, b"record", b"note")]
        assert memory.offered(b"m" * 32) is None
        assert (memory.offer_count(), memory.latest()) == (1, NOW)
        memory.jumped(Jump(NOW, 90))
        assert memory.jumps() == [Jump(NOW, 90)]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.adapters.witness_scene import Party, Tree
tree = Tree()
with Party(Path(sys.argv[1])).awake() as witness:
    for old, size in ((0, 7), (7, 9), (9, 9)):
        assert witness.add_checkpoint(tree.request(old, size)).status == 200
    print("answered", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("answered\n", -signal.SIGKILL)
    with Party(tmp_path).awake() as witness:
        assert witness.add_checkpoint(Tree().request(7, 9)).body == "9\n"


def test_a_witness_that_forgot_cosigned_two_histories(tmp_path: Path) -> None:
    """What the file, and the refusal to begin it anew, are for."""
    for number, tree in enumerate((Tree(), Tree(forked_at=4))):
        (tmp_path / f"{number}").mkdir()
        with Party(tmp_path / f"{number}").awake() as witness:
            assert witness.add_checkpoint(tree.request(0, 7)).status == 200
