"""What the pages say, as values, against the same said elsewhere: the core, the replay's own tables, the export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.kernel.instant import print_day
from safeconduct.core.passage.waits import DAY_S, median_waits
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.export import public_head
from safeconduct.service.ports import Row
from safeconduct.service.public_fold import PublicFold, Watch
from safeconduct.service.public_head import NotYet, PublicHead, PublicHeads
from safeconduct.service.public_list import PAGE, SORTS, Query, select
from safeconduct.service.public_page import Step, counts, queue, spans, step_of, unwatched_posts, waits
from safeconduct.service.public_passage import STATES
from safeconduct.service.public_story import findings_of, prove, story_of
from safeconduct.service.story import Log, tell_passage
from safeconduct.service.timeline import timelines, told_until_s, waits_of
from safeconduct.service.version import keyring_at
from safeconduct.sim.stage import Stage
from tests.web.public_scene import Scene, agreement_with_restrictions, black_sea, restricted, simulated_day

HOUR = 3_600


def newest_of(scene: Scene) -> PublicHead:
    head = PublicHeads(scene).at(scene.clock.now())
    assert isinstance(head, PublicHead)
    return head


def folded(scene: Scene) -> PublicFold:
    fold = PublicFold(scene.founding)
    fold.extend(scene.store, newest_of(scene))
    return fold


def scene_of(stage: Stage) -> Scene:
    return Scene(stage.store, stage.founding, stage.clock)


# The head


def test_the_head_is_that_of_the_publics_archive_at_every_hour() -> None:
    stage = Stage("head", agreement=agreement_with_restrictions(delay="6 h"))
    heads = PublicHeads(scene_of(stage))
    seen = set()
    for _ in range(12):
        stage.declare()
        stage.clock.advance(hours=1)
        now = stage.clock.now()
        try:
            expected: bytes | None = public_head(stage.log, now=now).note
        except Unavailable:
            expected = None
        head = heads.at(now)
        assert expected == (None if isinstance(head, NotYet) else head.note)
        seen.add(type(head))
    assert seen == {NotYet, PublicHead}


def test_before_the_first_head_is_old_enough_it_says_when_and_is_right() -> None:
    stage = Stage("when", agreement=agreement_with_restrictions(delay="6 h"))
    heads = PublicHeads(scene_of(stage))
    early = heads.at(stage.clock.now())
    assert isinstance(early, NotYet)
    assert early.first_s is not None
    assert isinstance(heads.at(early.first_s - 1), NotYet)
    assert isinstance(heads.at(early.first_s), PublicHead)


def test_without_a_delay_or_a_quorum_it_says_that_and_names_no_time() -> None:
    text = agreement_with_restrictions()
    start = text.index("[limits.publication_delay]")
    without = text[:start] + text[text.index("[limits.transit_limit]") :]
    assert PublicHeads(scene_of(Stage(agreement=without))).at(2**40) == NotYet("no-delay")
    stage = Stage("alone")
    alone = MemoryStore()
    alone.append(
        0, [Row(text, f"{n}", "any") for n, text in enumerate(stage.entries())], lambda _: stage.head(), 1
    )
    bare = stage.store.committed()[-1]
    alone.publish(bare.note, bare.size, bare.time)
    assert PublicHeads(Scene(alone, stage.founding, stage.clock)).at(2**40) == NotYet("no-quorum", 0)


# The fold


def test_a_fold_that_grew_is_a_fold_from_nothing() -> None:
    stage = Stage("grows")
    scene = scene_of(stage)
    grown = PublicFold(stage.founding)
    moving = [stage.declare(plate=f"KM {number}") for number in range(3)]
    for step in ("grant", "arrive", "inspect", "enter", "exit"):
        for one in moving:
            getattr(one, step)()
        stage.clock.advance(hours=1)
        grown.extend(stage.store, newest_of(scene))
        fresh = folded(scene)
        assert (grown.passages, grown.watches, grown.size) == (fresh.passages, fresh.watches, fresh.size)
    assert [one.state(stage.founding.agreement.classes) for one in grown.passages.values()] == ["out"] * 3


def test_what_was_withdrawn_or_corrected_is_not_counted() -> None:
    stage = Stage("withdrawn")
    moving = stage.declare()
    moving.arrive()
    entered = moving.enter()
    stage.hand("north-gate").record("withdrawal", passage=moving.psg, withdraws=entered.leaf)
    stage.publish()
    one = folded(scene_of(stage)).passages[moving.psg]
    assert one.entered is None
    assert one.arrived is not None


def test_a_correction_without_the_passages_identifier_still_belongs_to_it() -> None:
    stage = Stage("named")
    moving = stage.declare()
    seen = moving.inspect()
    stage.hand("orva/liaison").record("countersign", clear={"of": seen.leaf, "verdict": "agrees"})
    stage.publish()
    fold = folded(scene_of(stage))
    assert len(fold.passages[moving.psg].records) == 3


def test_an_entry_that_nobody_can_read_keeps_its_place_and_tells_nothing() -> None:
    stage = Stage("unreadable")
    index = stage.log_raw(b"not a record")
    stage.pass_time(hours=1)
    scene = scene_of(stage)
    fold, head = folded(scene), newest_of(scene)
    proved = prove(fold, stage.store, head, index)
    assert proved is not None
    assert proved.told is None
    assert proved.receipt.check(proved.text, stage.log.policy) == "cosigned"


# Stories


@pytest.mark.parametrize("make", [simulated_day, restricted, black_sea])
def test_a_story_is_in_the_order_and_at_the_times_that_show_tells(make: Callable[[], Scene]) -> None:
    scene = make()
    fold = folded(scene)
    ring = keyring_at(scene.founding, scene.store, fold.size)
    log = Log(scene.store.entries, lambda _: (), scene.founding, newest_of(scene).note)
    for psg in list(fold.passages)[:: max(1, len(fold.passages) // 8)]:
        steps = story_of(fold, scene.store, ring, psg)
        told = tell_passage(log, psg)
        assert [(s.told.event.index, s.told.event.occurred) for s in steps] == [
            (one.event.index, one.event.occurred) for one in told
        ]
        assert all(step.stands and step.counts for step in steps)
        assert all(step.told.private == {} for step in steps)


def test_a_story_finds_what_clear_claims_show_and_nothing_from_absence() -> None:
    scene = black_sea()
    fold = folded(scene)
    ring = keyring_at(scene.founding, scene.store, fold.size)
    found = Counter(
        finding.rule
        for psg in fold.passages
        for finding in findings_of(fold, ring, story_of(fold, scene.store, ring, psg))
    )
    assert found == {"vehicle.imo_check_digit": 3}


def test_a_record_by_a_key_that_may_not_sign_it_is_told_and_not_counted() -> None:
    stage = Stage("stranger")
    moving = stage.declare()
    moving.arrive(clear={"post": "north-gate"})
    stage.stranger("south-gate/post", "a stranger's telephone")
    moving.exit("a stranger's telephone", clear={"post": "south-gate"})
    stage.publish()
    scene = scene_of(stage)
    fold = folded(scene)
    ring = keyring_at(scene.founding, scene.store, fold.size)
    steps = story_of(fold, scene.store, ring, moving.psg)
    assert [step.counts for step in steps] == [True, True, False]
    assert findings_of(fold, ring, steps) == ()


# Figures


def test_the_waits_of_the_replay_are_those_that_the_demonstration_prints() -> None:
    scene = black_sea()
    entries = [parse_entry(text) for text in scene.store.entries()]
    until = told_until_s(entries)
    assert until is not None
    expected = median_waits(waits_of(timelines(entries)), told_until_s=until)
    fold = folded(scene)
    assert fold.told_until_s == until
    found = waits(fold.passages.values(), scene.founding.agreement, "month", until)
    assert [
        (print_day(one.span.start_s)[:7], one.begun, one.ended, _days(one.median_s), _days(one.at_least_s))
        for one in found
    ] == [(e.month, e.begun, e.ended, e.median_days, e.at_least_days) for e in expected]


def _days(seconds: Fraction | None) -> Fraction | None:
    return None if seconds is None else seconds / DAY_S


def test_the_middle_half_is_the_mock_ups_by_another_program() -> None:
    """The bars of `public-voyages`: nearest rank, computed there from the source's table."""
    scene = black_sea()
    fold = folded(scene)
    found = waits(fold.passages.values(), scene.founding.agreement, "month", fold.told_until_s or 0)
    middle = {
        print_day(one.span.start_s)[:7]: (_whole(one.low_s), _whole(one.high_s), _whole(one.longest_s))
        for one in found
    }
    assert middle["2022-08"] == (2, 3, 6)
    assert middle["2022-10"] == (8, 17, 42)
    assert middle["2023-02"] == (7, 12, 17)
    assert middle["2023-03"][:2] == (None, None)


