"""Publishing a head: in which order, what stops it, and that a repeat does the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, Unavailable
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.core.tlog.tiles import Tile, new_tiles, tiles_of
from safeconduct.service.export import archive_files
from safeconduct.service.ports import Row, StoredHead
from safeconduct.service.publication import (
    PUBLIC_HEAD,
    Publication,
    TooEarly,
    publish,
    publish_whole,
)
from safeconduct.service.sequence import Submission
from safeconduct.service.shown import size_of
from tests.unit.service.publish_targets import FailingTarget, MemoryTarget
from tests.unit.service.service_scene import AGREEMENT, START, Scene, Witness, key
from tests.unit.service.test_export import AT_ONCE, DAY, DELAY, founded


def growing(*sizes: int) -> tuple[Scene, list[StoredHead]]:
    """A corridor, and heads of these sizes as it published them."""
    scene = founded(AT_ONCE)
    heads = []
    for size in sizes:
        missing = size - scene.log.size - 1  # a head record comes first
        scene.log.append([row(scene, scene.log.size + n) for n in range(missing)])
        heads.append(scene.log.newest)
    assert [head.size for head in heads] == list(sizes)
    return scene, heads


def row(scene: Scene, number: int) -> Row:
    return Row(b"entry %d" % number, f"jti-{number}", "other")


def put(scene: Scene, head: StoredHead, target: MemoryTarget) -> int:
    return publish(scene.store, scene.log.hashes, head, scene.log.founding.policy(), target)


def whole(scene: Scene, head: StoredHead) -> dict[str, bytes]:
    return dict(
        archive_files(
            scene.store.entries,
            policy=scene.log.founding.policy(),
            head=head,
            hashes=scene.log.hashes,
            held=None,
        )
    )


def shown(target: MemoryTarget) -> dict[str, bytes]:
    """The archive at the head that is there, as a reader finds it who asks for no more."""
    size = size_of(target.files["checkpoint"])
    names = ["policy", "checkpoint", *(tile.path for tile in tiles_of(size))]
    return {name: target.files[name] for name in names}


def test_a_published_head_has_the_very_files_of_its_archive() -> None:
    scene, heads = growing(10, 300)
    target = MemoryTarget()
    for head in heads:
        assert put(scene, head, target) > 0
        assert shown(target) == whole(scene, head)


def test_what_is_there_is_not_written_again_and_the_head_comes_last() -> None:
    scene, (small, large) = growing(300, 520)
    target = MemoryTarget()
    put(scene, small, target)
    target.writes.clear()
    assert put(scene, large, target) == len(target.writes)
    assert target.writes[-1] == "checkpoint"
    assert "tile/entries/000" not in target.writes
    assert {"tile/entries/001", "tile/entries/002.p/8", "tile/1/000.p/2"} <= {*target.writes}
    assert put(scene, large, target) == 0


def test_partial_tiles_stay_until_the_full_one_is_there() -> None:
    scene, heads = growing(200, 250, 260, 300)
    target = MemoryTarget()
    for head in heads[:2]:
        put(scene, head, target)
    assert {"tile/entries/000.p/200", "tile/entries/000.p/250", "tile/0/000.p/200"} <= target.files.keys()
    put(scene, heads[2], target)
    assert target.paths("tile/entries/000.p") == target.paths("tile/0/000.p") == []
    assert "tile/entries/000" in target.files
    put(scene, heads[3], target)
    assert {"tile/entries/001.p/4", "tile/entries/001.p/44"} <= target.files.keys()


@pytest.mark.parametrize("done_first", [False, True])
def test_killed_at_any_point_the_same_call_again_does_the_rest(*, done_first: bool) -> None:
    scene, heads = growing(5, 250, 300, 600)
    kills = 0
    for start, end in ((None, 0), (0, 1), (1, 2), (0, 3), (2, 3)):
        for left in range(1, 100):
            target = FailingTarget(done_first=done_first)
            if start is not None:
                put(scene, heads[start], target)
            before = dict(target.files)
            target.left = left
            try:
                put(scene, heads[end], target)
            except Unavailable:
                kills += 1
            else:
                break
            assert target.files.get("checkpoint") in (before.get("checkpoint"), heads[end].note)
            target.left = 0
            put(scene, heads[end], target)
            assert shown(target) == whole(scene, heads[end])
    assert kills == 47, "each write, removal and settling of five publications"


@pytest.mark.parametrize("done_first", [False, True])
def test_killed_and_then_with_a_larger_head_it_goes_on(*, done_first: bool) -> None:
    scene, heads = growing(5, 250, 300)
    for left in range(1, 12):
        target = FailingTarget(left=left, done_first=done_first)
        for head in heads[:2]:
            try:
                put(scene, head, target)
            except Unavailable:
                break
        put(scene, heads[2], target)
        assert shown(target) == whole(scene, heads[2])


def test_a_power_cut_takes_back_what_was_not_settled_and_never_a_part_of_a_head() -> None:
    scene, heads = growing(250, 300)
    for left in range(1, 20):
        target = FailingTarget(left=0)
        put(scene, heads[0], target)
        target.left = left
        try:
            put(scene, heads[1], target)
        except Unavailable:
            target.files = dict(target.settled)
            target.check()
            target.left = 0
            put(scene, heads[1], target)
        assert shown(target) == whole(scene, heads[1])


def test_a_smaller_head_never_replaces_a_larger_one() -> None:
    scene, (small, large) = growing(200, 300)
    target = MemoryTarget()
    put(scene, large, target)
    before = dict(target.files)
    assert put(scene, small, target) == 0
    policy = scene.log.founding.policy()
    assert publish_whole(scene.store, scene.log.hashes, small, policy, target) == 0
    assert target.files == before


def test_a_log_that_lost_entries_publishes_nothing_over_them() -> None:
    _, (large,) = growing(300)
    restored, (small,) = growing(200)
    target = MemoryTarget({"checkpoint": large.note}, is_damaged=True)
    with pytest.raises(Conflict, match=r"has 300 entries, this log 200.*old copy"):
        put(restored, small, target)
    assert target.files == {"checkpoint": large.note}


def test_a_file_that_never_changes_is_never_overwritten() -> None:
    scene, (small, large) = growing(200, 300)
    for path in ("policy", "tile/entries/000", "tile/0/000", "tile/1/000.p/1"):
        target = MemoryTarget()
        put(scene, small, target)
        target.files[path] = b"other"
        with pytest.raises(Disproved):
            put(scene, large, target)
        assert target.files[path] == b"other"
        assert target.files["checkpoint"] == small.note


def test_the_head_of_another_log_or_another_tree_stops_it() -> None:
    scene, (head,) = growing(200)
    target = MemoryTarget({"checkpoint": growing(100)[1][0].note}, is_damaged=True)
    put(scene, head, target)  # the same corridor, a hundred entries before: chance and clock are the same
    other = Checkpoint(scene.log.founding.origin, 100, bytes(32)).print()
    forged = Note(other, (sign_note(other, scene.log.founding.log, key("log")),)).print().encode()
    target = MemoryTarget({"checkpoint": forged})
    with pytest.raises(Disproved, match="of 100 entries, is of another tree"):
        put(scene, head, target)
    assert target.files == {"checkpoint": forged}
    strange = forged.replace(b"log.example/road", b"log.example/else")
    with pytest.raises((Disproved, Malformed)):
        put(scene, head, MemoryTarget({"checkpoint": strange}))
    with pytest.raises(Malformed):
        put(scene, head, MemoryTarget({"checkpoint": b"noise"}))


def test_entries_that_are_not_those_signed_are_not_published() -> None:
    scene, (small, large) = growing(200, 300)
    target = MemoryTarget()
    put(scene, small, target)
    rows = scene.store._rows  # type: ignore[attr-defined]
    rows[230] = Row(b"flipped", rows[230].jti, rows[230].kind)
    with pytest.raises(Disproved, match="other entries than those that were signed"):
        put(scene, large, target)
    assert target.files["checkpoint"] == small.note


def test_a_head_that_the_tree_does_not_have_is_not_published() -> None:
    scene, (head,) = growing(200)
    target = MemoryTarget()
    with pytest.raises(Disproved, match="nothing was published"):
        put(scene, StoredHead(199, head.note, head.time), target)
    assert target.files == {}


def test_cosignatures_that_come_later_are_shown_and_none_is_taken_back() -> None:
    scene = founded(AT_ONCE)
    scene.witnesses[1].silent = True
    scene.log.submit([scene.record()])
    lacking = scene.log.newest
    scene.witnesses[1].silent = False
    full = scene.log.publish()
    assert len(Note.parse(full.note).signatures) > len(Note.parse(lacking.note).signatures)
    target = MemoryTarget()
    put(scene, lacking, target)
    assert put(scene, full, target) == 1
    assert put(scene, lacking, target) == 0
    assert target.files["checkpoint"] == full.note


def test_a_file_that_went_missing_comes_back_when_all_are_compared() -> None:
    scene, (head,) = growing(300)
    target = MemoryTarget()
    put(scene, head, target)
    del target.files["tile/entries/000"]
    target.is_damaged = True
    assert put(scene, head, target) == 0
    policy = scene.log.founding.policy()
    assert publish_whole(scene.store, scene.log.hashes, head, policy, target) == 1
    assert shown(target) == whole(scene, head)
    target.files["tile/0/000"] = bytes(8192)
    with pytest.raises(Disproved):
        publish_whole(scene.store, scene.log.hashes, head, policy, target)


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_new_tiles_are_those_that_the_smaller_log_did_not_have(one: int, other: int) -> None:
    old, size = sorted((one, other))
    made = list(new_tiles(old, size))
    assert len({*made}) == len(made)
    assert {*made} == {*tiles_of(size)} - {*tiles_of(old)}


# What a running corridor shows.


def open_to_the_public(*tables: str) -> tuple[Scene, Publication, MemoryTarget]:
    scene, target = founded(*tables), MemoryTarget()
    return scene, Publication(scene.store, scene.log.founding, target), target


def test_before_anything_is_published_nothing_is_shown() -> None:
    scene, publication, _ = open_to_the_public(AT_ONCE)
    with pytest.raises(Unavailable, match="nothing is published yet"):
        publication.parties()
    with pytest.raises(Unavailable, match="nothing is published yet"):
        publication.public(now=scene.clock.now())


def test_parties_are_shown_the_newest_head_at_once_and_the_public_later() -> None:
    scene, publication, _ = open_to_the_public(DAY)
    publication.publish(scene.log)
    assert publication.parties().size == 1
    with pytest.raises(
        TooEarly, match="Repeat at 2026-03-02T06:00:00Z: the first head is then 1 d old"
    ) as early:
        publication.public(now=scene.clock.now())
    assert early.value.first_s == START + 86_400
    scene.clock.seconds += 3_600
    scene.log.submit([scene.record()])
    publication.publish(scene.log)
    assert publication.parties().size == 3
    assert publication.public(now=START + 86_400).size == 1
    assert publication.public(now=START + 86_401).size == 1
    assert publication.public(now=START + 86_400 + 3_600).size == 3


def test_the_public_is_shown_no_entry_beyond_its_head_under_any_name() -> None:
    scene, publication, target = open_to_the_public(DAY)
    scene.log.append([row(scene, n) for n in range(200)])
    scene.clock.seconds += 3_600
    delayed = scene.log.newest
    scene.log.append([row(scene, n) for n in range(200, 700)])
    publication.publish(scene.log)
    now = START + 86_400
    public = publication.public(now=now)
    assert public.size == delayed.size < 256
    assert {path: public.read(path) for path in whole(scene, delayed)} == whole(scene, delayed)
    every = [
        Tile(level, index, width) for level in (None, 0, 1) for index in range(4) for width in range(1, 257)
    ]
    seen = {tile: public.read(tile.path) for tile in every}
    assert all(
        (data is not None) == (tile.index == 0 and tile.width <= delayed.size and tile.level != 1)
        for tile, data in seen.items()
    )
    assert all(b"entry 201" not in data for data in seen.values() if data)
    for path in ("disclosures.jsonl", PUBLIC_HEAD, "../checkpoint", "tile/0/../0/000", ".new", ""):
        assert public.read(path) is None
    assert target.files[PUBLIC_HEAD] == delayed.note


def test_a_partial_tile_that_went_away_is_still_read_by_who_has_its_head() -> None:
    scene, heads = growing(200, 300)
    target = MemoryTarget()
    put(scene, heads[0], target)
    publication = Publication(scene.store, scene.log.founding, target)
    before = publication.parties()
    put(scene, heads[1], target)
    assert {path: before.read(path) for path in whole(scene, heads[0])} == whole(scene, heads[0])
    after = publication.parties()
    assert after.read("tile/0/001.p/3") == after.read("tile/0/001.p/44")[:96]  # type: ignore[index]


def test_the_public_never_goes_back_although_the_delay_was_made_longer() -> None:
    scene, publication, target = open_to_the_public(DAY)
    publication.publish(scene.log)
    publication.public(now=START + 86_400)
    longer = founded(DELAY % "9 d")
    longer_yet = Publication(longer.store, longer.log.founding, target)
    assert longer_yet.public(now=START + 86_400).size == 1
    assert publication.public(now=START).size == 1, "nor with the clock"


def test_the_public_waits_for_the_parties_files() -> None:
    scene, publication, _ = open_to_the_public(AT_ONCE)
    publication.publish(scene.log)
    assert publication.public(now=START).size == 1
    scene.log.submit([scene.record()])
    assert publication.public(now=START + 61).size == 1
    publication.publish(scene.log)
    assert publication.public(now=START + 122).size == 3


@pytest.mark.parametrize(
    ("tables", "silent", "says"),
    [((), False, "sets no publication_delay"), ((AT_ONCE,), True, "no head has its quorum")],
)
def test_where_nobody_knows_when_the_public_is_told_why(
    *, tables: tuple[str, ...], silent: bool, says: str
) -> None:
    clock = FixedClock(START)
    held = [Witness(name, clock, silent=silent) for name in ("one", "two")]
    scene = Scene(MemoryStore(), held, clock, AGREEMENT + "".join(tables))
    scene.log.submit([Submission(scene.founding)])
    publication = Publication(scene.store, scene.log.founding, MemoryTarget())
    publication.publish(scene.log)
    with pytest.raises(TooEarly, match=says) as early:
        publication.public(now=START + 10**9)
    assert early.value.first_s is None
