"""A party's own disclosures: recorded first, and a repeat records nothing."""

from __future__ import annotations

import json

import pytest

from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.tiles import tiles_of
from safeconduct.service.disclosing import disclose
from safeconduct.service.export import export
from safeconduct.service.publication import Publication
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import Stage
from tests.unit.service.publish_targets import MemoryTarget
from tests.unit.service.service_scene import Scene
from tests.unit.service.test_export import AT_ONCE, TIERS, founded, lines


@pytest.fixture
def scene() -> Scene:
    made = founded(TIERS, AT_ONCE)
    made.log.submit([made.words("what was said"), made.words("and more")])
    return made


def logged(scene: Scene) -> list[str]:
    return [parse_entry(text).payload["reader"] for _, text in scene.store.of_kinds({"disclosure"})]


def test_the_file_is_that_of_an_export_and_its_record_is_under_the_head(scene: Scene) -> None:
    data, head = disclose(scene.log, "orva")
    assert head == scene.log.newest
    assert head.size == scene.store.size()
    assert logged(scene) == ["orva"]
    (archive,) = export(scene.log, ["orva"], now=scene.clock.now())
    assert data == dict(archive.files())["disclosures.jsonl"]


def test_a_repeat_gives_the_same_and_records_nothing(scene: Scene) -> None:
    first = disclose(scene.log, "orva")
    assert disclose(scene.log, "orva") == first
    assert logged(scene) == ["orva"]


def test_what_is_new_is_recorded_for_the_one_who_gets_it(scene: Scene) -> None:
    before, _ = disclose(scene.log, "orva")
    disclose(scene.log, "mission")
    scene.log.submit([scene.words("and again")])
    after, _ = disclose(scene.log, "orva")
    assert before is not None
    assert after is not None
    assert after.startswith(before)
    assert logged(scene) == ["orva", "mission", "orva"]


def test_where_nothing_may_be_seen_nothing_is_recorded(scene: Scene) -> None:
    assert disclose(scene.log, "watcher") == (None, scene.log.newest)
    assert logged(scene) == []


def test_what_was_erased_is_given_as_its_digest(scene: Scene) -> None:
    data, _ = disclose(scene.log, "orva")
    erased = json.loads((data or b"").splitlines()[0])["disclosures"][0]
    scene.log.submit([scene.record("erasure", {"digests": [digest_of(erased)]})])
    after, _ = disclose(scene.log, "orva")
    assert lines({"disclosures.jsonl": after or b""})[0]["erased"] == [digest_of(erased)]
    assert logged(scene) == ["orva"], "it holds what the record says it holds"


def test_the_whole_archive_over_http_is_one_that_the_auditor_finds_sound() -> None:
    stage = Stage("disclosing")
    stage.declare()
    stage.publish()
    publication = Publication(stage.store, stage.founding, MemoryTarget())
    data, head = disclose(stage.log, "orva")
    publication.publish(stage.log)
    stage.declare()
    stage.publish()
    publication.publish(stage.log)  # others went on meanwhile
    shown = publication.parties()
    assert shown.size > head.size
    assert data is not None
    names = ["policy", "checkpoint", *(tile.path for tile in tiles_of(shown.size))]
    files = {"disclosures.jsonl": data, **{name: shown.read(name) or b"" for name in names}}
    report = stage.audit(MemoryArchive(files))
    assert "disclosures.digest" not in report.rules
    assert report.sound
