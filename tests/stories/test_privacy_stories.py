"""A planted name is in nothing that the public or a party may not read; found first where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_base64url
from safeconduct.core.record.entry import parse_entry
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import Stage
from tests.stories.told import evening, journey

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
