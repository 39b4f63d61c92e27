"""A planted name is in nothing that the public or a party may not read; found first where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.kernel.spelling import parse_base64url
from safeconduct.core.record.entry import parse_entry
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage, corridor_file
from tests.stories.told import evening, journey, rules

PLATE, DRIVER = "ZQ 80417", "Planted Person"
ENCODED = re.compile(rb"[A-Za-z0-9_-]{8,}")


@pytest.fixture(scope="module")
def stage() -> Stage:
    stage = Stage()
    passage = stage.passage(plate=PLATE, goods=[("1101", 20_000, "KGM")])
    passage.declare(private={"driver": DRIVER})
    passage.grant()
    passage.arrive()
    passage.inspect(private={"words": f"{DRIVER} was polite"})
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    return stage


def decoded_forms(archive: MemoryArchive) -> Iterator[bytes]:
    """Every file, and everything in it that base64url may hide, twice over."""
    for data in archive.files.values():
        yield data
        for part in ENCODED.findall(data):
            try:
                inner = parse_base64url(part.decode())
            except Malformed:
                continue
            yield inner
            yield from (parse for one in ENCODED.findall(inner) if (parse := _decoded(one)))


def _decoded(part: bytes) -> bytes:
    try:
        return parse_base64url(part.decode())
    except Malformed:
        return b""


def holds(archive: MemoryArchive, word: str) -> bool:
    wanted = (word.encode(), word.replace(" ", "").encode())
    return any(form in data for data in decoded_forms(archive) for form in wanted)


@pytest.mark.parametrize(
    ("reader", "plate", "driver"), [("mission", True, True), ("orva", True, False), ("public", False, False)]
)
def test_who_reads_what(stage: Stage, reader: str, *, plate: bool, driver: bool) -> None:
    archive = stage.archive(reader)
    assert holds(archive, PLATE) == plate
    assert holds(archive, DRIVER) == driver


def test_one_vehicle_is_not_linkable_across_passages() -> None:
    stage = Stage()
    first, second = journey(stage), journey(stage)
    assert first.plate == second.plate
    assert tags(stage, first).isdisjoint(tags(stage, second))
    assert len(tags(stage, first)) == 1


def tags(stage: Stage, passage: Movement) -> set[str]:
    """The plate tags that stand in the log for one passage."""
    told = [parse_entry(entry).payload for entry in stage.entries()]
    return {
        payload["plate_tag"]
        for payload in told
        if payload.get("psg") == passage.psg and "plate_tag" in payload
    }


def amended(stage: Stage, **changes: str) -> None:
    """Version 2 of the agreement, which mission and Orva sign: lines of the old one, and what stands there now."""
    text = corridor_file("agreement.toml").replace("version = 1", "version = 2")
    for name, value in changes.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", f'{name} = "{value}"', text)
        assert count == 1
    clear = {"agreement": text, "route": corridor_file("route.geojson"), "version": 2}
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    stage.clock.advance(minutes=10)


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        ({}, (True, False), (True, False)),
        ({"plate": "guarantor"}, (False, False), (False, False)),
        ({"driver": "parties"}, (True, False), (True, True)),
    ],
    ids=["as before", "plates for the guarantor only", "drivers for the parties too"],
)
def test_a_party_sees_what_the_agreement_in_force_shows_and_nothing_told_in_confidence_before(
    changes: dict[str, str], before: tuple[bool, bool], after: tuple[bool, bool]
) -> None:
    stage = Stage()
    told = {"driver": DRIVER}
    stage.passage(plate=PLATE).declare(private=told)
    amended(stage, **changes)
    first = stage.archive("orva")
    assert (holds(first, PLATE), holds(first, DRIVER)) == before
    stage.passage(plate=PLATE).declare(private=told)
    second = stage.archive("orva")
    assert (holds(second, PLATE), holds(second, DRIVER)) == after
    assert rules(stage.audit(second)) == set()


def test_the_public_waits_as_long_as_the_agreement_in_force_says() -> None:
    stage = Stage()
    assert stage.archive("public").files
    text = corridor_file("agreement.toml").replace("version = 1", "version = 2").replace('"0 s"', '"3 d"')
    clear = {"agreement": text, "route": corridor_file("route.geojson"), "version": 2}
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    with pytest.raises(Unavailable, match="the first head is then 3 d old"):
        stage.archive("public")
    size = stage.store.size()
    stage.pass_time(days=3)
    stage.declare()
    archive = stage.archive("public")
    assert f"tile/entries/000.p/{size}" in archive.files
    report = stage.audit(archive)
    assert rules(report) == set()
    assert report.head is not None
    assert report.head.size == size < stage.store.size()
