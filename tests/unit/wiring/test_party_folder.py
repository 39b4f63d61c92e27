"""A party's folder: whole or not there, of one corridor, which its founding record names."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from safeconduct.adapters import http_get
from safeconduct.adapters.file_lock import FileLock, is_held
from safeconduct.adapters.keys import read_key
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, Unavailable
from safeconduct.service.served_founding import served_founding
from safeconduct.sim.stage import Stage
from safeconduct.wiring.party import (
    CORRIDOR,
    LOCK,
    READER,
    WITNESS,
    Corridor,
    corridor_of,
    follow_corridor,
    found_at,
    new_party,
)
from safeconduct.wiring.party_serve import serving_party
from safeconduct.wiring.witness import key_of, logs_of
from tests.http_server import files, serving
from tests.unit.wiring.party_scene import NAME, Log, public

URL = "https://corridor.example/public/"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage("party", watching=False)


@pytest.fixture
def copy(stage: Stage, tmp_path: Path) -> Path:
    """An archive that the party was given."""
    for path, content in stage.archive().files.items():
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path).write_bytes(content)
    return tmp_path / "copy"


def test_before_there_is_a_corridor_there_is_a_key_and_afterwards_a_log(
    stage: Stage, copy: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "party"
    witness = new_party(folder, NAME, None)
    assert (key_of(folder / WITNESS), logs_of(folder / WITNESS, NAME)) == (witness, ())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(Malformed, match="follows no corridor yet"):
        corridor_of(folder)
    with pytest.raises(Malformed, match="follows no corridor yet"), serving_party(folder, Log()):
        pass
    followed = follow_corridor(folder, *found_at(URL, stage.cor, None, copy=copy))
    assert corridor_of(folder) == Corridor(URL, stage.cor)
    assert logs_of(folder / WITNESS, NAME) == (stage.log_key,)
    assert not followed.is_named, "the corridor was founded with others"
    assert (followed.witness, followed.corridor.address) == (witness, URL)


def test_what_is_followed_comes_from_the_founding_record_and_not_from_the_file_policy(
    stage: Stage, tmp_path: Path
) -> None:
    shown = dict(public(stage))
    shown["policy"] = public(Stage("somebody else"))["policy"]
    with serving(files(shown)) as served:
        new_party(tmp_path / "party", NAME, found_at(served.url, None, None))
    assert (tmp_path / "party" / WITNESS / "policy").read_bytes() == public(stage)["policy"]
    assert corridor_of(tmp_path / "party").identifier == stage.cor


def test_another_corridor_than_the_papers_is_disproved(stage: Stage, copy: Path) -> None:
    with pytest.raises(Disproved, match=f"this is corridor {stage.cor}"):
        found_at(URL, "0" * 64, None, copy=copy)
    with pytest.raises(Malformed, match="hexadecimal"):
        found_at(URL, "0" * 63, None, copy=copy)
    with pytest.raises(Malformed, match="no address"):
        found_at("corridor.example", None, None, copy=copy)


def test_a_place_that_serves_nothing_yet_is_told(stage: Stage) -> None:
    with serving(files({})) as served, pytest.raises(Unavailable, match="no archive here"):
        found_at(served.url, None, None)
    note = public(stage)["checkpoint"].split(b"\n")
    empty = b"\n".join([note[0], b"0", *note[2:]])
    with pytest.raises(Malformed, match="empty"):
        served_founding({"checkpoint": empty}.get, None)
    with pytest.raises(Unavailable, match="no archive here"):
        served_founding({"checkpoint": public(stage)["checkpoint"]}.get, None)


def test_a_party_stays_with_its_corridor_and_its_address_and_key_may_change(
    stage: Stage, copy: Path, tmp_path: Path
) -> None:
    folder, key = tmp_path / "party", stage.key("orva/liaison")
    new_party(folder, NAME, found_at("https://one.example/archive", stage.cor, key, copy=copy))
    assert corridor_of(folder) == Corridor("https://one.example/archive/", stage.cor, key)
    assert stat.S_IMODE((folder / READER).stat().st_mode) == 0o600
    other = stage.key("orva/witness")
    follow_corridor(folder, *found_at(URL, stage.cor, other, copy=copy))
    assert read_key(folder / READER) == other
    follow_corridor(folder, *found_at(URL, stage.cor, None, copy=copy))
    assert (corridor_of(folder), (folder / READER).exists()) == (Corridor(URL, stage.cor), False)
    stranger = Stage("somebody else")
    with serving(files(public(stranger))) as served, pytest.raises(Conflict, match=stage.cor):
        follow_corridor(folder, *found_at(served.url, None, None))
    assert logs_of(folder / WITNESS, NAME) == (stage.log_key,)


def test_a_folder_is_there_whole_or_not_at_all(stage: Stage, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="key name"):
        new_party(tmp_path / "party", "with+plus", None)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert before == ["copy"]
    new_party(tmp_path / "party", NAME, None)
    with pytest.raises(Conflict, match="there already"):
        new_party(tmp_path / "party", NAME, None)
    with pytest.raises(Conflict, match="there already"):
        new_party(copy, NAME, None)
    with pytest.raises(Unavailable, match="no party here"):
        follow_corridor(copy, *found_at(URL, stage.cor, None, copy=copy))


@pytest.mark.parametrize(
    "text", ["{}", '{"address":1,"identifier":""}', '{"address":"x","identifier":"00"}', "x"]
)
def test_a_file_that_names_no_corridor_is_refused(
    stage: Stage, copy: Path, tmp_path: Path, text: str
) -> None:
    new_party(tmp_path / "party", NAME, found_at(URL, stage.cor, None, copy=copy))
    (tmp_path / "party" / CORRIDOR).write_text(f"{text}\n")
    with pytest.raises(Malformed):
        corridor_of(tmp_path / "party")


def test_one_process_serves_it_and_whoever_only_looks_is_waited_for(
    stage: Stage, copy: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "party"
    new_party(folder, NAME, found_at(URL, stage.cor, None, copy=copy))
    assert not is_held(folder / LOCK)
    with serving_party(folder, Log()):
        assert is_held(folder / LOCK)
        with (
            pytest.raises(Unavailable, match="another process serves this party"),
            serving_party(folder, Log()),
        ):
            pass
    assert not is_held(folder / LOCK)
    looking = FileLock(folder / LOCK)
    looking.take()
    looking.release()
    with serving_party(folder, Log()) as party:
        assert party.why_not is None
