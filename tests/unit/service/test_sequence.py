"""The sequencer's rules, by their numbers, over both stores where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, Unavailable
from safeconduct.core.record.draft import sign
from safeconduct.core.record.entry import parse_entry, verify_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tiles import Tile
from safeconduct.service.ports import Row, SignRows, Store
from safeconduct.service.sequence import Sequencer, Submission
from tests.unit.service.service_scene import CHANCE, START, Scene, Witness, key


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with SqliteStore(tmp_path / "corridor.db", create=True) as opened:
        yield opened


@pytest.fixture
def scene(store: Store) -> Scene:
    clock = FixedClock(START)
    made = Scene(store, [Witness(name, clock) for name in ("one", "two", "three")], clock)
    made.log.submit([Submission(made.founding)])
    return made


def test_the_founding_record_is_entry_0_and_gets_a_cosigned_receipt(scene: Scene) -> None:
    (receipt,) = scene.log.submit([Submission(scene.founding)])
    assert receipt.index == 0
    assert receipt.check(scene.founding, scene.log.policy) == "cosigned"


def test_before_the_founding_record_nothing_else_is_taken() -> None:
    scene = Scene(MemoryStore())
    with pytest.raises(Unavailable, match="not founded"):
        scene.log.founding  # noqa: B018 - reading it is the question
    stray = Scene(MemoryStore())
    stray.log.submit([Submission(stray.founding)])
    with pytest.raises(Malformed, match="founding"):
        scene.log.submit([stray.record()])
    assert scene.store.size() == 0
    scene.log.submit([Submission(scene.founding)])


def test_a_founding_record_for_other_keys_is_refused() -> None:
    scene = Scene(MemoryStore())
    scene.log = Sequencer(
        MemoryStore(), log=key("other"), service=key("service"), clock=scene.clock, chance=CHANCE
    )
    with pytest.raises(Malformed, match="another log key"):
        scene.log.submit([Submission(scene.founding)])


def test_1_what_is_malformed_is_refused_before_anything_is_written_and_all_at_once(scene: Scene) -> None:
    good = scene.record()
    with pytest.raises(Malformed) as caught:
        scene.log.submit([good, Submission(b"junk"), Submission(b"a.b.c")])
    assert [fault.where for fault in caught.value.faults] == ["record 1", "record 2"]
    assert scene.store.size() == 1


def test_1_a_disclosure_of_no_field_is_refused(scene: Scene) -> None:
    one, two = scene.words("one"), scene.words("two")
    for wrong in (two.disclosures, ("junk",), (one.disclosures[0], one.disclosures[0])):
        with pytest.raises(Malformed, match="disclosure"):
            scene.log.submit([Submission(one.entry, wrong)])
    assert scene.store.size() == 1


def test_2_the_same_bytes_again_get_the_same_receipt_and_nothing_is_written(scene: Scene) -> None:
    record = scene.record()
    first = scene.log.submit([record])
    size = scene.store.size()
    scene.log.submit([scene.record()])
    assert scene.log.submit([record]) == first
    assert scene.log.submit([record, record]) == first * 2
    assert scene.opened().submit([record]) == first
    assert scene.store.size() == size + 2


def test_2_other_bytes_under_the_same_jti_are_a_conflict(scene: Scene) -> None:
    record = scene.record()
    payload = parse_entry(record.entry).payload
    other = Submission(sign(payload | {"iat": payload["iat"] + 1}, key("root")))
    with pytest.raises(Conflict, match="jti"):
        scene.log.submit([record, other])
    assert scene.store.size() == 1
    scene.log.submit([record])
    with pytest.raises(Conflict, match="jti"):
        scene.log.submit([other])


def test_3_the_last_published_head_comes_first_in_the_next_batch(scene: Scene) -> None:
    scene.log.submit([scene.record(), scene.record()])
    scene.log.submit([scene.record()])
    assert scene.kinds() == ["founding", "head", "offered", "offered", "head", "offered"]
    published = [head.note.decode() for head in scene.store.published()]
    heads = [entry for _, text in scene.store.of_kinds({"head"}) if (entry := parse_entry(text))]
    assert [entry.payload["note"] for entry in heads] == published[:2]
    assert [entry.seq for entry in heads] == [0, 1]
    assert heads[1].prev == heads[0].leaf.hex()
    assert all(verify_entry(entry, key("service").public_key) for entry in heads)
    assert [entry.seen and entry.seen.size for entry in heads] == [1, 4]


def test_3_a_batch_of_heads_alone_brings_no_further_head(scene: Scene) -> None:
    scene.log.submit([scene.record("head", {"note": "from somebody else"})])
    assert scene.kinds() == ["founding", "head"]


def test_3_the_service_goes_on_with_its_chain_after_a_restart(scene: Scene) -> None:
    scene.log.submit([scene.record()])
    scene.log = scene.opened()
    scene.log.submit([scene.record()])
    heads = [parse_entry(text) for _, text in scene.store.of_kinds({"head"})]
    assert [entry.seq for entry in heads] == [0, 1]


def test_3_a_head_that_gets_more_cosignatures_later_is_recorded_with_all_of_them(scene: Scene) -> None:
    scene.witnesses[0].silent = True
    scene.log.submit([scene.record()])
    scene.witnesses[0].silent = False
    before = scene.store.published()[-1]
    assert scene.log.publish() != before
    asked = scene.witnesses[0].asked
    assert scene.log.publish() == scene.store.published()[-1]
    assert scene.witnesses[0].asked == asked, "who has cosigned is not asked again"
    scene.log.submit([scene.record()])
    last = [parse_entry(text).payload["note"] for _, text in scene.store.of_kinds({"head"})][-1]
    assert len(Note.parse(last.encode()).signatures) == 4


class Flipping(MemoryStore):
    """Gives back another bit than it was given."""

    broken = True

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        def flipped(entries: Sequence[bytes]) -> bytes:
            return sign([*entries[:-1], bytes([entries[-1][0] ^ 1]) + entries[-1][1:]])

        return super().append(expected_size, rows, flipped if self.broken else sign, time)


def test_4_a_bit_that_flips_in_the_store_stops_the_signing_and_not_the_next_batch() -> None:
    store = Flipping()
    scene = Scene(store)
    with pytest.raises(Disproved, match="nothing was signed"):
        scene.log.submit([Submission(scene.founding)])
    assert (store.size(), store.committed()) == (0, ())
    store.broken = False
    (receipt,) = scene.log.submit([Submission(scene.founding)])
    store.broken = True
    record = scene.record()
    with pytest.raises(Disproved):
        scene.log.submit([record])
    store.broken = False
    scene.log.submit([record])
    assert scene.log.receipt(0) == receipt


def test_4_a_store_whose_entries_are_not_those_its_head_signs_is_refused(scene: Scene) -> None:
    other = MemoryStore()
    entries = [*scene.store.entries(), scene.record().entry]
    rows = [Row(entry, f"jti {n}", parse_entry(entry).evt) for n, entry in enumerate(entries)]
    other.append(0, rows, lambda _: scene.store.committed()[-1].note, START)
    with pytest.raises(Disproved, match="not those that the newest head signs"):
        scene.opened(other)


class Interrupted:
    """A store in which somebody else appends just before the first append."""

    def __init__(self, store: Store, rival: Callable[[], object]) -> None:
        self._store, self._rivals = store, [rival]

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        while self._rivals:
            self._rivals.pop()()
        return self._store.append(expected_size, rows, sign, time)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_5_of_two_sequencers_one_gets_conflict_and_then_goes_on(scene: Scene) -> None:
    rival, record, other = scene.opened(), scene.record(), scene.record()
    scene.log.store = Interrupted(scene.store, lambda: rival.submit([other]))
    with pytest.raises(Conflict, match="somebody else appended first"):
        scene.log.submit([record])
    (receipt,) = scene.log.submit([record])
    assert receipt.check(record.entry, scene.log.policy) == "cosigned"
    assert scene.log.submit([other]) == rival.submit([other])


def test_5_a_store_that_went_back_is_named(scene: Scene) -> None:
    scene.log.submit([scene.record()])
    old = MemoryStore()
    row = Row(scene.founding, "jti", "founding")
    old.append(0, [row], lambda _: scene.store.committed()[0].note, START)
    scene.log.store = old
    with pytest.raises(Conflict, match="an old copy was put back"):
        scene.log.submit([scene.record()])


@pytest.mark.parametrize(("bad", "value"), [("silent", True), ("lies", True), ("ahead_s", 301)])
def test_6_a_witness_without_an_answer_or_with_a_bad_one_stops_nothing(
    scene: Scene, bad: str, value: object
) -> None:
    setattr(scene.witnesses[1], bad, value)
    record = scene.record()
    (receipt,) = scene.log.submit([record])
    assert receipt.check(record.entry, scene.log.policy) == "cosigned"
    assert [line.name for line in receipt.note.signatures] == [
        "log.example/road",
        "one.example",
        "three.example",
    ]


def test_6_a_witness_whose_clock_is_a_little_ahead_counts(scene: Scene) -> None:
    scene.witnesses[1].ahead_s = 300
    (receipt,) = scene.log.submit([scene.record()])
    assert len(receipt.note.signatures) == 4


def test_6_without_a_quorum_the_receipt_is_logged_and_becomes_cosigned(scene: Scene) -> None:
    for witness in scene.witnesses[1:]:
        witness.silent = True
    record = scene.record()
    (receipt,) = scene.log.submit([record])
    assert receipt.check(record.entry, scene.log.policy) == "logged"
    for witness in scene.witnesses:
        witness.silent = False
    scene.log.publish()
    (receipt,) = scene.log.submit([record])
    assert receipt.check(record.entry, scene.log.policy) == "cosigned"


def test_6_a_head_without_quorum_is_not_what_the_service_has_seen(scene: Scene) -> None:
    for witness in scene.witnesses:
        witness.silent = True
    scene.log.submit([scene.record()])
    scene.log.submit([scene.record()])
    last = [parse_entry(text) for _, text in scene.store.of_kinds({"head"})][-1]
    assert last.seen is not None
    assert last.seen.size == 1


def test_6_a_head_that_a_crash_left_unpublished_is_published_next(scene: Scene) -> None:
    def crash() -> Any:
        raise KeyboardInterrupt

    scene.log.publish = crash  # type: ignore[method-assign, assignment]
    record = scene.record()
    with pytest.raises(KeyboardInterrupt):
        scene.log.submit([record])
    assert scene.store.published()[-1].size == 1
    again = scene.opened()
    (receipt,) = again.submit([record])
    assert receipt.check(record.entry, again.policy) == "cosigned"
    assert [head.size for head in scene.store.published()] == [1, 3]


def test_7_a_clock_behind_the_newest_head_stops_the_signing(scene: Scene) -> None:
    scene.clock.seconds -= 1
    with pytest.raises(Unavailable, match="clock"):
        scene.log.submit([scene.record()])
    scene.clock.seconds += 1
    scene.log.submit([scene.record()])


def test_every_receipt_of_a_long_log_holds_whatever_the_batches() -> None:
    scene = Scene(MemoryStore())
    scene.log.submit([Submission(scene.founding)])
    records = [scene.record() for _ in range(700)]
    batches = [records[:1], records[1:300], records[300:310], records[310:]]
    receipts = [receipt for batch in batches for receipt in scene.log.submit(batch)]
    for record, receipt in zip(records, receipts, strict=True):
        assert receipt.check(record.entry, scene.log.policy) == "logged"
    assert [scene.opened().receipt(receipt.index) for receipt in receipts[::97]] == receipts[::97]


# Published later


def later(scene: Scene) -> Sequencer:
    """One whose heads are published when somebody says so."""
    keys = {"log": key("log"), "service": key("service")}
    return Sequencer(
        scene.store, **keys, clock=scene.clock, chance=CHANCE, witnesses=scene.witnesses, at_once=False
    )


def test_6_without_at_once_a_receipt_is_logged_and_no_witness_is_waited_for(scene: Scene) -> None:
    log, record = later(scene), scene.record()
    (receipt,) = log.submit([record])
    assert receipt.check(record.entry, log.policy) == "logged"
    assert log.newest.size == 1
    assert log.head.size == scene.store.size() == 3
    log.publish()
    assert log.newest.size == 3
    (again,) = log.submit([record])
    assert again.check(record.entry, log.policy) == "cosigned"
    assert later(scene).receipt(again.index) == again


def test_3_without_at_once_a_head_that_was_never_published_has_no_record(scene: Scene) -> None:
    log = later(scene)
    for _ in range(3):
        log.submit([scene.record()])
    assert scene.kinds() == ["founding", "head", "offered", "offered", "offered"]
    log.publish()
    assert log.next == 6
    log.submit([scene.record()])
    assert scene.kinds()[5:] == ["head", "offered"]
    assert parse_entry(next(scene.store.entries(5, 6))).payload["note"] == log.newest.note.decode()


def test_a_receipt_is_by_the_first_published_head_over_its_entry(scene: Scene) -> None:
    log, records = later(scene), [scene.record() for _ in range(4)]
    for number, record in enumerate(records):
        log.submit([record])
        if number % 2:
            log.publish()
    receipts = log.submit(records)
    sizes = [Checkpoint.parse(receipt.note.text).size for receipt in receipts]
    assert sizes == [4, 4, 7, 7]
    assert later(scene).submit(records) == receipts


def test_a_start_reads_the_last_entries_alone_once_the_tiles_are_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        scene.log.submit([scene.record() for _ in range(250)])
    scene.log.keep_tiles()
    read: list[int] = []

    def counted(self: Store, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        for entry in whole(self, start, stop):
            read.append(1)
            yield entry

    whole = type(scene.store).entries
    monkeypatch.setattr(type(scene.store), "entries", counted)
    again = scene.opened()
    assert (again.size, again.hashes.root()) == (scene.log.size, scene.log.hashes.root())
    # The last tile's entries, and back to the service's last record.
    assert len(read) <= 256 + 256 + 32
    assert again.hashes.read(Tile(0, 1)) == scene.log.hashes.read(Tile(0, 1))


def test_a_receipt_of_an_entry_that_this_process_has_not_read_yet_is_for_the_next_moment(
    scene: Scene,
) -> None:
    record = scene.record()
    other = scene.opened()
    scene.log.submit([record])
    with pytest.raises(Unavailable, match="being signed"):
        other.receipt(2)
    with pytest.raises(Unavailable, match="being signed"):
        other.receipt(99)
