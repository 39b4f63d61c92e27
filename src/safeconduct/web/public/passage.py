"""`/passages/<psg>`: the story of one passage, in order, with who says so and where each record's proof is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from safeconduct.core.kernel.instant import print_day, print_instant
from safeconduct.core.record.entry import At
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.time import Bounds
from safeconduct.service.public_passage import Passage, waited_s
from safeconduct.service.public_story import Step, findings_of, numbers, story_of
from safeconduct.verify.rules import ALL
from safeconduct.web.public.language import link
from safeconduct.web.public.page import Reply, missing, page
from safeconduct.web.public.passages import name_of
from safeconduct.web.public.site import Said, Shown
from safeconduct.web.public.telling import tell
from safeconduct.web.public.terms import STATE_WORDS
from safeconduct.web.public.times import clock, day, duration, instant, local_clock, when
from safeconduct.web.public.wording import code, heading, number, parted, post, quantity, tag

_DAY_S = 86_400


@page
def passage(request: HttpRequest, shown: Shown, _said: Said, psg: str) -> Reply:
    """One passage."""
    one = shown.fold.passages.get(psg)
    if one is None:
        return missing(gettext("passage %(psg)s") % {"psg": psg})
    steps = story_of(shown.fold, shown.log.store, shown.ring, psg)
    found = findings_of(shown.fold, shown.ring, steps)
    context = {
        "name": name_of(one),
        "psg": psg,
        "heading": headline(one, shown),
        "facts": list(_facts(one, shown, steps, found)),
        "findings": [_finding(request, each) for each in found],
        "told": [_told(request, shown, step, steps) for step in steps],
        "goods": [
            (line.heading, heading(line.heading), quantity(line.quantity, line.unit), line.to or "")
            for line in one.goods
        ],
        "limits": list(_limits(one, steps)),
        "command": f"safeconduct show ARCHIVE {psg}",
    }
    return Reply("passage.html", context)


def headline(one: Passage, shown: Shown) -> str:
    """What became of it, in a sentence."""
    agreement = shown.agreement
    what = _subject(one)
    state = one.state(agreement.classes)
    began, inspected, exited = one.began, one.inspected, one.exited
    if exited is not None:
        parts = {"what": what, "post": post(agreement, exited.post)}
        if one.entered is None:
            return gettext("%(what)s came out at %(post)s.") % parts
        parts["time"] = duration(
            waited_s(one.entered.when_s, exited.when_s, by_day=one.by_day), by_day=one.by_day
        )
        return gettext("%(what)s came out at %(post)s after %(time)s on the road.") % parts
    if one.turned_back is not None:
        return gettext("%(what)s was turned back at %(post)s.") % {
            "what": what,
            "post": post(agreement, one.turned_back.post),
        }
    if began is None:
        return gettext("%(what)s: %(state)s.") % {"what": what, "state": gettext(STATE_WORDS[state][1])}
    parts = {"what": what, "post": post(agreement, began.post), "when": when(began.when_s, by_day=one.by_day)}
    wait = one.wait_s()
    came = gettext("arrived at") if one.arrived is not None else gettext("went in at")
    parts["came"] = came
    if inspected is not None and wait is not None and wait >= 0:
        parts["time"] = duration(wait, by_day=one.by_day)
        return gettext("%(what)s %(came)s %(post)s on %(when)s, and was inspected %(time)s later.") % parts
    if state == "waiting":
        return gettext("%(what)s %(came)s %(post)s on %(when)s. No inspection is recorded yet.") % parts
    return gettext("%(what)s %(came)s %(post)s on %(when)s.") % parts


def _subject(one: Passage) -> str:
    if one.imo:
        return gettext("The ship IMO %(imo)s") % {"imo": one.imo}
    if one.traffic_class is None:
        return gettext("A passage")
    return gettext("A passage of the class “%(class)s”") % {"class": code(one.traffic_class)}


def _facts(
    one: Passage, shown: Shown, steps: tuple[Step, ...], found: tuple[Finding, ...]
) -> Iterator[tuple[str, SafeString | str, str]]:
    """What stands at the top: a name, a word, the rest of it."""
    agreement = shown.agreement
    state = one.state(agreement.classes)
    yield gettext("Outcome"), tag(*STATE_WORDS[state]), _outcome(one, shown)
    wait = one.wait_s()
    if wait is not None:
        yield gettext("Wait for inspection"), duration(wait, by_day=one.by_day), ""
    elif state == "waiting" and one.began is not None:
        so_far = waited_s(one.began.when_s, shown.figures.until_s, by_day=one.by_day)
        text = gettext("%(time)s so far, when the record ends") % {
            "time": duration(max(0, so_far), by_day=one.by_day)
        }
        yield gettext("Wait for inspection"), tag("unseen", gettext("not known")), text
    if found:
        yield gettext("Findings"), tag("warn", number(len(found))), gettext("They accuse nobody: see below.")
    else:
        yield (
            gettext("Findings"),
            tag("ring", gettext("none")),
            gettext("of the rules that can be judged here"),
        )
    hidden = sum(step.told.hidden for step in steps)
    text = gettext(
        "%(count)s of %(all)s records hold sealed fields: names, plates, words. No page opens them."
    )
    yield gettext("Sealed"), number(hidden), text % {"count": number(hidden), "all": number(len(steps))}


def _outcome(one: Passage, shown: Shown) -> str:
    told = [
        (gettext("arrived"), one.arrived),
        (gettext("went in"), one.entered),
        (gettext("inspected"), one.inspected),
        (gettext("came out"), one.exited),
        (gettext("turned back"), one.turned_back),
    ]
    there = sorted(((seen.when_s, word, seen.post) for word, seen in told if seen is not None))
    return parted(
        gettext("%(what)s at %(post)s, %(when)s")
        % {"what": word, "post": post(shown.agreement, name), "when": when(moment, by_day=one.by_day)}
        for moment, word, name in there
    )


def _finding(request: HttpRequest, found: Finding) -> dict[str, Any]:
    """A finding with its rule's own sentence, and where the records are that show it."""
    return {
        "rule": found.rule,
        "sentence": ALL[found.rule].sentence,
        "expected": found.expected,
        "found": found.found,
        "touches": found.touches,
        "records": [(number(index), link(request, "record", index)) for index in found.entries],
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """One record of the story as the page shows it."""

    machine: str
    day: str
    time: str
    local: str
    says: str
    who: str
    stands: bool
    counts: bool
    bounds: str
    record: str
    address: str


def _told(request: HttpRequest, shown: Shown, step: Step, steps: tuple[Step, ...]) -> _Told:
    event, at = step.told.event, step.told.entry.at
    known = numbers(steps)

    def called(leaf: str) -> str:
        if leaf in known:
            return gettext("record no. %(number)s") % {"number": number(known[leaf])}
        return f"{leaf[:12]}…"

    moment = event.occurred
    by_day = is_by_day(at)
    return _Told(
        machine=_machine(moment, by_day=by_day),
        day=day(moment) if at is None or at.until - at.begin < 2 * _DAY_S else span_of_days(at),
        time="" if by_day else clock(moment),
        local="" if by_day else local_clock(moment, shown.agreement.ground.zone),
        says=tell(event, shown.agreement, called),
        who=event.iss,
        stands=step.stands,
        counts=step.counts,
        bounds=told_how(at, event.bounds),
        record=number(event.index),
        address=link(request, "record", event.index),
    )


def _machine(moment: int, *, by_day: bool) -> str:
    """For `datetime`; nothing where no calendar has the time."""
    text = print_day(moment) if by_day else print_instant(moment)
    return "" if text.endswith("s") else text


def is_by_day(at: At | None) -> bool:
    """Whether the time is told as a day or more."""
    return at is not None and at.until - at.begin >= _DAY_S - 1


def told_when(moment: int, at: At | None) -> str:
    """A record's time, as exactly as it is known."""
    if at is not None and at.until - at.begin >= 2 * _DAY_S:
        return span_of_days(at)
    return when(moment, by_day=is_by_day(at))


def span_of_days(at: At) -> str:
    """A claim that leaves several days open."""
    return gettext("%(first)s to %(last)s") % {"first": day(at.begin), "last": day(at.until)}


def told_how(at: At | None, bounds: Bounds) -> str:
    """What is known of a time: told afterwards, or bounded by heads, or by the device alone."""
    if at is not None:
        return (
            gettext("told afterwards, from a source")
            if at.via == "source"
            else gettext("told afterwards, from paper")
        )
    if bounds.after is not None and bounds.before is not None:
        return gettext("proved: after %(after)s and before %(before)s") % {
            "after": instant(bounds.after),
            "before": instant(bounds.before),
        }
    if bounds.before is not None:
        return gettext("proved: before %(before)s") % {"before": instant(bounds.before)}
    return gettext("by its device's clock alone")


def _limits(one: Passage, steps: tuple[Step, ...]) -> Iterator[str]:
    yield gettext(
        "What was in the vehicle: the record holds what was declared, and what an inspection said of it."
    )
    if any(step.told.hidden for step in steps):
        yield gettext(
            "Names, plates and words: they are sealed. The record shows that they were not changed since."
        )
    if one.exited is None:
        yield gettext("Where it is now. No record of its coming out is public.")
    yield gettext(
        "What would follow from a record that is missing: an audit judges that, with who was on watch."
    )
