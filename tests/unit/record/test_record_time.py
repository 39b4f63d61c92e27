from __future__ import annotations

from safeconduct.core.record.time import Bounds, HeadTimes, occurrence


def heads(*sizes_and_times: tuple[int, int]) -> HeadTimes:
    times = HeadTimes()
    for size, time in sizes_and_times:
        times.add(size, time)
    return times


def test_bounds_that_touch_or_lie_apart_prove_an_order_and_overlapping_ones_do_not() -> None:
    assert Bounds(1, 5).certainly_before(Bounds(5, 9))
    assert Bounds(None, 5).certainly_before(Bounds(6, None))
    assert not Bounds(1, 6).certainly_before(Bounds(5, 9))
    assert not Bounds(1, None).certainly_before(Bounds(5, 9))
    assert not Bounds(1, 5).certainly_before(Bounds(None, 9))


def test_a_head_is_as_late_as_every_smaller_one() -> None:
    times = heads((10, 100), (20, 90), (30, 200))
    assert [times.time_of(size) for size in (9, 10, 20, 25, 30, 99)] == [None, 100, 100, 100, 200, 200]
    assert times.now == 200


def test_heads_may_come_in_any_order_and_of_one_size_the_earliest_counts() -> None:
    assert heads((30, 200), (10, 100), (20, 90), (10, 80)) == heads((10, 80), (20, 90), (30, 200))
    assert heads((20, 90), (10, 100)).first_covering(15) == 100


def test_the_first_head_over_an_entry_is_larger_than_its_index() -> None:
    times = heads((10, 100), (20, 200))
    assert [times.first_covering(index) for index in (0, 9, 10, 19, 20)] == [100, 100, 200, 200, None]


def test_the_first_head_dated_after_a_time_is_found_by_its_raised_time() -> None:
    times = heads((10, 100), (20, 90), (30, 200))
    assert [times.first_after(time) for time in (99, 100, 199, 200)] == [10, 30, 30, None]


def test_without_dated_heads_nothing_is_known_and_no_limit_passes() -> None:
    times = HeadTimes()
    assert (times.now, times.time_of(5), times.first_covering(5)) == (None, None, None)
    assert not times.has_passed(0, 0)


def test_a_limit_passes_when_now_is_more_than_it_past_the_start_and_never_if_unset() -> None:
    times = heads((10, 100))
    assert [times.has_passed(90, limit) for limit in (9, 10, None)] == [True, False, False]
    assert not times.has_passed(None, 0)


def test_bounds_come_from_what_was_seen_and_what_covers() -> None:
    times = heads((10, 100), (20, 200))
    assert times.bounds(15, 10) == Bounds(100, 200)
    assert times.bounds(25, None) == Bounds(None, None)


def test_occurrence_is_the_device_time_in_its_bounds_and_after_what_came_before() -> None:
    bounds = Bounds(100, 200)
    assert [occurrence(iat, bounds) for iat in (50, 150, 250)] == [100, 150, 200]
    assert [occurrence(iat, Bounds()) for iat in (50, 250)] == [50, 250]
    assert occurrence(150, bounds, key_maximum=170) == 170
    assert occurrence(150, bounds, key_maximum=170, named_maximum=180) == 180


def test_what_came_before_moves_no_occurrence_past_the_first_dated_head() -> None:
    """The time of another record may be a claim; the bound is proved."""
    assert occurrence(150, Bounds(100, 200), named_maximum=900) == 200
    assert occurrence(150, Bounds(100, 200), key_maximum=900) == 200
    assert occurrence(150, Bounds(100), named_maximum=900) == 900


def test_a_claimed_time_is_bounded_from_above_only() -> None:
    assert occurrence(150, Bounds(100, 200), at=20, key_maximum=170, named_maximum=180) == 20
    assert occurrence(150, Bounds(100, 200), at=300) == 200
    assert occurrence(150, Bounds(100), at=300) == 300
