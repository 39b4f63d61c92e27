"""The list of passages: searched, filtered, sorted, cut into pages. Values in, values out.

Rules:
 1. Every word of the search begins a word of the passage's identifier, IMO number, posts, class, headings or countries.
 2. Sorted by one column; equal ones by their identifier, so that pages never overlap. What is not known comes last.
 3. A page that does not exist is the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.service.public_passage import STATES, Passage

PAGE = 50
_LONGEST_SEARCH = 200
_WORDS = re.compile(r"\w+").findall
Key = Callable[[Passage, Agreement], int | str | None]

SORTS: dict[str, Key] = {
    "when": lambda one, _: None if one.began is None else one.began.when_s,
    "inspected": lambda one, _: None if one.inspected is None else one.inspected.when_s,
    "wait": lambda one, _: one.wait_s(),
    "class": lambda one, _: one.traffic_class,
    "post": lambda one, _: None if one.began is None else one.began.post,
    "quantity": lambda one, _: sum(line.quantity for line in one.goods) or None,
    "state": lambda one, agreement: STATES.index(one.state(agreement.classes)),
}


@dataclass(frozen=True, slots=True)
class Query:
    """What the reader asks for; empty texts ask for nothing."""

    search: str = ""
    traffic_class: str = ""
    post: str = ""
    state: str = ""
    sort: str = "when"
    descending: bool = True
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown: of all that were found, one page."""

    query: Query
    found: tuple[Passage, ...]
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self.found) // PAGE))

    @property
    def first(self) -> int:
        """The number, from 0, of the first passage shown."""
        return (self.query.page - 1) * PAGE

    @property
    def shown(self) -> Sequence[Passage]:
        """The passages of this page."""
        return self.found[self.first : self.first + PAGE]


def select(passages: Iterable[Passage], agreement: Agreement, query: Query) -> Page:
    """The page that the query asks for."""
    everything = tuple(passages)
    words = _WORDS(query.search[:_LONGEST_SEARCH].casefold())
    found = [one for one in everything if _matches(one, agreement, query, words)]
    page = Page(query, _sorted(found, agreement, query), len(everything))
    return replace(page, query=replace(query, page=min(max(1, query.page), page.pages)))  # 3


def _matches(one: Passage, agreement: Agreement, query: Query, words: Sequence[str]) -> bool:
    if query.traffic_class and one.traffic_class != query.traffic_class:
        return False
    if query.state and one.state(agreement.classes) != query.state:
        return False
    posts = {seen.post for seen in (one.arrived, one.entered, one.inspected, one.exited) if seen is not None}
    if query.post and query.post not in posts:
        return False
    if not words:
        return True
    names = (agreement.posts[post].name for post in posts if post in agreement.posts)
    goods = (text for line in one.goods for text in (line.heading, line.to or ""))
    number = f"imo {one.imo}" if one.imo else ""
    text = " ".join((one.psg, number, one.traffic_class or "", one.direction or "", *posts, *names, *goods))
    there = _WORDS(text.casefold())
    return all(any(known.startswith(word) for known in there) for word in words)  # 1


def _sorted(found: Sequence[Passage], agreement: Agreement, query: Query) -> tuple[Passage, ...]:  # 2
    key = SORTS.get(query.sort, SORTS["when"])
    ordered = sorted(found, key=lambda one: one.psg)
    known = [one for one in ordered if key(one, agreement) is not None]
    rest = [one for one in ordered if key(one, agreement) is None]
    known.sort(key=lambda one: key(one, agreement) or 0, reverse=query.descending)
    return (*known, *rest)
