import pytest

from safeconduct.core.passage.watch import HandedIn, Shift, Watch
from tests.unit.passage.told import BOTH, NOON, shift


def handed_in(*shifts: Shift, since: int = 0, until: int = 100, kind: str = "exited") -> HandedIn:
    return Watch.of(shifts).handed_in("south", kind, NOON + since, NOON + until)


def south(**told: object) -> Shift:
    minutes = {
        name: NOON + value if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in told.items()
    }
    return shift("south", **minutes)


def test_a_post_that_was_on_watch_and_is_whole_has_handed_in() -> None:
    assert handed_in(south()) is HandedIn.YES
    assert handed_in(south(end=100, whole_until=100)) is HandedIn.YES
    assert handed_in(south(end=200, whole_until=100)) is HandedIn.YES


@pytest.mark.parametrize(
    "shifts",
    [
        (),
        (shift("north"),),
        (south(start=1),),
        (south(end=99),),
        (south(end=40), south(start=42)),
        (south(kinds=frozenset({"seal"})),),
        (south(start=-50, end=-1), south(start=101)),
    ],
)
def test_a_stretch_with_an_open_second_is_not_watched(shifts: tuple[Shift, ...]) -> None:
    assert handed_in(*shifts) is HandedIn.NOT_WATCHED


def test_shifts_that_follow_each_other_cover_a_stretch() -> None:
    first, second = south(end=40, whole_until=40), south(start=41)
    assert handed_in(second, first) is HandedIn.YES


def test_a_short_shift_inside_a_long_one_does_not_hide_it() -> None:
    assert handed_in(south(start=-90), south(start=-80, end=-70), south(start=10, end=20)) is HandedIn.YES


def test_each_key_on_watch_must_have_handed_in() -> None:
    waiting = south(whole_until=99, kid="second")
    assert handed_in(south(), waiting) is HandedIn.NOT_YET
    assert handed_in(south(), south(whole_until=None)) is HandedIn.NOT_YET
    assert handed_in(south(), south(whole_until=99, overdue=True)) is HandedIn.DID_NOT


def test_the_seats_present_are_those_of_the_shifts_at_that_time() -> None:
    watch = Watch.of(
        [south(present=frozenset({"orva"}), end=50), south(present=frozenset({"tessin"}), start=51)]
    )
    assert watch.present_at("south", NOON + 20) == {"orva"}
    assert watch.present_at("south", NOON + 60) == {"tessin"}
    assert watch.present_at("nowhere", NOON) == frozenset()


def test_a_kind_is_judged_unless_the_watch_of_the_post_or_the_source_lists_others_only() -> None:
    watch = Watch.of(BOTH)
    assert watch.judges("exited", "south")
    assert watch.judges("exited", "unwatched")
    assert not watch.judges("weighing", "south")
    assert watch.judges("pass")
    assert not Watch.of(BOTH, source_kinds=frozenset({"entered"})).judges("exited", "south")
