"""What the public's page says, as values: counts with what was watched, waits, the queue. Nothing is worded here.

Rules, in the order of the code:
 1. A replay is told by months; everything else by days, or by hours while all of it lies within two days.
 2. A passage is counted where it went in, once, at its first `entered` that stands.
 3. The share watched is that of the posts which ever watched for it, over the whole of a month, day or hour; what is
    after the end of the record is not watched. A post that never watched is named: it is in no share.
 4. Waits are those of passages that the agreement has inspected, from arriving or going in to the inspection, by
    when they began. One that goes on is longer than what is known of it: the median, and the ends of the middle half
    (nearest rank), are known where they are the same whether it ends at once or never (`core/passage/waits`).
 5. The queue is those who wait at the end of the record, by the post where they were seen last.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.service.public_fold import Watch
from safeconduct.service.public_passage import Passage, must_be_inspected, waited_s

Step = Literal["month", "day", "hour"]
_GOING_IN = "entered"
_HOUR_S, _DAY_S = 3_600, 86_400
_LAST_S = 253_370_764_800
"""9999-01-01: a record without bounds may claim what no calendar has."""
_MOST_SPANS = 10_000
"""A record may claim any time: so many months, days or hours are told, the newest."""


@dataclass(frozen=True, slots=True)
class Span:
    """A month, a day or an hour: from its first second to the next one's."""

    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many went in, and which share of the time was watched."""

    span: Span
    count: int
    watched: Fraction


@dataclass(frozen=True, slots=True)
class Waited:
    """The waits that began in one span; None: not known, because too many go on."""

    span: Span
    begun: int
    ended: int
    low_s: int | None
    median_s: Fraction | None
    high_s: int | None
    at_least_s: Fraction
    longest_s: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Who waits for inspection: how many at each post, and the one that waits longest."""

    until_s: int
    by_post: tuple[tuple[str, int], ...]
    longest: Passage | None
    longest_s: int

    @property
    def waiting(self) -> int:
        """All of them."""
        return sum(count for _, count in self.by_post)


def step_of(nature: str, times: Iterable[int]) -> Step:  # 1
    """How the record is told."""
    if nature == "replay":
        return "month"
    known = sorted(times)
    return "hour" if known and known[-1] - known[0] < 2 * _DAY_S else "day"


def spans(first_s: int, last_s: int, step: Step) -> tuple[Span, ...]:
    """From the one that holds `first_s` to the one that holds `last_s`; the newest, where there are too many."""
    found: list[Span] = []
    end = _after(last_s, step)
    while len(found) < _MOST_SPANS and end > first_s:
        start = _start(end - 1, step)
        found.append(Span(start, end))
        end = start
    return tuple(reversed(found))


def _start(when_s: int, step: Step) -> int:
    when_s = min(max(when_s, 0), _LAST_S)
    if step == "hour":
        return when_s // _HOUR_S * _HOUR_S
    day = when_s // _DAY_S * _DAY_S
    return day if step == "day" else day - (datetime.fromtimestamp(day, UTC).day - 1) * _DAY_S


def _after(when_s: int, step: Step) -> int:
    start = _start(when_s, step)
    if step == "month":
        later = datetime.fromtimestamp(start, UTC) + timedelta(days=32)
        return _start(int(later.timestamp()), step)
    return start + (_DAY_S if step == "day" else _HOUR_S)


def counts(
    passages: Iterable[Passage], watches: Sequence[Watch], step: Step, until_s: int
) -> tuple[Counted, ...]:
    """Rules 2 and 3: one for each span from the first that went in to `until_s`."""
    times = [one.entered.when_s for one in passages if one.entered is not None]
    if not times:
        return ()
    by_span = Counter(_start(when, step) for when in times)
    covered = _covered(watches, until_s)
    return tuple(
        Counted(span, by_span[span.start_s], _share(covered, span))
        for span in spans(min(times), max(until_s, *times), step)
    )


def last_in(passages: Iterable[Passage]) -> dict[str, tuple[int, int]]:
    """How many of each class went in, and when the last one did."""
    found: dict[str, tuple[int, int]] = {}
    for one in passages:
        if one.entered is not None and one.traffic_class is not None:
            count, last = found.get(one.traffic_class, (0, one.entered.when_s))
            found[one.traffic_class] = count + 1, max(last, one.entered.when_s)
    return found


