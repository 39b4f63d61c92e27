"""What is left of a log: the largest proved copy, the last witnessed head, the receipts that nobody can honour."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.service.archive_store import open_copy, row_of_entry
from safeconduct.service.publish import cosigned_note
from safeconduct.service.succession import Copy, NewLog, draft_succession, ending_of, lost_leaf
from safeconduct.sim.stage import ORIGIN, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage(seed="an ending", watching=False)


def copy_of(stage: Stage, name: str) -> Copy:
    return Copy(name, open_copy(stage.archive(), where=name))


def size_of(note: Note) -> int:
    return Checkpoint.parse(note.text).size


def test_the_largest_copy_and_the_largest_head_with_its_quorum_are_taken(stage: Stage) -> None:
    small, large = copy_of(stage, "small"), copy_of(stage, "large")
    stage.declare()
    kept_head = stage.head()
    for witness in stage.witnesses[:2]:
        witness.asleep = True
    stage.declare()
    ending = ending_of([small, large], [("kept", kept_head), ("alone", stage.head())], cause="x")
    assert ending.copy is large.store
    assert size_of(ending.head) == size_of(Note.parse(kept_head))


def test_the_store_itself_is_a_copy_and_its_newest_cosigned_head_counts(stage: Stage) -> None:
    cosigned = stage.log.newest.size
    for witness in stage.witnesses:
        witness.asleep = True
    stage.declare()
    stage.publish()
    ending = ending_of([Copy("the log", stage.store)], [], cause="x")
    assert (size_of(ending.head), ending.copy.size()) == (cosigned, stage.store.size())


def test_without_a_copy_or_a_witnessed_head_nothing_can_be_said(stage: Stage) -> None:
    with pytest.raises(Malformed, match="no copy of the old log is proved"):
        ending_of([], [], cause="x")
    alone = MemoryStore()  # its heads have the log's signature only
    rows = [row_of_entry(text) for text in stage.entries()]
    alone.append(0, rows, lambda _: stage.store.committed()[-1].note, 0)
    with pytest.raises(Malformed, match="has its quorum"):
        ending_of([Copy("alone", alone)], [], cause="x")


def test_copies_are_of_one_log_and_of_one_history(stage: Stage) -> None:
    copy = copy_of(stage, "ours")
    other = copy_of(Stage(seed="another", watching=False), "theirs")
    with pytest.raises(Disproved, match="theirs: this copy is of another log"):
        ending_of([copy, other], [], cause="x")
    text = Checkpoint(stage.log_key.name, copy.store.size(), bytes(32)).print()
    for witness in stage.witnesses:
        witness.colludes = True
    line = sign_note(text, stage.log_key, stage.key("log"))
    head = cosigned_note(Note(text, (line,)), stage.log.policy, stage.witnesses, now=stage.clock.now())
    with pytest.raises(Disproved, match="two histories"):
        ending_of([copy], [("the witnesses'", head.print().encode())], cause="x")


def test_a_receipt_is_given_up_only_where_its_record_is_gone(stage: Stage) -> None:
    copy = copy_of(stage, "kept")
    lost = stage.declare().declaration
    assert lost is not None
    stage.publish()
    ending = ending_of([copy], [("kept", stage.head())], cause="x")
    receipt = Receipt.parse(stage.receipt(lost))
    assert lost_leaf(receipt, lost.entry, ending, where="r") == lost.leaf
    with pytest.raises(Disproved, match="r: "):
        lost_leaf(receipt, stage.entries()[2], ending, where="r")
    with pytest.raises(Malformed, match="can be honoured"):
        lost_leaf(stage.log.receipt(2), stage.entries()[2], ending, where="r")


def test_witnesses_and_quorum_go_on_but_for_what_is_asked_for(stage: Stage) -> None:
    ending = ending_of([copy_of(stage, "kept")], [], cause="keys.rotated")
    old = [str(each.verifier) for each in stage.witnesses]
    comes = VerifierKey.of("new.example/witness", KeyType.COSIGNATURE, stage.key("c").public_key)

    def drafted(**asked: Any) -> tuple[list[str], int]:
        new = NewLog("second.example", stage.key("a").public_key, stage.key("b").public_key, **asked)
        payload = draft_succession(ending, new, clock=stage.clock, chance=stage.chance)
        return payload["witnesses"], payload["quorum"]

    assert drafted() == (old, 2)
    assert drafted(quorum=1) == (old, 1)
    assert drafted(witnesses=(comes,)) == ([*old, str(comes)], 2)
    goes = stage.witnesses[1].verifier.name
    assert drafted(witnesses=(comes,), without=(goes,)) == ([old[0], old[2], str(comes)], 2)
    with pytest.raises(Malformed, match=r"--without: no witness of the old log has this name: x\."):
        drafted(without=("x", goes))


def test_the_new_log_has_a_name_of_its_own(stage: Stage) -> None:
    ending = ending_of([copy_of(stage, "kept")], [], cause="x")
    new = NewLog(ORIGIN, stage.key("a").public_key, stage.key("b").public_key)
    with pytest.raises(Malformed, match="the old log has this origin"):
        draft_succession(ending, new, clock=stage.clock, chance=stage.chance)
