from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.sim.day import PEOPLE, VEHICLES, play_day
from safeconduct.sim.stage import Stage


@cache
def day() -> Stage:
    return play_day()


@cache
def records() -> list[Entry]:
    return [parse_entry(entry) for entry in day().entries()]


def of_kind(kind: str) -> list[Entry]:
    return [record for record in records() if record.evt == kind]


def test_a_normal_day_has_the_size_of_lachins() -> None:
    assert len(of_kind("entered")) == len(of_kind("exited")) == VEHICLES == 920
    assert sum(record.payload["people"] for record in of_kind("entered")) == PEOPLE == 2_450
    classes = Counter(record.payload["class"] for record in of_kind("arrival"))
    assert classes == {"resident": 700, "humanitarian": 180, "guarantor": 40}
    directions = Counter(record.payload["direction"] for record in of_kind("entered"))
    assert min(directions["in"], directions["out"]) > 400


def test_relief_goods_have_passes_inspections_and_seals_and_residents_need_none() -> None:
    assert [len(of_kind(kind)) for kind in ("declaration", "pass", "inspection", "seal")] == [
        180,
        180,
        180,
        360,
    ]
    assert sum("pass" in record.payload for record in of_kind("entered")) == 180
    assert len(of_kind("countersign")) == 360


def test_a_post_without_a_network_hands_in_late_and_in_its_order() -> None:
    south = [record for record in records() if record.kid == day().hand("south-gate/post").kid]
    assert [record.seq for record in south] == list(range(len(south)))
    longest = Counter(record.seen for record in south).most_common(1)[0][1]
    assert longest > 50


def test_the_day_says_that_it_is_simulated_and_nothing_is_found_or_left_open() -> None:
    report = day().audit()
    assert (report.exit_code, report.nature, report.open_states) == (0, "simulated", ())
    assert any("nothing in it happened" in line for line in report.lines())


@pytest.mark.parametrize("reader", ["orva", "tessin", "public"])
def test_nothing_is_found_in_the_archive_of_any_other_reader(reader: str) -> None:
    small = play_day(vehicles=46)
    report = small.audit(small.archive(reader))
    assert (report.exit_code, report.open_states) == (0, ())


def test_the_same_seed_gives_the_same_archive_to_the_byte_and_another_seed_another() -> None:
    first, second, third = (
        play_day(seed, vehicles=46).archive().files for seed in ("a seed", "a seed", "another")
    )
    assert first == second
    assert first["checkpoint"] != third["checkpoint"]


def test_days_follow_each_other() -> None:
    stage = play_day(vehicles=46, days=2)
    assert sum(parse_entry(entry).evt == "exited" for entry in stage.entries()) == 92
    report = stage.audit()
    assert (report.exit_code, report.open_states) == (0, ())


def test_a_day_is_the_same_in_a_durable_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("day") / "corridor.db", create=True)
    assert play_day(vehicles=46, store=store).archive().files == play_day(vehicles=46).archive().files