def unwatched_posts(agreement: Agreement, watches: Iterable[Watch]) -> tuple[str, ...]:
    """Rule 3: posts where passages may go in, and nobody ever watched for it."""
    watched = {watch.post for watch in watches if _GOING_IN in watch.kinds}
    wanted = dict.fromkeys(
        post for direction in agreement.directions.values() for post in direction.from_posts
    )
    return tuple(post for post in wanted if post not in watched)


def _covered(watches: Iterable[Watch], until_s: int) -> Mapping[str, list[tuple[int, int]]]:
    """Of each post that watched, the stretches that somebody did, apart from each other and in order."""
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for watch in sorted(watches, key=lambda one: one.start_s):
        if _GOING_IN in watch.kinds:
            # A day that is told as a day ends with its last second.
            end = until_s if watch.end_s is None else watch.end_s + 1
            stretches = found[watch.post]
            if stretches and watch.start_s <= stretches[-1][1]:
                stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
            else:
                stretches.append((watch.start_s, end))
    return found


def _share(covered: Mapping[str, list[tuple[int, int]]], span: Span) -> Fraction:
    whole = len(covered) * (span.end_s - span.start_s)
    seen = sum(
        max(0, min(end, span.end_s) - max(start, span.start_s))
        for stretches in covered.values()
        for start, end in stretches
    )
    return Fraction(min(seen, whole), whole) if whole else Fraction(0)


def waits(passages: Iterable[Passage], agreement: Agreement, step: Step, until_s: int) -> tuple[Waited, ...]:
    """Rule 4: one for each span in which a wait began, oldest first."""
    by_span: defaultdict[int, list[Passage]] = defaultdict(list)
    for one in _inspectable(passages, agreement):
        if one.began is not None and (one.inspected is not None or one.exited is None):
            by_span[_start(one.began.when_s, step)].append(one)
    return tuple(
        _waited(Span(start, _after(start, step)), by_span[start], until_s) for start in sorted(by_span)
    )


def _waited(span: Span, passages: Sequence[Passage], until_s: int) -> Waited:
    ended = [wait for one in passages if (wait := one.wait_s()) is not None]
    still = [_so_far(one, until_s) for one in passages if one.inspected is None]
    beyond = max(ended + still) + 1
    least, most = sorted(ended + still), sorted(ended + [beyond] * len(still))

    def known(rank: Callable[[Sequence[int]], int]) -> int | None:
        return rank(least) if rank(least) == rank(most) else None

    median = _median(least)
    return Waited(
        span=span,
        begun=len(passages),
        ended=len(ended),
        low_s=known(lambda values: values[(len(values) + 3) // 4 - 1]),
        median_s=median if median == _median(most) else None,
        high_s=known(lambda values: values[(3 * len(values) + 3) // 4 - 1]),
        at_least_s=median,
        longest_s=max(ended, default=None),
    )


def _median(ordered: Sequence[int]) -> Fraction:
    return Fraction(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)


def _so_far(one: Passage, until_s: int) -> int:
    return 0 if one.began is None else max(0, waited_s(one.began.when_s, until_s, by_day=one.by_day))


def _inspectable(passages: Iterable[Passage], agreement: Agreement) -> Iterator[Passage]:
    return (one for one in passages if must_be_inspected(one.traffic_class, agreement.classes))


def queue(passages: Iterable[Passage], agreement: Agreement, until_s: int) -> Queue:
    """Rule 5."""
    waiting = [one for one in passages if one.state(agreement.classes) == "waiting"]
    by_post = Counter(post for one in waiting if (post := _last_post(one)) is not None)
    longest = max(waiting, key=lambda one: _so_far(one, until_s), default=None)
    return Queue(
        until_s,
        tuple(by_post.most_common()),
        longest,
        0 if longest is None else _so_far(longest, until_s),
    )


def _last_post(one: Passage) -> str | None:
    seen = one.entered or one.arrived
    return None if seen is None else seen.post
