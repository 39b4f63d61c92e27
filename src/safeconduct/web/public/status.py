"""`/`: is the road open, for whom, since when, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.service.public_head import PublicHead
from safeconduct.service.restrictions import KIND, ClassStatus, Restriction, announced, statuses
from safeconduct.web.public.awaited import awaiting_lines
from safeconduct.web.public.ended import ended_heading, ended_lines
from safeconduct.web.public.figures import figures
from safeconduct.web.public.language import link
from safeconduct.web.public.page import Reply, page
from safeconduct.web.public.site import Said, Shown
from safeconduct.web.public.telling import conditions
from safeconduct.web.public.terms import CONSENT_WORDS, ROLE_WORDS, STATUS_WORDS
from safeconduct.web.public.times import clock, day, instant, local_clock, when
from safeconduct.web.public.wording import apart, code, listed, number, parted, post, tag


@page
def status(request: HttpRequest, shown: Shown, said: Said) -> Reply:
    """The first page."""
    now = shown.log.clock.now()
    rows = statuses(shown.agreement, said.restrictions, now)
    zone = shown.agreement.ground.zone
    head = shown.head
    context = {
        "heading": ended_heading(shown) or headline(rows, shown.agreement),
        "ended": list(ended_lines(request, shown)),
        "lead": lead(shown),
        "asof": instant(head.time),
        "asof_local": local_clock(head.time, zone),
        "rows": [_row(request, shown, one) for one in rows],
        "announced": [_said(request, shown, one) for one in announced(said.restrictions, now)],
        "who": _who(rows),
        "sealed": sealed(request, shown, rows),
        "awaiting": list(awaiting_lines(said.awaiting)),
        "limits": list(_limits(shown, rows)),
        "figures": [
            (one, link(request, "figure", one.name, "csv"), link(request, "figure", one.name, "json"))
            for one in figures(shown)
        ],
        "seats": [
            (one.name, gettext(ROLE_WORDS[one.role]), tag(*CONSENT_WORDS[one.state]))
            for one in shown.figures.consents
            if shown.founding.nature != "replay"
        ],
        "last": link(request, "record", head.last),
        "founding": link(request, "record", 0),
    }
    return Reply("status.html", context)


_NEWS = ("closed", "restricted", "disputed")
"""Of these the headline tells; that the road is open, where it is not so for everyone, stands below."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Classes of which the record says the same."""

    status: str
    since_s: int | None
    scope: str
    """Directions or stretches, where it is not about all of them."""
    classes: tuple[str, ...]


def headline(rows: Sequence[ClassStatus], agreement: Agreement) -> SafeString:
    """One plain sentence for each thing that is said, the worst first; or that nothing is."""
    if all(one.status == "not-recorded" for one in rows):
        return format_html("{}", gettext("No restriction is recorded."))
    order = {name: place for place, name in enumerate(STATUS_WORDS)}
    groups = sorted(_groups(rows, agreement), key=lambda one: order[one.status])
    everyone = len(groups) == 1
    shown = [one for one in groups if one.status in _NEWS] or [
        one for one in groups if one.since_s is not None
    ]
    sentences = [_sentence(group, first=not place, everyone=everyone) for place, group in enumerate(shown)]
    return format_html_join(" ", "{}", ((one,) for one in sentences))


def _groups(rows: Sequence[ClassStatus], agreement: Agreement) -> Iterator[_Group]:
    found: dict[tuple[str, int | None, str], list[str]] = {}
    for one in rows:
        found.setdefault((one.status, one.since_s, _scope(one, agreement)), []).append(one.traffic_class)
    return (_Group(*key, tuple(names)) for key, names in found.items())


def _scope(row: ClassStatus, agreement: Agreement) -> str:
    if any(one.direction is None and one.where is None for one in row.decided_by):
        return ""
    words = [", ".join(_limited(one, agreement)) for one in row.decided_by]
    return parted(dict.fromkeys(words))


def _limited(one: Restriction, agreement: Agreement) -> list[str]:
    """In which direction, on which stretch."""
    direction = [] if one.direction is None else [code(one.direction)]
    return direction if one.where is None else [*direction, _stretch(agreement, one.where)]


def _sentence(group: _Group, *, first: bool, everyone: bool) -> SafeString:
    whom = gettext("everyone") if everyone else listed(code(name) for name in group.classes)
    if group.scope:
        whom = gettext("%(whom)s (%(scope)s)") % {"whom": whom, "scope": group.scope}
    parts = {
        "whom": whom,
        "state": tag(*STATUS_WORDS[group.status]),
        "since": "" if group.since_s is None else day(group.since_s),
    }
    if group.status == "disputed":
        text = gettext("Whether it is open for {whom} is {state}.")
    elif first:
        text = gettext("The road is {state} for {whom} since {since}.")
    else:
        text = gettext("For {whom} it is {state} since {since}.")
    return format_html(text, **parts)


def lead(shown: Shown) -> str:
    """How many went in, and how many wait, in a sentence or two."""
    counted = shown.figures
    total = sum(one.count for one in counted.counted)
    if not total:
        return gettext("No passage is recorded yet.")
    told = ngettext("%(count)s passage went in.", "%(count)s passages went in.", total) % {
        "count": number(total)
    }
    waiting = counted.queue.waiting
    if waiting:
        text = ngettext(
            "On %(when)s, when the record ends, %(count)s waited for inspection.",
            "On %(when)s, when the record ends, %(count)s waited for inspection.",
            waiting,
        )
        told += " " + text % {"count": number(waiting), "when": when(counted.until_s, by_day=counted.by_day)}
    return told


