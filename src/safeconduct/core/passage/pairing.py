"""Whether what went in came out, and the other way round: findings from absence (RECORD §6).

Rules:
 1. `pair.never_entered`: an exit without an entry in its direction. The entry was to be seen at the posts
    where the direction begins, before the exit and not earlier than the transit limit allows.
 2. `pair.never_exited`: an entry without an exit in its direction and without a turning back, and Now is
    past the transit limit. Until then it is *on the road*.
 3. `pair.never_returned`: a round trip (one passage, or two that a trip tag links) went in, nothing is
    seen of its way back, and Now is past the return limit. Until then it is *awaiting return*.
 4. `passage.order`: in one direction an exit surely before every entry, or an entry surely before every
    arrival at its post. Where only the occurrences say so, *order undecidable*.
 5. A limit runs from the upper bound of the entry's time: who is on the road has the benefit. One that
    the agreement leaves unset never passes. Without that bound, without Now, or with bounds wider than
    the offline limit, it is *undecidable*.
 6. Absence is a finding when each post concerned was on watch for the whole stretch and has handed in
    past it; provisional until then. It ends as *unknown* where a post did not hand in by the limit, and
    as *not watched* where nobody was on watch. Where a post's watch does not list the kind at all, the
    rule is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.passage.events import Crossing, Event
from safeconduct.core.passage.judgement import Judgement, Rules, Why
from safeconduct.core.passage.order import surely_before
from safeconduct.core.passage.state import PassageState
from safeconduct.core.passage.watch import HandedIn, Watch


@dataclass(frozen=True, slots=True)
class TripEnd:
    """What one passage says of a trip that another one completes."""

    trip_tag: str
    leg: str
    """`out` or `back`."""
    direction: str
    declarant: str
    went: Event | None
    """Its first entry, else its first exit."""


def judge_pairs(state: PassageState, judgement: Judgement) -> None:
    """Rules 1 to 4, for one passage."""
    if not state.entries and not state.exits:
        return
    entries, exits = _by_direction(state.entries), _by_direction(state.exits)
    for direction in sorted({*entries, *exits}):
        ins, outs = entries.get(direction, []), exits.get(direction, [])
        if not ins:
            _never_entered(state, outs[0], judgement)
        elif not outs:
            _never_exited(state, ins[0], judgement)
        else:
            _in_order(ins, outs[0], ("entry", "exit"), judgement)
        for entry in ins:
            arrivals = [
                one for one in state.arrivals if one.post == entry.post and one.direction == direction
            ]
            _in_order(arrivals, entry, ("arrival", "entry"), judgement)
    declared = state.declaration
    if declared is not None and declared.trip == "round":
        way = entries.get(declared.direction) or exits.get(declared.direction)
        went = way[0] if way else None
        back = [one.event for one in (*state.entries, *state.exits) if one.direction != declared.direction]
        if went is not None and not state.turned_back and all(surely_before(one, went.event) for one in back):
            _never_returned(went.event, declared.direction, declared.event.iss, judgement)


def trip_end(state: PassageState) -> TripEnd | None:
    """What `pair_trips` needs of this passage, where it is half of a trip."""
    declared = state.declaration
    if declared is None or declared.trip not in ("out", "back") or declared.trip_tag is None:
        return None
    crossings = (*state.entries, *state.exits)
    went = crossings[0].event if crossings and not state.turned_back else None
    return TripEnd(declared.trip_tag, declared.trip, declared.direction, declared.event.iss, went)


def pair_trips(ends: Iterable[TripEnd], rules: Rules) -> Judgement:
    """Rule 3, for trips of two passages, over all passages of the corridor."""
    judgement = Judgement(rules)
    by_tag: dict[str, list[TripEnd]] = {}
    for end in ends:
        by_tag.setdefault(end.trip_tag, []).append(end)
    for _, trip in sorted(by_tag.items()):
        back = any(end.leg == "back" and end.went is not None for end in trip)
        for end in sorted(trip, key=lambda one: one.went.index if one.went else -1):
            if end.leg == "out" and end.went is not None and not back:
                _never_returned(end.went, end.direction, end.declarant, judgement)
    return judgement


def _by_direction(crossings: Sequence[Crossing]) -> dict[str, list[Crossing]]:
    out: dict[str, list[Crossing]] = {}
    for crossing in crossings:
        out.setdefault(crossing.direction, []).append(crossing)
    return out


def _on_whom(state: PassageState, crossing: Crossing) -> str:
    """Who declared the movement; undeclared, the post that saw it."""
    return crossing.event.iss if state.declaration is None else state.declaration.event.iss


def _never_entered(state: PassageState, left: Crossing, judgement: Judgement) -> None:
    """Rule 1."""
    agreement = judgement.rules.agreement_of(left.event.agreement)
    way = agreement.directions.get(left.direction)
    limit_s = agreement.limits.transit_limit_s
    until = left.event.occurred
    since = until - limit_s if limit_s is not None else min(until, state.history.standing[0].occurred)
    watched = [("entered", way.from_posts if way else ())]
    expected = f"an entry in direction {left.direction!r} before the exit"
    absence = _Absence("pair.never_entered", left.event, watched, expected, _on_whom(state, left))
    if absence.unobserved(judgement.rules.watch):
        judgement.not_judged[absence.rule] += 1
    else:
        absence.judge((since, until), judgement)


def _never_exited(state: PassageState, entry: Crossing, judgement: Judgement) -> None:
    """Rule 2."""
    if any(not surely_before(one.event, entry.event) for one in state.turned_back):
        return
    agreement = judgement.rules.agreement_of(entry.event.agreement)
    way = agreement.directions.get(entry.direction)
    watched = [("exited", way.to_posts if way else ()), ("turned-back", way.from_posts if way else ())]
    expected = "an exit or a turning back within the transit limit"
    absence = _Absence(
        "pair.never_exited", entry.event, watched, expected, _on_whom(state, entry), Why.ON_THE_ROAD
    )
    _overdue(absence, agreement, agreement.limits.transit_limit_s, judgement)


def _never_returned(went: Event, direction: str, touches: str, judgement: Judgement) -> None:
    """Rule 3."""
    agreement = judgement.rules.agreement_of(went.agreement)
    others = [way for name, way in agreement.directions.items() if name != direction]
    starts = tuple(post for way in others for post in way.from_posts)
    ends = tuple(post for way in others for post in way.to_posts)
    watched = [("entered", starts), ("exited", ends)]
    expected = "an entry or exit on the way back within the return limit"
    absence = _Absence("pair.never_returned", went, watched, expected, touches, Why.AWAITING_RETURN)
    _overdue(absence, agreement, agreement.limits.return_limit_s, judgement)


def _overdue(absence: _Absence, agreement: Agreement, limit_s: int | None, judgement: Judgement) -> None:
    """Rule 5, then rule 6 once the limit has passed."""
    went, rule, waiting = absence.event, absence.rule, absence.waiting
    now, after, before = judgement.rules.now, went.bounds.after, went.bounds.before
    if absence.unobserved(judgement.rules.watch):
        judgement.not_judged[rule] += 1
    elif limit_s is None:
        judgement.leave_open(waiting, rule, went, says="the agreement sets no limit")
    elif now is None or before is None:
        missing = "no head is dated" if now is None else "no dated head covers it"
        judgement.leave_open(Why.UNDECIDABLE, rule, went, says=f"{waiting.value} so far: {missing}")
    elif now <= before + limit_s:
        judgement.leave_open(waiting, rule, went, says=f"the limit ends {print_instant(before + limit_s)}")
    elif _too_wide(after, before, agreement.limits.offline_limit_s):
        judgement.leave_open(Why.UNDECIDABLE, rule, went, says="the bounds are wider than the offline limit")
    else:
        absence.judge((went.occurred, before + limit_s), judgement)


def _too_wide(after: int | None, before: int, limit_s: int | None) -> bool:
    return limit_s is not None and (after is None or before - after > limit_s)


@dataclass(frozen=True, slots=True)
class _Absence:
    """What is not on record: kinds and the posts they would have come from; the first is the rule's."""

    rule: str
    event: Event
    watched: Sequence[tuple[str, tuple[str, ...]]]
    expected: str
    touches: str
    waiting: Why = Why.UNDECIDABLE

    def unobserved(self, watch: Watch) -> bool:
        """Whether the watch of every post concerned lists other kinds only."""
        kind, posts = self.watched[0]
        return bool(posts) and not any(watch.judges(kind, post) for post in posts)

    def judge(self, stretch: tuple[int, int], judgement: Judgement) -> None:
        """Rule 6. Posts that do not observe a kind at all say nothing about it."""
        watch = judgement.rules.watch
        answers = {
            (post, kind): watch.handed_in(post, kind, *stretch)
            for kind, posts in self.watched
            for post in posts
            if watch.judges(kind, post)
        }
        unwatched = _where(answers, HandedIn.NOT_WATCHED)
        silent = _where(answers, HandedIn.DID_NOT)
        if unwatched or not answers:
            where = f"post {unwatched}, not all the time" if answers else "the agreement names no post for it"
            judgement.leave_open(Why.NOT_WATCHED, self.rule, self.event, says=f"not watched: {where}")
        elif silent:
            says = f"unknown: post {silent} did not hand in"
            judgement.leave_open(Why.UNKNOWN, self.rule, self.event, says=says)
        else:
            judgement.find(
                self.rule,
                self.event,
                expected=self.expected,
                found="none on record",
                touches=self.touches,
                provisional=HandedIn.NOT_YET in answers.values(),
            )


def _where(answers: Mapping[tuple[str, str], HandedIn], answer: HandedIn) -> str:
    return ", ".join(sorted({post for (post, _), given in answers.items() if given is answer}))


def _in_order(
    firsts: Sequence[Crossing], then: Crossing, names: tuple[str, str], judgement: Judgement
) -> None:
    """Rule 4."""
    if not firsts or any(one.event.occurred <= then.event.occurred for one in firsts):
        return
    first, later = names
    events = (then.event, firsts[0].event)
    if all(surely_before(then.event, one.event) for one in firsts):
        judgement.find(
            "passage.order",
            *events,
            expected=f"{first}, then {later}",
            found=f"{later} before {first}",
            touches=then.event.iss,
        )
    else:
        says = f"whether {first} or {later} came first"
        judgement.leave_open(Why.ORDER_UNDECIDABLE, "passage.order", *events, says=says)
