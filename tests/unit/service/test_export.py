"""What each reader gets, and what is logged about it (RECORD §7)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.kernel.spelling import parse_base64url, sha256
from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.record.draft import sign
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tiles import Tile, split_bundle, tiles_of
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.service.export import export
from safeconduct.service.sequence import Submission
from tests.unit.service.service_scene import AGREEMENT, START, Scene, Witness, key

TIERS = """
[tiers]
words = "parties"
source = { from = "proposed" }
"""
DELAY = """
[limits.publication_delay]
value = "%s"
source = { from = "proposed" }
"""
DAY = DELAY % "1 d"
AT_ONCE = DELAY % "0 s"


def founded(*tables: str, witnesses: int = 2) -> Scene:
    clock = FixedClock(START)
    held = [Witness(name, clock) for name in ("one", "two")[:witnesses]]
    scene = Scene(MemoryStore(), held, clock, AGREEMENT + "".join(tables))
    scene.log.submit([Submission(scene.founding)])
    return scene


def archives(scene: Scene, *readers: str) -> dict[str, dict[str, bytes]]:
    made = export(scene.log, readers, now=scene.clock.now())
    return {archive.reader: dict(archive.files()) for archive in made}


def lines(files: dict[str, bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in files.get("disclosures.jsonl", b"").splitlines()]


def entries(files: dict[str, bytes]) -> Iterator[bytes]:
    for path in sorted(path for path in files if path.startswith("tile/entries/")):
        yield from split_bundle(files[path], Tile.parse(path).width)


def head_of(files: dict[str, bytes]) -> Checkpoint:
    return Checkpoint.parse(Note.parse(files["checkpoint"]).text)


@pytest.fixture
def scene() -> Scene:
    made = founded(TIERS, AT_ONCE)
    made.log.submit([made.words("what was said"), made.record(), made.words("and more")])
    return made


def test_every_archive_is_whole_and_holds_the_files_of_its_head_only(scene: Scene) -> None:
    scene.log.submit([scene.record() for _ in range(300)])
    for files in archives(scene, "orva", "public", "mission", "watcher").values():
        head = head_of(files)
        assert Policy.parse(files["policy"]).check(Note.parse(files["checkpoint"])).cosigned.keys() == {
            "one.example",
            "two.example",
        }
        assert root(map(leaf_hash, entries(files))) == head.root
        expected = {"checkpoint", "policy", *(tile.path for tile in tiles_of(head.size))}
        assert files.keys() - {"disclosures.jsonl"} == expected
        assert list(files) == sorted(files)
        level_0 = b"".join(map(leaf_hash, entries(files)))
        tiles = sorted(path for path in files if path.startswith("tile/0/"))
        assert b"".join(files[path] for path in tiles) == level_0


def test_1_each_reader_but_the_public_is_logged_with_the_digest_of_what_it_holds(scene: Scene) -> None:
    made = archives(scene, "orva", "public")
    records = [parse_entry(entry) for entry in entries(made["orva"])]
    (record,) = [entry for entry in records if entry.evt == "disclosure"]
    digests = [
        parse_base64url(digest_of(text))
        for line in lines(made["orva"])
        for text in line["disclosures"]  # type: ignore[attr-defined]
    ]
    assert record.payload["reader"] == "orva"
    assert record.payload["digest"] == sha256(b"".join(sorted(digests))).hex()
    assert record.payload["batches"] == []
    assert len(digests) == 2


def test_2_all_are_at_one_head_that_covers_the_disclosure_records(scene: Scene) -> None:
    made = archives(scene, "orva", "mission", "public")
    assert len({files["checkpoint"] for files in made.values()}) == 1
    kinds = [parse_entry(entry).evt for entry in entries(made["public"])]
    assert kinds[-3:] == ["head", "disclosure", "disclosure"]


def test_3_the_public_sees_no_disclosures_and_nothing_is_logged_for_it(scene: Scene) -> None:
    size = scene.store.size()
    files = archives(scene, "public")["public"]
    assert "disclosures.jsonl" not in files
    assert head_of(files).size == scene.store.size() == size
    assert archives(scene, "public") == {"public": files}


def test_4_lines_of_disclosures_are_canonical_and_in_order(scene: Scene) -> None:
    data = archives(scene, "orva")["orva"]["disclosures.jsonl"]
    found = [json.loads(line) for line in data.splitlines()]
    assert b"".join(canonical(line) + b"\n" for line in found) == data
    assert [line["entry"] for line in found] == sorted(line["entry"] for line in found)
    assert all(line["disclosures"] == sorted(line["disclosures"]) for line in found)


@pytest.mark.parametrize(
    ("tables", "holding"),
    [
        ((TIERS,), {"mission", "orva"}),
        ((TIERS.replace('"parties"', '"guarantor"'),), {"mission"}),
        ((TIERS.replace('"parties"', '"sealed"'),), set()),
        ((TIERS.replace('"parties"', '"public"'),), {"mission", "orva", "watcher"}),
        ((), {"mission"}),
    ],
)
def test_5_who_sees_a_field_is_what_its_tier_says(tables: tuple[str, ...], holding: set[str]) -> None:
    scene = founded(AT_ONCE, *tables)
    record = scene.words("what was said")
    scene.log.submit([record])
    made = archives(scene, "mission", "orva", "watcher", "public")
    assert {reader for reader, files in made.items() if lines(files)} == holding
    for reader in holding:
        assert lines(made[reader]) == [{"disclosures": list(record.disclosures), "entry": 2}]
    for reader in made.keys() - holding:
        found = b"".join(made[reader].values())
        assert record.disclosures[0].encode() not in found


def test_an_erased_disclosure_leaves_its_digest_and_the_logged_digest_still_recomputes(scene: Scene) -> None:
    before = archives(scene, "orva")["orva"]
    erased = lines(before)[0]["disclosures"][0]  # type: ignore[index]
    scene.log.submit([scene.record("erasure", {"digests": [digest_of(erased)]})])
    after = archives(scene, "orva")["orva"]
    assert erased.encode() not in after["disclosures.jsonl"]
    assert lines(after)[0] == {"disclosures": [], "entry": 2, "erased": [digest_of(erased)]}
    assert lines(after)[1] == lines(before)[1]
    records = [parse_entry(entry) for entry in entries(after)]
    logged = [entry.payload["digest"] for entry in records if entry.evt == "disclosure"]
    assert len(logged) == 2
    assert logged[0] == logged[1]


def test_who_may_not_erase_erases_nothing(scene: Scene) -> None:
    before = archives(scene, "orva")["orva"]
    digest = digest_of(lines(before)[0]["disclosures"][0])  # type: ignore[index]
    good = scene.record("erasure", {"digests": [digest]}).entry
    other = scene.record("erasure", {"digests": ["A" * 43]}).entry
    payload = parse_entry(good).payload
    scene.log.submit(
        [
            Submission(good.rpartition(b".")[0] + b"." + other.rpartition(b".")[2]),
            Submission(sign({**payload, "jti": payload["jti"][:-12] + "000000000000"}, key("nobody"))),
            Submission(
                sign({**payload, "jti": payload["jti"][:-12] + "000000000001", "cor": "c0" * 32}, key("root"))
            ),
            Submission(
                sign(
                    {**payload, "jti": payload["jti"][:-12] + "000000000002", "iss": "orva/root"}, key("root")
                )
            ),
        ]
    )
    after = archives(scene, "orva")["orva"]
    assert lines(after) == lines(before)


@pytest.mark.parametrize("readers", [("orv",), ("orva", "../orva"), ("",)])
def test_a_reader_without_a_seat_is_refused_and_nothing_is_logged(
    scene: Scene, readers: tuple[str, ...]
) -> None:
    size = scene.store.size()
    with pytest.raises(Malformed, match="has no seat here"):
        export(scene.log, readers, now=scene.clock.now())
    assert scene.store.size() == size


def test_a_reader_named_twice_gets_one_archive(scene: Scene) -> None:
    assert len(export(scene.log, ["orva", "orva"], now=scene.clock.now())) == 1


# When the public sees what.


def test_where_no_head_is_old_enough_it_says_when_one_will_be() -> None:
    scene = founded(DAY)
    scene.clock.seconds += 3600
    with pytest.raises(Unavailable, match="Repeat at 2026-03-02T06:00:00Z: the first head is then 1 d old"):
        archives(scene, "public")
    size = scene.store.size()
    with pytest.raises(Unavailable, match="2026-03-02"):
        archives(scene, "orva", "public")
    assert scene.store.size() == size, "nothing is logged for an archive that nobody gets"


def test_the_public_sees_the_newest_head_that_is_old_enough_and_no_entry_more() -> None:
    scene = founded(DAY)
    for _ in range(3):
        scene.clock.seconds += 3600
        scene.log.submit([scene.record()])
    scene.clock.seconds = START + 86_400 + 3600
    made = archives(scene, "public", "orva")
    assert head_of(made["public"]).size == 3
    assert len(list(entries(made["public"]))) == 3
    assert root(map(leaf_hash, entries(made["public"]))) == head_of(made["public"]).root
    assert head_of(made["orva"]).size > 3


def test_a_head_is_as_old_as_its_quorum_not_as_its_first_cosignature() -> None:
    scene = founded(DAY)
    scene.witnesses[1].silent = True
    scene.log.submit([scene.record()])
    scene.clock.seconds += 86_400
    scene.witnesses[1].silent = False
    scene.log.publish()
    assert head_of(archives(scene, "public")["public"]).size == 1


def test_without_a_delay_in_the_agreement_no_head_is_ever_old_enough() -> None:
    scene = founded()
    scene.clock.seconds += 10**9
    with pytest.raises(Unavailable, match="sets no publication_delay"):
        archives(scene, "public")


def test_where_no_head_has_its_quorum_it_says_so() -> None:
    clock = FixedClock(START)
    silent = [Witness(name, clock, silent=True) for name in ("one", "two")]
    scene = Scene(MemoryStore(), silent, clock, AGREEMENT + AT_ONCE)
    scene.log.submit([Submission(scene.founding)])
    with pytest.raises(Unavailable, match="quorum of witnesses must cosign"):
        archives(scene, "public")
    assert head_of(archives(scene, "orva")["orva"]).size == 3, "a party gets its archive all the same"


def test_without_witnesses_a_head_is_as_old_as_its_publication() -> None:
    scene = founded(DAY, witnesses=0)
    with pytest.raises(Unavailable, match="2026-03-02T06:00:00Z"):
        archives(scene, "public")
    scene.clock.seconds += 86_400
    assert head_of(archives(scene, "public")["public"]).size == 1
