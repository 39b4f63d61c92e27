"""What was understood of an agreement, in words, so that whoever signs it can compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from safeconduct.core.agreement.agreement import LIMITS, Agreement, Deadline
from safeconduct.core.agreement.goods import GoodsRules
from safeconduct.core.agreement.route import Route
from safeconduct.core.agreement.source import Source
from safeconduct.core.kernel.instant import print_day, print_duration

Section = tuple[str, tuple[str, ...]]


def in_words(agreement: Agreement, route: Route | None) -> tuple[Section, ...]:
    """Headings, each with its sentences; a heading without any is left out."""
    sections = (
        ("Text", tuple(_text(agreement))),
        ("Road", tuple(_road(agreement, route))),
        (
            "Seats",
            tuple(f"{one.seat}: {one.name}, {one.role} {_from(one.source)}" for one in agreement.signatories),
        ),
        ("Consent", (_consent(agreement),)),
        ("Who may sign what", tuple(_powers(agreement))),
        ("Posts", tuple(_posts(agreement))),
        ("Who travels", tuple(_classes(agreement))),
        ("Goods", tuple(_goods(agreement.goods))),
        ("Limits", tuple(_limits(agreement))),
        ("Deadlines", tuple(_deadline(one) for one in agreement.deadlines)),
        ("Countersigned", tuple(_countersigned(agreement))),
        ("Who may read", tuple(_tiers(agreement))),
        (
            "Undertakings",
            tuple(f"{_list(one.who)}: {one.says} {_from(one.source)}" for one in agreement.undertakings),
        ),
    )
    return tuple((heading, sentences) for heading, sentences in sections if sentences)


def _from(source: Source | None) -> str:
    return f"[{source}]" if source else ""


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _either(words: Iterable[str]) -> str:
    return " or ".join(words)


def _text(agreement: Agreement) -> Iterator[str]:
    yield f"version {agreement.version} of: {agreement.title}"
    yield agreement.text.title
    if agreement.text.day is not None:
        yield f"signed on {print_day(agreement.text.day)}"
    if agreement.text.published is not None:
        yield f"published: {agreement.text.published}"
    if agreement.text.sha256 is not None:
        yield f"SHA-256 of the scan: {agreement.text.sha256}"
    if agreement.starts_day is not None:
        yield f"holds from {print_day(agreement.starts_day)}"
    if agreement.ends_day is not None:
        yield f"holds until {print_day(agreement.ends_day)}"


def _road(agreement: Agreement, route: Route | None) -> Iterator[str]:
    ground = agreement.ground
    if ground.width_m is not None:
        yield f"{ground.width_m:,} m wide {_from(ground.source)}"
    if ground.controlled_by is not None:
        yield f"controlled by {ground.controlled_by} {_from(ground.source)}"
    if ground.hours is not None:
        yield f"open {ground.hours}{f' ({ground.zone})' if ground.zone else ''} {_from(ground.source)}"
    yield f"a vehicle is known by its {'IMO number' if agreement.vehicle_identifier == 'imo' else 'plate'}"
    if route is not None:
        yield f"line: {route.name}, {len(route.points)} points [{route.source}]"
        yield (
            "the line is schematic: it joins points, and no distance is measured on it"
            if route.schematic
            else f"about {route.length_m / 1000:.1f} km along the line"
        )


def _consent(agreement: Agreement) -> str:
    rule = agreement.consent
    return f"{rule.needed} of {_list(rule.of)} must sign a change {_from(rule.source)}"


def _powers(agreement: Agreement) -> Iterator[str]:
    by_signers: dict[tuple[str, ...], list[str]] = {}
    for kind, signers in agreement.powers.items():
        by_signers.setdefault(tuple(sorted(signers)), []).append(kind)
    for names, kinds in by_signers.items():
        yield f"{_either(names)}: {_list(kinds)}"
    if agreement.powers:
        yield f"any other kind: nobody {_from(agreement.sources.get('powers'))}"


def _posts(agreement: Agreement) -> Iterator[str]:
    for post in agreement.posts.values():
        parts = [f"{post.id}: {post.name}"]
        if post.locode is not None:
            parts.append(f"UN/LOCODE {post.locode}")
        if post.chainage_m is not None:
            parts.append(f"at {post.chainage_m:,} m")
        if post.ends is not None:
            parts.append(f"at the {post.ends} of the route")
        yield f"{_list(parts)} {_from(post.source)}"
    for way in agreement.directions.values():
        ends = f"from {_either(way.from_posts)} to {_either(way.to_posts)}"
        yield f"direction {way.name}: {ends} {_from(way.source)}"


def _classes(agreement: Agreement) -> Iterator[str]:
    for one in agreement.classes.values():
        need = "needs a pass" if one.pass_required else "needs no pass"
        kind = "civilian" if one.civilian else "not civilian"
        looked = f", inspected: {one.inspection}" if one.inspection else ""
        yield f"{one.name}: {one.about}; {kind}, {need}{looked} {_from(one.source)}"


def _goods(goods: GoodsRules | None) -> Iterator[str]:
    if goods is None:
        return
    words = {"allow": "allowed", "deny": "refused", "condition": "allowed on a condition"}
    for rule in goods.rules:
        about = f"{rule.item}, under " if rule.item else ""
        yield f"{rule.id}: {about}{_list(rule.codes)}: {words[rule.verdict]} {_from(rule.source)}"
    yield f"everything else: {words[goods.default]} {_from(goods.source)}"


def _limits(agreement: Agreement) -> Iterator[str]:
    for name, about in LIMITS.items():
        seconds = getattr(agreement.limits, f"{name}_s")
        if seconds is not None:
            span = print_duration(seconds) if seconds else "none"
            yield f"{name}: {span}, {about} {_from(agreement.sources.get(f'limits.{name}'))}"


def _deadline(one: Deadline) -> str:
    if one.within_s is not None:
        end = f"within {print_duration(one.within_s)}"
    elif one.by_day is not None:
        end = f"by {print_day(one.by_day)}"
    else:
        end = f"daily by {_hour(one.at or 0)}{f' ({one.zone})' if one.zone else ''}"
    meanings = {
        "agreed": "; silence is agreement",
        "refused": "; silence is refusal",
        "none": "; silence means nothing",
    }
    silence = meanings[one.silence] if one.silence else ""
    return f"{one.id}: {_list(one.who)}, {end}: {one.about}{silence} {_from(one.source)}"


def _hour(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def _in_seat_order(agreement: Agreement, seats: Iterable[str]) -> Sequence[str]:
    return sorted(seats, key=agreement.seats.index)


def _countersigned(agreement: Agreement) -> Iterator[str]:
    for kind, seats in agreement.countersign.items():
        source = _from(agreement.sources.get("countersign"))
        yield f"{kind}: by {_list(_in_seat_order(agreement, seats))}, where present {source}"


def _tiers(agreement: Agreement) -> Iterator[str]:
    for name, tier in agreement.tiers.items():
        yield f"{name}: {tier} {_from(agreement.sources.get('tiers'))}"
