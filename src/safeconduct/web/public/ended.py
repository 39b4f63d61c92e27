"""What the first page says of a corridor that its seats have closed."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from safeconduct.web.public.language import link
from safeconduct.web.public.site import Shown
from safeconduct.web.public.times import day
from safeconduct.web.public.wording import apart, listed, number


def ended_heading(shown: Shown) -> SafeString | None:
    """That it was closed, and when; None where it was not, as far as the public's head goes."""
    since = shown.ring.closed_from
    if since is None:
        return None
    first = shown.fold.heads.first_covering(since)
    when_s = shown.head.time if first is None else first
    return format_html(gettext("This corridor was closed on {day}."), day=day(when_s))


def ended_lines(request: HttpRequest, shown: Shown) -> Iterator[SafeString]:
    """By which record, and who keeps archives."""
    closing, since = shown.ring.closing, shown.ring.closed_from
    if closing is not None and since is not None:
        word = gettext("record no. %(number)s") % {"number": number(since)}
        yield format_html(
            gettext("Its record takes nothing more since {record}. Archives are kept by {who}."),
            record=format_html('<a href="{}">{}</a>', link(request, "record", since), word),
            who=format_html("<bdi>{}</bdi>", listed(apart(str(one)) for one in closing.archives)),
        )
