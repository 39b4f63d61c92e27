"""The store against what lies outside it, and how far it comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeconduct.adapters.high_water import HandedIn, HighWater, PublishedHead, sources_of
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.service.archive_store import open_copy, row_of_entry
from safeconduct.service.catch_up import catch_up, erased_in
from safeconduct.service.export import export
from safeconduct.service.ports import Store
from safeconduct.service.rollback import History, check_history, derived_head
from safeconduct.service.sequence import Submission
from safeconduct.sim.archive import MemoryArchive
from tests.unit.service.service_scene import AGREEMENT, START, Scene, key

LOG = VerifierKey.of("log.example/road", KeyType.ED25519, key("log").public_key)
TIERS = '\n[tiers]\nwords = "parties"\nsource = { from = "proposed" }\n'


@dataclass
class Kept:
    """A source in memory."""

    note: bytes | None
    name: str = "what was kept"

    def read(self) -> bytes | None:
        return self.note


def signed(size: int, root: bytes, name: str = LOG.name, *extensions: str, by: str = "log") -> bytes:
    text = Checkpoint(name, size, root, extensions).print()
    line = sign_note(text, VerifierKey.of(name, KeyType.ED25519, key(by).public_key), key(by))
    return Note(text, (line,)).print().encode()


@pytest.fixture
def scene() -> Scene:
    scene = Scene(MemoryStore(), agreement=AGREEMENT + TIERS)
    scene.log.submit([Submission(scene.founding)])
    for number in range(4):
        scene.log.submit([scene.words(f"value {number}")])
    return scene


def at(store: Store, size: int) -> MemoryStore:
    """A backup from when the store had `size` entries."""
    backup = MemoryStore()
    head = next(head for head in store.committed() if head.size == size)
    texts: dict[int, list[str]] = {}
    for index, text in store.disclosures(size):
        texts.setdefault(index, []).append(text)
    rows = [row_of_entry(text, tuple(texts.get(n, ()))) for n, text in enumerate(store.entries(0, size))]
    backup.append(0, rows, lambda _: head.note, head.time)
    backup.publish(head.note, head.size, head.time)
    return backup


def archive(scene: Scene, reader: str = "mission") -> MemoryArchive:
    (made,) = export(scene.log, [reader], now=scene.clock.now())
    return MemoryArchive(dict(made.files()))


def test_a_store_that_went_on_from_every_head_that_was_kept_is_left_alone(scene: Scene) -> None:
    kept = [Kept(head.note, f"head of {head.size}") for head in scene.store.committed()]
    check_history(scene.store, [*kept, Kept(None)])
    check_history(scene.store, [])


def test_a_smaller_store_is_refused_and_both_heads_the_source_and_the_way_on_are_named(scene: Scene) -> None:
    old = at(scene.store, 3)
    newest = scene.store.committed()[-1]
    with pytest.raises(Disproved) as refused:
        check_history(old, [Kept(newest.note)])
    (fault,) = refused.value.faults
    assert fault.rule == "log.rollback"
    assert fault.where == "what was kept"
    for store, size in ((old, 3), (scene.store, newest.size)):
        root = derived_head(store, where="").root.hex()
        assert f"a head of {size} entries, root {root}" in fault.message
    for word in ("reading goes on", "restore a newer", "--catch-up", "succeed"):
        assert word.casefold() in fault.next_step.casefold()
    assert "--force" not in str(fault)


def test_what_another_process_appends_and_publishes_meanwhile_is_no_rollback(scene: Scene) -> None:
    class Growing(Kept):
        def read(self) -> bytes:
            scene.log.submit([scene.words("meanwhile")])
            return scene.store.committed()[-1].note

    check_history(scene.store, [Growing(None)])


@pytest.mark.parametrize("back", [0, 1], ids=["of the same size", "that the store does not go on from"])
def test_another_head_is_refused(scene: Scene, back: int) -> None:
    size = scene.store.committed()[-1 - back].size
    with pytest.raises(Disproved, match="the store is not what this log has signed"):
        check_history(scene.store, [Kept(signed(size, bytes(32)))])


def test_a_head_between_two_committed_ones_is_compared_with_the_entries(scene: Scene) -> None:
    """After a store has caught up it does not know every head that was signed in between."""
    entries = list(scene.store.entries())
    whole = MemoryStore()
    rows = [row_of_entry(text) for text in entries]
    whole.append(0, rows, lambda _: scene.store.committed()[-1].note, START)
    between = scene.store.committed()[2].note
    check_history(whole, [Kept(between)])
    with pytest.raises(Disproved):
        check_history(whole, [Kept(signed(3, bytes(32)))])


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"not a note",
        signed(99, bytes(32), by="another"),
        signed(99, bytes(32), "log.example/other"),
        signed(99, bytes(32), LOG.name, "an extension"),
    ],
    ids=["empty", "no note", "another key", "another log", "extended"],
)
def test_what_is_no_head_of_this_log_is_named_since_a_guard_that_cannot_see_is_none(
    scene: Scene, note: bytes
) -> None:
    with pytest.raises(Disproved, match="no head that this log's key signed"):
        check_history(scene.store, [Kept(note)])


def test_a_place_is_verified_once_and_asked_each_time(scene: Scene) -> None:
    roots: list[int] = []
    kept = Kept(scene.store.committed()[1].note)

    def root_at(size: int) -> bytes:
        roots.append(size)
        return next(
            Checkpoint.parse(Note.parse(head.note).text).root
            for head in scene.store.committed()
            if head.size == size
        )

    store: list[Store] = [scene.store]

    def size() -> int:
        return store[0].size()

    history = History(LOG, (kept,), size, root_at)
    history.check()
    asked = len(roots)
    history.check()
    assert len(roots) == asked
    store[0] = at(scene.store, 1)  # an old copy is put under a running program
    with pytest.raises(Disproved):
        history.check()
    store[0], kept.note = scene.store, signed(99, bytes(32))
    with pytest.raises(Disproved):
        history.check()


# Where heads are kept


def test_the_high_water_note_is_replaced_whole_and_read_back(tmp_path: Path) -> None:
    kept = HighWater(tmp_path / "high-water")
    assert kept.read() is None
    for note in (b"one", b"two"):
        kept.keep(note)
        assert kept.read() == note
    assert [path.name for path in tmp_path.iterdir()] == ["high-water"]


def test_storage_that_is_gone_is_not_taken_for_a_first_start(tmp_path: Path) -> None:
    kept = HighWater(tmp_path / "elsewhere" / "high-water")
    with pytest.raises(Unavailable, match="storage of the high-water note is not there"):
        kept.read()
    with pytest.raises(Unavailable):
        kept.keep(b"note")


def test_what_is_handed_in_is_there_and_a_receipt_gives_its_head(tmp_path: Path, scene: Scene) -> None:
    (tmp_path / "receipt").write_bytes(scene.log.receipt(1).print().encode())
    head = scene.log.receipt(1).note.print().encode()
    (tmp_path / "head").write_bytes(head)
    assert HandedIn(tmp_path / "receipt").read() == HandedIn(tmp_path / "head").read() == head
    with pytest.raises(Unavailable):
        HandedIn(tmp_path / "nothing").read()


def note_in(folder: Path, where: str, note: bytes, scene: Scene) -> Path | None:
    """Leaves the newest head where one of the sources finds it."""
    match where:
        case "published":
            (folder / "published").mkdir()
            (folder / "published" / "checkpoint").write_bytes(note)
        case "high water":
            HighWater(folder / "high-water").keep(note)
        case "receipt":
            (folder / "handed-in").write_bytes(scene.log.receipt(scene.log.size - 1).print().encode())
        case _:
            (folder / "handed-in").write_bytes(note)
    return folder / "handed-in" if where in ("receipt", "head") else None


@pytest.mark.parametrize("old", [False, True], ids=["honest", "an old copy"])
@pytest.mark.parametrize("where", ["published", "high water", "receipt", "head"])
def test_each_place_alone_tells(tmp_path: Path, scene: Scene, where: str, *, old: bool) -> None:
    handed_in = note_in(tmp_path, where, scene.store.published()[-1].note, scene)
    sources = sources_of(
        tmp_path, high_water=tmp_path / "high-water", handed_in=[handed_in] if handed_in else []
    )
    if not old:
        check_history(scene.store, sources)
        return
    with pytest.raises(Disproved) as refused:
        check_history(at(scene.store, 3), sources)
    assert refused.value.faults[0].where.startswith(
        {"published": "the published head", "high water": "the high-water note"}.get(
            where, "what was handed in"
        )
    )


def test_nothing_was_published_yet(tmp_path: Path) -> None:
    assert PublishedHead(tmp_path / "published").read() is None


# Coming back


def test_an_old_copy_catches_up_from_an_archive_and_then_nothing_is_missing(scene: Scene) -> None:
    old, whole = at(scene.store, 3), archive(scene)
    scene.log.submit([scene.words("after it")])
    copy = open_copy(whole, where="an archive")
    assert catch_up(old, copy, now=START + 9, where="an archive") == copy.size() - 3
    assert list(old.entries()) == list(scene.store.entries(0, copy.size()))
    assert list(old.disclosures()) == list(scene.store.disclosures(copy.size()))
    check_history(old, [Kept(copy.note)])
    assert catch_up(old, copy, now=START + 9, where="an archive") == 0
    scene.opened(old).submit([scene.words("and on")])  # the log goes on


def test_nothing_is_caught_up_from_another_history(scene: Scene) -> None:
    old = at(scene.store, 3)
    there = archive(scene)
    fork = scene.opened(old)
    fork.submit([scene.words("a second history")])
    copy = open_copy(there, where="an archive")
    with pytest.raises(Disproved, match="not those of the store"):
        catch_up(old, copy, now=START, where="an archive")
    smaller = open_copy(MemoryArchive(dict(there.files)), where="an archive")
    for _ in range(9):
        fork.submit([scene.words("on and on")])
    with pytest.raises(Disproved, match="not what this log has signed"):
        catch_up(old, smaller, now=START, where="an archive")


def test_nothing_is_caught_up_from_another_log(scene: Scene) -> None:
    other = Scene(MemoryStore(), agreement=AGREEMENT)
    other.log.submit([Submission(other.founding)])
    copy = open_copy(archive(other), where="an archive")
    with pytest.raises(Disproved, match="another log"):
        catch_up(scene.store, copy, now=START, where="an archive")


def flipped(data: bytes) -> bytes:
    return data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda files: files.pop("checkpoint"), Unavailable),
        (lambda files: files.pop(next(path for path in files if "entries" in path)), Unavailable),
        (
            lambda files: files.update({path: flipped(files[path]) for path in files if "entries" in path}),
            Disproved,
        ),
        (lambda files: files.update(checkpoint=signed(0, bytes(32))), Malformed),
        (lambda files: files.update(checkpoint=signed(5, bytes(32), by="x")), SafeconductError),
    ],
    ids=["no head", "no entries", "an entry altered", "empty", "another key"],
)
def test_what_does_not_verify_is_no_copy(
    scene: Scene, spoil: Callable[[dict[str, bytes]], object], error: type[SafeconductError]
) -> None:
    there = archive(scene)
    spoil(there.files)
    with pytest.raises(error):
        open_copy(there, where="an archive")


@pytest.mark.parametrize(
    "line", [b"{}\n", b"[1]\n", b'{"disclosures":["x"],"entry":2}\n', b'{"disclosures":[1],"entry":2}\n']
)
def test_what_is_disclosed_beside_no_field_does_not_come_back(scene: Scene, line: bytes) -> None:
    there = archive(scene)
    there.files["disclosures.jsonl"] = line
    with pytest.raises(Malformed):
        catch_up(at(scene.store, 3), open_copy(there, where="x"), now=START, where="x")


def test_an_archive_is_read_like_a_store(scene: Scene) -> None:
    copy = open_copy(archive(scene), where="an archive")
    ours = at(scene.store, copy.size())
    assert list(copy.entries(1, 3)) == list(ours.entries(1, 3))
    assert list(copy.of_kinds({"countersign"}, 5)) == list(ours.of_kinds({"countersign"}, 5))
    assert copy.index_of(row_of_entry(next(copy.entries(2, 3))).jti) == 2
    assert copy.index_of("nobody's") is None
    assert list(copy.disclosures(3)) == list(ours.disclosures(3))
    assert copy.published() == copy.committed()


def test_what_was_erased_is_known_from_the_archive_too(scene: Scene) -> None:
    text = next(text for _, text in scene.store.disclosures())
    old = at(scene.store, scene.store.size())
    scene.log.submit([scene.record("erasure", {"digests": [digest_of(text)]})])
    copy = open_copy(archive(scene), where="an archive")
    assert erased_in(old) == frozenset()
    assert erased_in(copy) == {digest_of(text)}
    assert [digest for _, digest in copy.erased()] == [digest_of(text)]


def test_a_store_whose_entries_do_not_lead_to_its_head_is_named(scene: Scene) -> None:
    store = MemoryStore()
    rows = [row_of_entry(text) for text in list(scene.store.entries())[:-1]]
    store.append(0, rows, lambda _: scene.store.committed()[-1].note, START)
    with pytest.raises(Disproved, match="do not lead to"):
        derived_head(store, where="a backup")
    with pytest.raises(Unavailable, match="no founding record"):
        derived_head(MemoryStore(), where="a backup")
