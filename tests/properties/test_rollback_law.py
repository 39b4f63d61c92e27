"""A store is accepted beside a head that was signed exactly where it goes on from that head."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.service.archive_store import row_of_entry
from safeconduct.service.rollback import check_history, compare
from safeconduct.service.sequence import Submission
from tests.unit.service.service_scene import Scene

HISTORIES = st.lists(st.binary(max_size=2), max_size=24)


def head(entries: Sequence[bytes]) -> Checkpoint:
    return Checkpoint("log.example", len(entries), root(map(leaf_hash, entries)))


def accepted(ours: Sequence[bytes], outside: Sequence[bytes]) -> bool:
    try:
        compare(head(ours), head(outside), lambda size: head(ours[:size]).root, "outside")
    except Disproved:
        return False
    return True


@given(HISTORIES, HISTORIES)
@example([b"a"], [b"a", b"b"])
@example([b"a", b"b"], [b"a"])
@example([b"a", b"b"], [b"a", b"c"])
@example([], [])
def test_exactly_what_goes_on_from_the_head_is_accepted(ours: list[bytes], outside: list[bytes]) -> None:
    assert accepted(ours, outside) == (ours[: len(outside)] == outside)


class Kept:
    name = "what was published"

    def __init__(self, note: bytes) -> None:
        self.note = note

    def read(self) -> bytes:
        return self.note


def made() -> Scene:
    scene = Scene(MemoryStore())
    scene.log.submit([Submission(scene.founding)])
    for number in range(12):
        scene.log.submit([scene.record() for _ in range(1 + number % 3)])
    return scene


SCENE = made()
HEADS = SCENE.store.committed()
ENTRIES = list(SCENE.store.entries())


@settings(max_examples=60)
@given(st.integers(0, len(HEADS) - 1), st.integers(0, len(HEADS) - 1))
def test_any_prefix_restored_is_refused_when_a_larger_head_was_published(
    restored: int, published: int
) -> None:
    backup, note = MemoryStore(), HEADS[restored].note
    rows = [row_of_entry(text) for text in ENTRIES[: HEADS[restored].size]]
    backup.append(0, rows, lambda _: note, HEADS[restored].time)
    try:
        check_history(backup, [Kept(HEADS[published].note)])
    except Disproved:
        assert published > restored
    else:
        assert published <= restored
