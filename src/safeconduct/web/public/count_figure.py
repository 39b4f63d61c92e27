"""How many went in, and when nobody watched."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from django.utils.translation import get_language_bidi, gettext

from safeconduct.core.kernel.instant import print_instant
from safeconduct.service.public_page import Counted
from safeconduct.web.public.charts import Bar, over_time
from safeconduct.web.public.figure import SHOWN, Figure, step_word
from safeconduct.web.public.site import Figures, Shown
from safeconduct.web.public.times import day, short_span, span
from safeconduct.web.public.wording import listed, number, post


def went_in(shown: Shown, counted: Figures) -> Figure:
    """How many, and when nobody watched."""
    step, bars = counted.step, counted.counted[-SHOWN:]
    total = sum(one.count for one in counted.counted)
    most = max(bars, key=lambda one: one.count)
    units = {
        "month": gettext("Passages that went in, by month."),
        "day": gettext("Passages that went in, by day (UTC)."),
        "hour": gettext("Passages that went in, by hour (UTC)."),
    }
    hatched = gettext("Hatched: the share of the time that nobody watched.")
    unit = f"{units[step]} {hatched}"
    if len(bars) < len(counted.counted):
        unit += " " + gettext("The newest %(shown)s of %(all)s; the table has all.") % {
            "shown": number(len(bars)),
            "all": number(len(counted.counted)),
        }
    title = gettext("%(span)s had the most: %(count)s of %(total)s") % {
        "span": span(most.span, step),
        "count": number(most.count),
        "total": number(total),
    }
    return Figure(
        name="went-in",
        heading=gettext("How many went in"),
        title=title,
        unit=unit,
        chart=over_time(
            gettext("Passages that went in; the values are in the table below."),
            [Bar(short_span(one.span, step), one.count, one.watched, number(one.count)) for one in bars],
            mirrored=get_language_bidi(),
        ),
        limits=tuple(_limits_of_counts(shown, counted)),
        columns=(step_word(counted), gettext("Went in"), gettext("Watched")),
        rows=tuple(
            (span(one.span, step), number(one.count), _share(one.watched))
            for one in reversed(counted.counted)
        ),
        computed=gettext(
            "Each passage is counted once, where its first record of going in stands. Watched: the time that the posts "
            "which ever watched for it were on watch, as a share of all of it."
        ),
        raw_columns=("from", "until", "went_in", "watched_share"),
        raw=tuple(_raw_count(one) for one in counted.counted),
    )


def _limits_of_counts(shown: Shown, counted: Figures) -> Iterator[str]:
    yield gettext("Vehicles that never asked, and those that nobody recorded.")
    if shown.founding.nature == "replay":
        yield gettext("The source ends on %(day)s: what comes after is hatched, not empty.") % {
            "day": day(counted.until_s)
        }
    if counted.unwatched:
        posts = listed(post(shown.agreement, name) for name in counted.unwatched)
        yield gettext("Nobody watched who goes in at: %(posts)s.") % {"posts": posts}
    yield gettext("Counted as logged. Whether each signature and power holds, an audit shows.")


def _raw_count(one: Counted) -> tuple[object, ...]:
    watched = f"{float(one.watched):.4f}"
    return print_instant(one.span.start_s), print_instant(one.span.end_s), one.count, watched


def _share(watched: Fraction) -> str:
    """Rounded down: all is all."""
    return f"{int(watched * 100)}\N{NO-BREAK SPACE}%"
