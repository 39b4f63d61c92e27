"""What an operator hands over: another log key, or files of another state of the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import ORIGIN, Stage
from safeconduct.sim.successor import succeed
from safeconduct.verify.files import CHECKPOINT, POLICY
from tests.stories.told import journey, rules

# Another log key

NEW = Ed25519Key(b"new log key".ljust(32, b"\0"))
NEW_KEY = VerifierKey.of(ORIGIN, KeyType.ED25519, NEW.public_key)


def rotated(stage: Stage, archive: MemoryArchive, *, policy_too: bool) -> MemoryArchive:
    """The head signed by a new key of the same name. The witnesses' lines hold: they signed the same text."""
    note = Note.parse(archive.files[CHECKPOINT])
    new = Note(note.text, (sign_note(note.text, NEW_KEY, NEW), *note.signatures[1:]))
    files = {**archive.files, CHECKPOINT: new.print().encode()}
    if policy_too:
        files[POLICY] = files[POLICY].replace(str(stage.log_key).encode(), str(NEW_KEY).encode())
    return MemoryArchive(files)


@pytest.mark.parametrize(("policy_too", "named"), [(False, "log.signature"), (True, "policy.spelling")])
def test_a_log_key_that_entry_0_does_not_name_signs_no_head(*, policy_too: bool, named: str) -> None:
    stage = Stage()
    journey(stage)
    archive = stage.archive("orva")
    assert rules(stage.audit(archive)) == set()
    assert rules(stage.audit(rotated(stage, archive, policy_too=policy_too))) == {named}


def test_a_log_key_with_an_entry_0_of_its_own_is_another_corridor() -> None:
    """The lack: who does not ask for the corridor on the signed paper is told to compare, and told no more."""
    stage = Stage()
    kept = stage.head()
    other = Stage(seed="a new log key")
    archive = other.archive("orva")
    assert rules(stage.audit(archive, corridor=stage.cor)) == {"log.corridor"}
    with pytest.raises(Disproved, match="did not sign this head"):
        stage.audit(archive, heads=[kept])
    unasked = stage.audit(archive)
    assert rules(unasked) == set()
    assert next(unasked.lines()).endswith("; compare with the signed paper")


@pytest.mark.parametrize("quorum", [True, False], ids=["with the old quorum", "without"])
def test_a_log_key_goes_over_to_another_only_by_a_head_of_the_old_quorum(*, quorum: bool) -> None:
    stage = Stage()
    journey(stage)
    kept = stage.archive("orva")
    note = Note.parse(kept.files[CHECKPOINT])
    if not quorum:
        note = Note(note.text, note.signatures[:2])
    successor = succeed(stage, kept, head=note.print().encode())
    report, before = successor.audit(kept, corridor=stage.cor)
    assert rules(before) == set()
    assert rules(report) == (set() if quorum else {"succession.predecessor"})


# A successor that forgets


@pytest.mark.parametrize(
    ("held", "named"),
    [
        ("an old archive", set()),
        ("a newer archive", {"succession.last", "succession.lost"}),
        ("a head", {"succession.last"}),
        ("a receipt", {"succession.last"}),
    ],
)
def test_a_successor_that_forgets_what_was_acknowledged_is_named_by_whoever_kept_something(
    held: str, named: set[str]
) -> None:
    """It names a head from before the account of a search, which its predecessor gave a receipt for."""
    stage = Stage()
    old = stage.archive("orva")
    account = journey(stage).account("searched")
    stage.close_watches()
    newer = stage.archive("orva")
    heads = [newer.files[CHECKPOINT]] if held == "a head" else []
    receipts = [stage.receipt(account)] if held == "a receipt" else []
    successor = succeed(stage, old)
    before_it = newer if held == "a newer archive" else old
    report, before = successor.audit(before_it, heads=heads, receipts=receipts)
    assert rules(before) == set()
    assert rules(report) == named


# Files of another state


def head_of_the_evening(morning: MemoryArchive, evening: MemoryArchive, _: MemoryArchive) -> MemoryArchive:
    return MemoryArchive({**morning.files, CHECKPOINT: evening.files[CHECKPOINT]})


def head_of_the_morning(morning: MemoryArchive, evening: MemoryArchive, _: MemoryArchive) -> MemoryArchive:
    return MemoryArchive({**evening.files, CHECKPOINT: morning.files[CHECKPOINT]})


def a_tile_of_another_history(
    _: MemoryArchive, evening: MemoryArchive, other: MemoryArchive
) -> MemoryArchive:
    tiles = {path: data for path, data in other.files.items() if path.startswith("tile/0/")}
    return MemoryArchive({**evening.files, **tiles})


def bundles_of_another_history(
    _: MemoryArchive, evening: MemoryArchive, other: MemoryArchive
) -> MemoryArchive:
    bundles = {path: data for path, data in other.files.items() if path.startswith("tile/")}
    return MemoryArchive({**evening.files, **bundles})


def all_of_the_morning(morning: MemoryArchive, *_: MemoryArchive) -> MemoryArchive:
    return morning


def all_of_the_evening(_: MemoryArchive, evening: MemoryArchive, __: MemoryArchive) -> MemoryArchive:
    return evening


def played() -> tuple[MemoryArchive, MemoryArchive, MemoryArchive]:
    """Of the morning, of the evening, and of the same evening with another account."""
    archives = []
    for what in ("waited", "searched"):
        stage = Stage()
        passage = journey(stage)
        archives.append(stage.archive("orva"))
        passage.account(what)
        stage.close_watches()
        archives.append(stage.archive("orva"))
    morning, evening, _, other = archives
    return morning, evening, other


@pytest.mark.parametrize(
    ("served", "named", "beside_a_head"),
    [
        (all_of_the_evening, set(), set()),
        (head_of_the_evening, {"archive.missing"}, {"archive.missing"}),
        (head_of_the_morning, {"archive.missing"}, {"archive.missing"}),
        (a_tile_of_another_history, {"log.altered"}, {"log.altered"}),
        (bundles_of_another_history, {"log.altered"}, {"log.altered"}),
        (all_of_the_morning, set(), {"log.rollback"}),
    ],
)
def test_files_that_are_stale_or_of_two_states_are_named(
    served: Callable[[MemoryArchive, MemoryArchive, MemoryArchive], MemoryArchive],
    named: set[str],
    beside_a_head: set[str],
) -> None:
    """The lack is the last: a copy that is old as a whole is told from a new one only beside a newer head."""
    archives = played()
    archive, stage = served(*archives), Stage()
    assert rules(stage.audit(archive)) == named
    assert rules(stage.audit(archive, heads=[archives[1].files[CHECKPOINT]])) == beside_a_head
