"""`/passages/`: the list, searched, filtered, sorted, paged, and downloaded as just what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.instant import print_day, print_instant
from safeconduct.core.kernel.spelling import parse_decimal
from safeconduct.service.public_list import PAGE, SORTS, Page, Query, select
from safeconduct.service.public_passage import STATES, Passage, Seen
from safeconduct.web.public.download import FORMATS, download
from safeconduct.web.public.language import asked, link
from safeconduct.web.public.page import Reply, page
from safeconduct.web.public.site import Said, Shown
from safeconduct.web.public.terms import STATE_WORDS
from safeconduct.web.public.times import duration, short_day, short_instant
from safeconduct.web.public.wording import code, goods, number, post, tag

_COLUMNS = (
    "passage", "imo", "class", "direction", "people", "goods", "began", "began_at", "entered", "entered_at",
    "inspected", "inspected_at", "exited", "exited_at", "wait_s", "state", "records",
)  # fmt: skip


@page
def passages(request: HttpRequest, shown: Shown, _said: Said) -> Reply | HttpResponse:
    """One page of the list, or all of it as a file."""
    query = query_of(request)
    found = select(shown.figures.passages, shown.agreement, query)
    form = request.GET.get("format", "")
    if form in FORMATS:
        rows = (_raw(one, shown.agreement) for one in found.found)
        return download(shown, "passages", form, columns=_COLUMNS, rows=rows)
    return Reply("passages.html", _context(request, shown, found))


def query_of(request: HttpRequest) -> Query:
    """What the address asks for; what makes no sense is left out."""
    given = request.GET
    sort = given.get("sort", "")
    known = sort.removeprefix("-") in SORTS
    return Query(
        search=given.get("q", "").strip(),
        traffic_class=given.get("class", ""),
        post=given.get("post", ""),
        state=given.get("state", ""),
        sort=sort.removeprefix("-") if known else "when",
        descending=sort.startswith("-") if known else True,
        page=_page_number(given.get("page", "1")),
    )


def _page_number(text: str) -> int:
    try:
        return max(1, parse_decimal(text, below=10**6))
    except Malformed:
        return 1


def _context(request: HttpRequest, shown: Shown, found: Page) -> dict[str, Any]:
    query, agreement = found.query, shown.agreement
    rows = [_row(request, one, agreement) for one in found.shown]
    asking = bool(query.search or query.traffic_class or query.post or query.state)
    return {
        "heading": _heading(found, asking=asking),
        "query": query,
        "lang": asked(request) or "",
        "sorting": _sorting(query),
        "sorts": list(_sorts(query)),
        "classes": [(name, code(name), name == query.traffic_class) for name in agreement.classes],
        "posts": [(name, one.name, name == query.post) for name, one in agreement.posts.items()],
        "states": [(name, gettext(STATE_WORDS[name][1]), name == query.state) for name in _states(shown)],
        "heads": list(_heads(request, query, classes=len(agreement.classes) > 1)),
        "rows": rows,
        "has_goods": any(row.goods for row in rows),
        "caption": _caption(found),
        "pages": _pages(request, found),
        "all": link(request, "passages") if asking else "",
        "csv": _asking(request, replace(query, page=1), format="csv"),
        "json": _asking(request, replace(query, page=1), format="json"),
        "found": number(len(found.found)),
    }


def _heading(found: Page, *, asking: bool) -> str:
    if asking:
        return gettext("%(found)s of %(total)s passages") % {
            "found": number(len(found.found)),
            "total": number(found.total),
        }
    return ngettext("%(count)s passage", "%(count)s passages", found.total) % {"count": number(found.total)}


def _caption(found: Page) -> str:
    if not found.found:
        return gettext("Nothing was found.")
    return gettext("%(first)s to %(last)s of %(found)s") % {
        "first": number(found.first + 1),
        "last": number(min(found.first + PAGE, len(found.found))),
        "found": number(len(found.found)),
    }


def _states(shown: Shown) -> list[str]:
    """Those that occur."""
    there = {one.state(shown.agreement.classes) for one in shown.figures.passages}
    return [name for name in STATES if name in there]


def _sorting(query: Query) -> str:
    return f"{'-' if query.descending else ''}{query.sort}"


def _sorts(query: Query) -> Iterator[tuple[str, str, bool]]:
    """What a phone sorts by: there the columns' names are not on the screen."""
    words = {
        "-when": gettext("newest first"),
        "when": gettext("oldest first"),
        "-wait": gettext("longest wait first"),
        "wait": gettext("shortest wait first"),
        "-quantity": gettext("largest quantity first"),
        "post": gettext("post"),
        "class": gettext("class"),
        "state": gettext("state"),
        "-inspected": gettext("last inspected first"),
    }
    words.setdefault(_sorting(query), gettext("as chosen in the table"))
    return ((name, word, name == _sorting(query)) for name, word in words.items())


