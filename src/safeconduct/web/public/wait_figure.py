"""How long they waited for inspection: median and middle half; a span that is not decided is hatched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import get_language_bidi, gettext

from safeconduct.core.kernel.instant import print_instant
from safeconduct.service.public_page import Waited, spans
from safeconduct.web.public.charts import Spread, waiting
from safeconduct.web.public.figure import SHOWN, Figure, step_word
from safeconduct.web.public.site import Figures, Shown
from safeconduct.web.public.times import duration, short_span, span
from safeconduct.web.public.wording import number

_DAY_S = 86_400


def waited(shown: Shown, counted: Figures) -> Figure:
    """Median and middle half; a span that is not decided is hatched."""
    step, days = counted.step, counted.by_day
    told = counted.waited[-SHOWN:]
    mirrored = get_language_bidi()
    scale = _Scale.of(
        [one.high_s or one.median_s or 0 for one in told if one.median_s is not None], days=days
    )
    by_span = {one.span: one for one in told}
    spreads = [
        _spread(by_span.get(one), short_span(one, step), scale)
        for one in spans(told[0].span.start_s, told[-1].span.start_s, step)[-SHOWN:]
    ]
    return Figure(
        name="waits",
        heading=gettext("How long they waited for inspection"),
        title=_longest_wait(counted, days=days),
        unit=gettext(
            "From arriving or going in to the inspection, by when the wait began, in %(unit)s: "
            "the median (dot) and the middle half (bar). Hatched: not known yet."
        )
        % {"unit": scale.word},
        chart=waiting(
            gettext("Median waits for inspection; the values are in the table below."),
            spreads,
            ticks=scale.ticks(),
            mirrored=mirrored,
        ),
        limits=tuple(_limits_of_waits(shown, counted, days=days)),
        columns=(
            step_word(counted),
            gettext("Began to wait"),
            gettext("Median"),
            gettext("Middle half"),
            gettext("Longest"),
            gettext("Not inspected yet"),
        ),
        rows=tuple(_wait_row(one, counted, days=days) for one in reversed(counted.waited)),
        computed=gettext(
            "Inspection minus arrival, or minus going in where no arrival is recorded. Middle half: nearest rank. "
            "A wait that goes on counts as longer than any other; a value is given where that decides it."
        ),
        raw_columns=(
            "from",
            "until",
            "began",
            "ended",
            "low_s",
            "median_s",
            "high_s",
            "at_least_s",
            "longest_s",
        ),
        raw=tuple(_raw_wait(one) for one in counted.waited),
    )


def _spread(one: Waited | None, name: str, scale: _Scale) -> Spread:
    if one is None:
        return Spread(name, None, None, None, "", begun=False)
    shown = "" if one.median_s is None else scale.short(one.median_s)
    return Spread(name, scale.of_s(one.low_s), scale.of_s(one.median_s), scale.of_s(one.high_s), shown)


def _longest_wait(counted: Figures, *, days: bool) -> str:
    known = [one for one in counted.waited if one.median_s is not None]
    if not known:
        return gettext("Too many wait still: no median is known")
    worst = max(known, key=lambda one: one.median_s or 0)
    return gettext("%(span)s was the longest: half waited %(wait)s or more") % {
        "span": span(worst.span, counted.step),
        "wait": duration(worst.median_s or 0, by_day=days),
    }


def _limits_of_waits(shown: Shown, counted: Figures, *, days: bool) -> Iterator[str]:
    if days:
        yield gettext("Days only, no hours.")
    if shown.founding.nature == "replay":
        yield gettext("The way and the queue are one figure here: the source has no arrivals.")
    for one in counted.waited[-SHOWN:]:
        if one.median_s is None:
            yield gettext(
                "%(span)s: %(open)s of %(all)s were not inspected yet, so their wait is not known."
            ) % {
                "span": span(one.span, counted.step),
                "open": number(one.begun - one.ended),
                "all": number(one.begun),
            }
    yield gettext("Who caused a wait.")


def _wait_row(one: Waited, counted: Figures, *, days: bool) -> tuple[str, ...]:
    def shown(value: int | Fraction | None) -> str:
        return gettext("not known") if value is None else duration(value, by_day=days)

    median = shown(one.median_s)
    if one.median_s is None:
        median = gettext("not known, at least %(wait)s") % {"wait": duration(one.at_least_s, by_day=days)}
    middle = gettext("not known")
    if one.low_s is not None and one.high_s is not None:
        middle = gettext("%(low)s to %(high)s") % {"low": shown(one.low_s), "high": shown(one.high_s)}
    return (
        span(one.span, counted.step),
        number(one.begun),
        median,
        middle,
        shown(one.longest_s),
        number(one.begun - one.ended),
    )


def _raw_wait(one: Waited) -> tuple[object, ...]:
    median = "" if one.median_s is None else str(float(one.median_s)).removesuffix(".0")
    at_least = str(float(one.at_least_s)).removesuffix(".0")
    ends = print_instant(one.span.start_s), print_instant(one.span.end_s)
    known = ("" if one.low_s is None else one.low_s, median, "" if one.high_s is None else one.high_s)
    return *ends, one.begun, one.ended, *known, at_least, "" if one.longest_s is None else one.longest_s


@dataclass(frozen=True, slots=True)
class _Scale:
    """The unit of a chart of waits, and its highest value."""

    unit_s: int
    word: str
    most: int

    @classmethod
    def of(cls, seconds: Sequence[int | Fraction], *, days: bool) -> _Scale:
        """Days, hours or minutes, whichever leaves small numbers."""
        most = max(seconds, default=0)
        if days or most >= 72 * 3600:
            unit, word = _DAY_S, gettext("days")
        elif most >= 2 * 3600:
            unit, word = 3600, gettext("hours")
        else:
            unit, word = 60, gettext("minutes")
        return cls(unit, word, max(1, -(-int(most) // unit)))

    def of_s(self, seconds: int | Fraction | None) -> float | None:
        """In this unit."""
        return None if seconds is None else float(seconds / self.unit_s)

    def short(self, seconds: int | Fraction) -> str:
        """On a dot: halves, or whole numbers."""
        halves = round(Fraction(seconds, self.unit_s) * 2)
        return f"{halves // 2}{'½' if halves % 2 else ''}"

    def ticks(self) -> list[tuple[float, str]]:
        """Three or four lines, at round numbers."""
        step = next(
            one for one in (1, 2, 5, 7, 10, 14, 20, 30, 50, 100, 200, 500, 10**9) if self.most <= 3 * one
        )
        return [(tick, number(tick)) for tick in range(0, 3 * step + 1, step)]
