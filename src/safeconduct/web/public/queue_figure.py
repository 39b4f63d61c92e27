"""Who waits for inspection when the record ends, and since when."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import get_language_bidi, gettext, ngettext

from safeconduct.web.public.charts import lying
from safeconduct.web.public.figure import Figure
from safeconduct.web.public.site import Figures, Shown
from safeconduct.web.public.times import duration, when
from safeconduct.web.public.wording import number, post


def queued(shown: Shown, counted: Figures) -> Figure:
    """Who waits at the end of the record, and since when."""
    queue, days = counted.queue, counted.by_day
    bars = [(post(shown.agreement, name), count, number(count)) for name, count in queue.by_post]
    title = ngettext(
        "%(count)s passage waits for inspection", "%(count)s passages wait for inspection", queue.waiting
    ) % {"count": number(queue.waiting)}
    unit = gettext(
        "On %(when)s, by the post where they were seen last. Hatched: how long they wait is not known yet."
    )
    return Figure(
        name="queue",
        heading=gettext("The queue to inspection"),
        title=title,
        unit=unit % {"when": when(queue.until_s, by_day=days)},
        chart=lying(gettext("Passages that wait, by post."), bars, mirrored=get_language_bidi()),
        limits=tuple(_limits_of_queue(counted, days=days)),
        columns=(gettext("Post"), gettext("Wait there")),
        rows=tuple((name, value) for name, _, value in bars),
        computed=gettext(
            "Passages of a class of which the agreement has every vehicle inspected, that arrived or went in, "
            "and were neither inspected nor turned back nor seen coming out."
        ),
        raw_columns=("post", "waiting"),
        raw=queue.by_post,
    )


def _limits_of_queue(counted: Figures, *, days: bool) -> Iterator[str]:
    queue = counted.queue
    if queue.longest is not None and queue.longest.began is not None:
        yield gettext("The one that waits longest has waited %(wait)s so far, since %(when)s.") % {
            "wait": duration(queue.longest_s, by_day=days),
            "when": when(queue.longest.began.when_s, by_day=days),
        }
    yield gettext("A vehicle that was inspected without a record stands here as waiting.")