@dataclass(frozen=True, slots=True)
class _Head:
    """A column's name, where it sorts to, and how it is sorted now (`aria-sort`)."""

    name: str
    word: str
    address: str
    sorted: str


def _heads(request: HttpRequest, query: Query, *, classes: bool) -> Iterator[_Head]:
    columns = (
        ("", gettext("Passage")),
        *([("class", gettext("Class"))] if classes else []),
        ("quantity", gettext("Goods")),
        ("post", gettext("From")),
        ("when", gettext("Since")),
        ("inspected", gettext("Inspected")),
        ("wait", gettext("Wait")),
        ("state", gettext("State")),
    )
    for name, word in columns:
        here = name == query.sort
        turned = replace(
            query, sort=name, descending=not query.descending if here else name != "post", page=1
        )
        direction = "" if not here else "descending" if query.descending else "ascending"
        yield _Head(name, word, _asking(request, turned) if name else "", direction)


def _asking(request: HttpRequest, query: Query, **more: object) -> str:
    asked_for = {
        "q": query.search,
        "class": query.traffic_class,
        "post": query.post,
        "state": query.state,
        "sort": "" if _sorting(query) == "-when" else _sorting(query),
        "page": "" if query.page == 1 else query.page,
    }
    return link(request, "passages", **(asked_for | more))


def _pages(request: HttpRequest, found: Page) -> dict[str, str]:
    query = found.query
    before = _asking(request, replace(query, page=query.page - 1)) if query.page > 1 else ""
    after = _asking(request, replace(query, page=query.page + 1)) if query.page < found.pages else ""
    place = gettext("Page %(page)s of %(pages)s") % {"page": number(query.page), "pages": number(found.pages)}
    return {"before": before, "after": after, "place": place if found.pages > 1 else ""}


@dataclass(frozen=True, slots=True)
class _Row:
    """One passage in the list."""

    address: str
    name: str
    traffic_class: str
    goods: str
    post: str
    since: str
    inspected: str
    wait: str
    state: Any


def name_of(one: Passage) -> str:
    """What to call it: the ship's number where there is one, else the beginning of its identifier."""
    return f"IMO {one.imo}" if one.imo else one.psg[:8]


def _row(request: HttpRequest, one: Passage, agreement: Agreement) -> _Row:
    wait = one.wait_s()
    return _Row(
        address=link(request, "passage", one.psg),
        name=name_of(one),
        traffic_class="" if one.traffic_class is None else code(one.traffic_class),
        goods=goods(one.goods),
        post="" if one.began is None else post(agreement, one.began.post),
        since=_when(one.began, one),
        inspected=_when(one.inspected, one),
        wait="" if wait is None else duration(wait, by_day=one.by_day),
        state=tag(*STATE_WORDS[one.state(agreement.classes)]),
    )


def _when(seen: Seen | None, one: Passage) -> str:
    if seen is None:
        return ""
    return short_day(seen.when_s) if one.by_day else short_instant(seen.when_s)


def _raw(one: Passage, agreement: Agreement) -> tuple[object, ...]:
    """Everything that the list knows, as the record spells it."""

    def seen(what: Seen | None) -> tuple[str, str]:
        if what is None:
            return "", ""
        return (print_day if one.by_day else print_instant)(what.when_s), what.post

    wait = one.wait_s()
    lines = "; ".join(" ".join(filter(None, (g.heading, str(g.quantity), g.unit, g.to))) for g in one.goods)
    return (
        one.psg,
        one.imo or "",
        one.traffic_class or "",
        one.direction or "",
        "" if one.people is None else one.people,
        lines,
        *seen(one.began),
        *seen(one.entered),
        *seen(one.inspected),
        *seen(one.exited),
        "" if wait is None else wait,
        one.state(agreement.classes),
        " ".join(map(str, one.records)),
    )
