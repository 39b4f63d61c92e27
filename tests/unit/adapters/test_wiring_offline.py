"""A corridor in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from safeconduct.adapters.backup import copy_database
from safeconduct.adapters.chance import SeededChance
from safeconduct.adapters.clock import FixedClock, SystemClock
from safeconduct.adapters.keys import Ed25519Key
from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, Unavailable
from safeconduct.core.tlog.note import Note, VerifierKey
from safeconduct.service.found import Plan, found
from safeconduct.service.publication import publish
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.sim.stage import corridor_file
from safeconduct.wiring.offline import new_store, open_corridor, open_store


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


SEED = b"offline"
CHANCE = SeededChance(SEED)
START = 1_772_344_800


def key(name: str) -> Ed25519Key:
    return Ed25519Key(CHANCE.bytes(name, 32))


KEYS = {name: key(name) for name in ("log", "service", "witness-one")}
WITNESS = VerifierKey.of("one.example", 4, key("witness-one").public_key)


def founded(folder: Path, nature: str, seed: bytes | None = SEED) -> Path:
    plan = Plan(
        agreement=corridor_file("agreement.toml"),
        route=corridor_file("route.geojson"),
        nature=nature,
        origin="log.example/road",
        log_key=key("log").public_key,
        service_key=key("service").public_key,
        seats={},
        witnesses=[WITNESS],
        quorum=1,
    )
    clock = FixedClock(START)
    with new_store(folder, keys=KEYS, seed=seed) as store:
        log = Sequencer(store, log=key("log"), service=key("service"), clock=clock, chance=CHANCE)
        log.submit([Submission(found(plan, key("root"), clock=clock, chance=CHANCE))])
    return folder


def cosignatures(folder: Path) -> int:
    with open_corridor(folder) as corridor:
        corridor.sequencer.publish()
        return len(Note.parse(corridor.store.published()[-1].note).signatures) - 1


def test_a_simulated_corridor_lives_in_its_own_time_and_has_its_witnesses(tmp_path: Path) -> None:
    folder = founded(tmp_path / "dir", "simulated")
    with open_corridor(folder) as corridor:
        assert corridor.clock.now() == START
    assert cosignatures(folder) == 1


@pytest.mark.parametrize(("nature", "seed"), [("live", SEED), ("simulated", None)])
def test_a_live_corridor_uses_no_witness_key_and_no_seed_that_lies_beside_it(
    tmp_path: Path, nature: str, seed: bytes | None
) -> None:
    folder = founded(tmp_path / "dir", nature, seed)
    with open_corridor(folder) as corridor:
        assert isinstance(corridor.clock, SystemClock)
    assert cosignatures(folder) == 0


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_store(tmp_path / "dir", keys=KEYS):
        raise ZeroDivisionError
    assert names(tmp_path) == []
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_text("mine")
    with pytest.raises(Conflict, match="nothing is overwritten"), new_store(tmp_path / "dir", keys=KEYS):
        raise AssertionError
    assert names(tmp_path) == ["dir"]


def test_what_is_no_corridor_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="safeconduct init"):
        open_store(tmp_path)
    with new_store(tmp_path / "dir", keys=KEYS):
        pass
    with pytest.raises(Unavailable, match="no founding record"), open_corridor(tmp_path / "dir"):
        raise AssertionError


def test_a_seed_that_is_none_is_malformed(tmp_path: Path) -> None:
    folder = founded(tmp_path / "dir", "simulated")
    (folder / "keys" / "seed").write_text("junk\n")
    with pytest.raises(Malformed, match="hexadecimal"), open_corridor(folder):
        raise AssertionError


def test_keys_of_another_corridor_do_not_append(tmp_path: Path) -> None:
    folder = founded(tmp_path / "dir", "live")
    (folder / "keys" / "log.jwk").unlink()
    (folder / "keys" / "witness-one.jwk").rename(folder / "keys" / "log.jwk")
    with pytest.raises(Malformed, match="another log key"), open_corridor(folder):
        raise AssertionError


def test_nothing_is_appended_to_a_log_that_is_older_than_its_own_published_files(tmp_path: Path) -> None:
    folder, old = founded(tmp_path / "dir", "simulated"), tmp_path / "old.db"
    copy_database(folder / "corridor.db", old)
    with open_corridor(folder) as corridor:
        log = corridor.sequencer
        log.submit_own([("disclosure", {"reader": "orva", "digest": "0" * 64, "batches": []})])
        policy = corridor.founding.policy()
        publish(corridor.store, log.hashes, log.newest, policy, PublishFolder(folder / "published"))
    with open_corridor(folder):
        pass
    for path in folder.glob("corridor.db*"):
        path.unlink()
    old.rename(folder / "corridor.db")
    with pytest.raises(Disproved, match="the store is older than") as refused, open_corridor(folder):
        raise AssertionError
    assert refused.value.rule == "log.rollback"
    with open_store(folder) as store:
        assert store.size() == 1
    shutil.rmtree(folder / "published")
    with open_corridor(folder):  # nothing outside the store tells of it
        pass