def _whole(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // DAY_S


def test_the_counts_of_the_replay_are_its_months_and_what_the_source_does_not_cover_is_not_watched() -> None:
    scene = black_sea()
    fold = folded(scene)
    until = fold.told_until_s
    assert until is not None
    found = counts(fold.passages.values(), tuple(fold.watches.values()), "month", until)
    assert [one.count for one in found] == [1, 67, 180, 175, 90, 104, 77, 83, 48]
    assert [one.watched for one in found] == [Fraction(1, 31), *[Fraction(1)] * 7, Fraction(17, 31)]
    assert unwatched_posts(scene.founding.agreement, fold.watches.values()) == ("istanbul",)
    waiting = queue(fold.passages.values(), scene.founding.agreement, until)
    assert (waiting.waiting, waiting.longest_s // DAY_S) == (27, 16)


def test_an_hour_without_a_watch_is_not_watched_and_one_of_two_posts_is_half() -> None:
    watches = [
        Watch("north", 0, 2 * HOUR - 1, frozenset({"entered"})),
        Watch("north", 3 * HOUR, None, frozenset({"entered"})),
        Watch("south", 0, HOUR - 1, frozenset({"entered"})),
        Watch("south", HOUR, 4 * HOUR, frozenset({"seal"})),
    ]
    passage = next(iter(folded(restricted()).passages.values()))
    assert passage.entered is not None
    moved = replace(passage, entered=replace(passage.entered, when_s=10))
    found = counts([moved], watches, "hour", 4 * HOUR - 1)
    assert [one.watched for one in found] == [1, Fraction(1, 2), 0, Fraction(3599, 7200)]
    assert [one.count for one in found] == [1, 0, 0, 0]


@pytest.mark.parametrize("step", ["month", "day", "hour"])
def test_spans_touch_and_a_claim_of_any_time_breaks_nothing(step: Step) -> None:
    for first, last in ((1_658_448_000, 1_679_184_120), (-(2**52), 2**52), (0, 0)):
        found = spans(first, last, step)
        assert all(one.end_s == two.start_s for one, two in pairwise(found))
        assert len(found) <= 10_000


def test_a_replay_is_told_by_months_a_short_record_by_hours_a_long_one_by_days() -> None:
    assert step_of("replay", [0]) == "month"
    assert step_of("live", [0, 47 * HOUR]) == "hour"
    assert step_of("live", [0, 49 * HOUR]) == "day"
    assert step_of("simulated", []) == "day"


# The list


def test_pages_hold_every_passage_once_in_every_order() -> None:
    scene = black_sea()
    passages = tuple(folded(scene).passages.values())
    agreement = scene.founding.agreement
    for sort in SORTS:
        for descending in (True, False):
            query = Query(sort=sort, descending=descending)
            pages = select(passages, agreement, query).pages
            shown = [
                one.psg
                for page in range(1, pages + 1)
                for one in select(
                    passages, agreement, Query(sort=sort, descending=descending, page=page)
                ).shown
            ]
            assert pages == -(-len(passages) // PAGE)
            assert sorted(shown) == sorted(one.psg for one in passages)


def test_search_finds_by_number_port_heading_and_country_and_every_word_must_fit() -> None:
    scene = black_sea()
    passages = tuple(folded(scene).passages.values())
    agreement = scene.founding.agreement

    def found(**query: str) -> int:
        return len(select(passages, agreement, Query(**query)).found)  # type: ignore[arg-type]

    assert found(search="9146874") == 1
    assert found(search="odesa") == found(search="ODESA") == found(post="odesa")
    assert 0 < found(search="odesa 1005 es") < found(search="odesa 1005") < found(search="odesa")
    assert found(state="waiting") == 27
    assert found(search="no such thing") == 0
    assert sum(found(state=state) for state in STATES) == 825