def _row(
    request: HttpRequest, shown: Shown, one: ClassStatus
) -> tuple[str, SafeString, list[SafeString], str]:
    told = [_said(request, shown, said) for said in one.decided_by]
    return code(one.traffic_class), tag(*STATUS_WORDS[one.status]), told, _last_seen(shown, one.traffic_class)


def _last_seen(shown: Shown, traffic_class: str) -> str:
    count, last = shown.figures.last_in.get(traffic_class, (0, 0))
    if not count:
        return gettext("Nobody was recorded going in.")
    counted = ngettext("%(count)s went in, on %(when)s.", "%(count)s went in, the last on %(when)s.", count)
    return counted % {"count": number(count), "when": when(last, by_day=shown.figures.by_day)}


def _said(request: HttpRequest, shown: Shown, one: Restriction) -> SafeString:
    """`orva/liaison says closed, since 26 July, … (record no. 57)`."""
    words = [gettext(STATUS_WORDS[one.state][1]), *_limited(one, shown.agreement)]
    if one.conditions:
        words.append(conditions(one.conditions))
    words.append(gettext("from %(when)s") % {"when": instant(one.since_s)})
    if one.until_s is not None:
        words.append(gettext("until %(when)s") % {"when": instant(one.until_s)})
    if one.ordered_by is not None:
        words.append(gettext("ordered by %(who)s") % {"who": apart(one.ordered_by)})
    if one.reason is not None:
        words.append(gettext("reason given: %(reason)s") % {"reason": code(one.reason)})
    elif one.state != "open":
        words.append(gettext("no reason given"))
    return format_html(
        gettext("{who} says: {what} ({where})."),
        who=format_html("<bdi>{}</bdi>", one.said_by),
        what=parted(words),
        where=_place(request, shown.head, one),
    )


def _stretch(agreement: Agreement, where: tuple[str, str]) -> str:
    start, end = where
    if start == end:
        return gettext("at %(post)s") % {"post": post(agreement, start)}
    return gettext("between %(start)s and %(end)s") % {
        "start": post(agreement, start),
        "end": post(agreement, end),
    }


def _place(request: HttpRequest, head: PublicHead, one: Restriction) -> SafeString:
    """A record's number once the public's head covers it: earlier it would tell how much was logged since."""
    if one.index >= head.size:
        return format_html("{}", gettext("its number follows with the next public head"))
    word = gettext("record no. %(number)s") % {"number": number(one.index)}
    return format_html('<a href="{}">{}</a>', link(request, "record", one.index), word)


def _who(rows: Sequence[ClassStatus]) -> SafeString:
    deciding = {said.index: said for one in rows for said in one.decided_by}
    if not deciding:
        return SafeString()
    speakers = dict.fromkeys(said.said_by for _, said in sorted(deciding.items()))
    separator = pgettext("between the first items of a list", ", ")
    names = format_html_join(separator, "<bdi>{}</bdi>", ((name,) for name in speakers))
    return format_html(gettext("Who says so: {names}."), names=names)


def sealed(request: HttpRequest, shown: Shown, rows: Sequence[ClassStatus]) -> SafeString:
    """Under which number and when: the newest word on the status, or where there is none the whole record."""
    head = shown.head
    public = [one.index for row in rows for one in row.decided_by if one.index < head.size]
    index = max(public, default=head.last)
    first = shown.fold.heads.first_covering(index)
    when_s = head.time if first is None else first
    text = gettext("Sealed into the record as {number} at {time} on {day}, {cosigned}.")
    if not public:
        text = gettext("Everything here is as of record {number}, sealed at {time} on {day}, {cosigned}.")
    word = gettext("no. %(number)s") % {"number": number(index)}
    return format_html(
        text,
        number=format_html('<a href="{}">{}</a>', link(request, "record", index), word),
        time=clock(when_s),
        day=day(when_s),
        cosigned=cosigned(shown),
    )


def cosigned(shown: Shown) -> str:
    """How many witnesses stand behind the public's head."""
    head = shown.head
    parts = {"count": number(len(head.cosigned)), "all": number(head.witnesses)}
    if not head.witnesses:
        return gettext("without witnesses")
    if shown.founding.nature == "live":
        return gettext("cosigned by %(count)s of %(all)s witnesses") % parts
    return gettext("cosigned by %(count)s of %(all)s simulated witnesses") % parts


def _limits(shown: Shown, rows: Sequence[ClassStatus]) -> Iterator[str]:
    """What the status cannot show."""
    if all(one.status == "not-recorded" for one in rows):
        yield gettext(
            "No restriction recorded is not the same as open: who closes a road may record nothing."
        )
        if not shown.agreement.powers.get(KIND):
            yield gettext("This agreement lets nobody sign a restriction, so none can be recorded.")
    else:
        yield gettext(
            "A restriction is what its signer says. The record proves who said it and when, not that it is so."
        )
    yield gettext("Traffic that never asked is nowhere in the record.")
