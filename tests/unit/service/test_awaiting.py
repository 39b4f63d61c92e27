"""Whose cosignature is awaited, since when, and what the public is told of it; where witnesses answer."""

from __future__ import annotations

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.note import Note
from safeconduct.service.asking import Growing, addressed, is_enough
from safeconduct.service.awaiting import Awaiting, awaiting
from safeconduct.service.sequence import Sequencer
from safeconduct.sim.stage import Stage

NAMES = [f"{seat}.example/witness" for seat in ("mission", "orva", "tessin")]


@pytest.fixture
def stage() -> Stage:
    return Stage(watching=False)


def told(stage: Stage) -> Awaiting:
    return awaiting(stage.store.published(), stage.log.policy)


def test_nobody_is_awaited_while_everybody_cosigns(stage: Stage) -> None:
    assert told(stage) == Awaiting()


def test_who_sleeps_is_awaited_since_the_first_head_without_it_until_it_cosigns_again(stage: Stage) -> None:
    stage.witnesses[1].asleep = True
    since = []
    for digit in "01":
        stage.clock.advance(hours=1)
        stage.hand("mission/officer").record("offered", clear={"leaf": digit * 64})
        stage.publish()
        since.append(stage.store.published()[-1].time)
    assert told(stage) == Awaiting({NAMES[1]: since[0]})
    stage.witnesses[2].asleep = True
    stage.clock.advance(hours=1)
    stage.hand("mission/officer").record("offered", clear={"leaf": "2" * 64})
    stage.publish()
    later = stage.store.published()[-1].time
    found = told(stage)
    assert found == Awaiting({NAMES[1]: since[0], NAMES[2]: later}, no_quorum_since=later)
    assert found.told(before=later - 1) == Awaiting({NAMES[1]: since[0]})
    assert found.told(before=since[0] - 1) == Awaiting()
    stage.witnesses[1].asleep = False
    stage.log.publish()
    assert told(stage) == Awaiting({NAMES[2]: later})
    heads = stage.store.published()
    for cut in range(len(heads)):
        before = awaiting(heads[:cut], stage.log.policy)
        assert awaiting(heads[cut:], stage.log.policy, before) == told(stage), "in parts as at once"


def test_without_witnesses_nobody_is_awaited() -> None:
    assert told(Stage(witnesses=(), watching=False)) == Awaiting()


def test_a_head_comes_with_proofs_from_every_smaller_one_and_the_log_may_grow(stage: Stage) -> None:
    growing = Growing.of(stage.log)
    proofs = [growing.prove(old) for old in range(growing.size + 1)]
    assert proofs[0] == proofs[-1] == []
    assert all(proofs[1:-1])
    stage.hand("mission/officer").record("offered", clear={"leaf": "0" * 64})
    stage.publish()
    assert [growing.prove(old) for old in range(growing.size + 1)] == proofs


def test_the_quorum_is_counted_by_keys(stage: Stage) -> None:
    note = Note.parse(stage.log.head.note)
    log, *lines = note.signatures
    bare = Note(note.text, (log,))
    met = [is_enough(stage.log.policy, bare, lines[:count]) for count in range(4)]
    assert met == [False, False, True, True]
    assert not is_enough(stage.log.policy, bare, [lines[0], lines[0]])
    assert is_enough(stage.log.policy, note, ())


# A head that is no longer the newest


def later(stage: Stage) -> Sequencer:
    return Sequencer(
        stage.store,
        log=stage.key("log"),
        service=stage.key("service"),
        clock=stage.clock,
        chance=stage.chance,
        at_once=False,
    )


def test_a_head_that_is_no_longer_the_newest_is_published_with_its_lines_and_none_goes_back(
    stage: Stage,
) -> None:
    stage.log = log = later(stage)
    heads = []
    size = log.newest.size
    for _ in range(3):
        log.submit_own([("disclosure", {"reader": "orva", "digest": "0" * 64, "batches": []})])
        heads.append(Growing.of(log))
    assert [one.size for one in heads] == [size + 2, size + 3, size + 4]
    lines = [line for witness in stage.witnesses if (line := witness.cosign(heads[1].note)) is not None]
    assert len(lines) == 3
    shown = log.publish(heads[1].head, lines[:2])
    assert (shown.size, log.size) == (size + 3, size + 4)
    assert is_enough(log.policy, Note.parse(shown.note), ())
    assert log.receipt(size + 1).note.print().encode() == shown.note
    assert log.publish(heads[0].head, lines) == shown, "a smaller one is not published any more"
    with_all = log.publish(heads[1].head, lines)
    assert len(Note.parse(with_all.note).signatures) == 4
    assert log.publish(heads[1].head, lines) == with_all
    newest = log.publish(lines=lines)
    assert newest.size == size + 4
    assert len(Note.parse(newest.note).signatures) == 1, "lines over another head are not put there"
    assert later(stage).newest == newest
    log.submit_own([("disclosure", {"reader": "orva", "digest": "0" * 64, "batches": []})])
    assert [head.size for head in stage.store.published()][-3:] == [size + 3, size + 3, size + 4]


# The file


def test_the_file_is_the_policy_with_addresses(stage: Stage) -> None:
    text = stage.founding.policy()
    first, second, _ = stage.founding.witnesses
    some = text.replace(f" {first}\n", f" {first} https://w.example/\n").replace(
        f" {second}\n", f" {second}\thttps://x.example/\n"
    )
    found = addressed(f"# ours\n\n{some}".encode(), stage.founding)
    assert [(one.name, one.key, one.url) for one in found] == [
        (first.name, first, "https://w.example/"),
        (second.name, second, "https://x.example/"),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text, "no witness has an address"),
        (lambda text: text.replace("group witnesses 2", "group witnesses 1"), "order or quorum"),
        (lambda text: "\n".join(text.split("\n")[1:]), "order or quorum"),
        (
            lambda text: text.replace(text.split("\n")[1] + "\n", "").replace(f" {NAMES[0]}", ""),
            "does not stand",
        ),
        (lambda text: text + "rubbish\n", "no line of a policy"),
        (lambda _: str(Stage("other", watching=False).founding.policy()), "is no witness of this corridor"),
    ],
)
def test_a_file_that_says_anything_else_is_refused(stage: Stage, change: object, said: str) -> None:
    text = change(stage.founding.policy())  # type: ignore[operator]
    with pytest.raises(Malformed) as caught:
        addressed(text.encode(), stage.founding)
    assert any(said in fault.message for fault in caught.value.faults), caught.value
    assert all(fault.next_step for fault in caught.value.faults)
