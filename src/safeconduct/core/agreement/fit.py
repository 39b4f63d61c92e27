"""Whether an agreement and a route go together, and fit into one founding record (RECORD §1: 60 KiB, 44 KiB of text).

Rules:
 agreement.founding  both files, as JSON writes them, take at most 40 KiB; the rest is for keys and envelope
 agreement.chainage  no post lies beyond the end of the line, unless the line is schematic

Asked where a corridor is founded, not where a founding is read: the line's length is for people (`route.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from safeconduct.core.agreement.lines import lines_of
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Fault, Malformed

MAX_BYTES = 40 * 1024


def require_fit(agreement_text: str, route_text: str | None, *, where: str = "agreement.toml") -> None:
    """`Malformed` where these two, each of them without a fault of its own, cannot found a corridor."""
    size = len(canonical([agreement_text, route_text or ""]))
    if size > MAX_BYTES:
        raise Malformed(
            f"agreement and route take {size:,} bytes; the founding record has room for {MAX_BYTES:,}",
            next_step="Simplify the line, or shorten the notes",
            rule="agreement.founding",
        )
    beyond = [] if route_text is None else [*_beyond(agreement_text, route_text, where)]
    if beyond:
        raise Malformed.of(beyond)


def _beyond(agreement_text: str, route_text: str, where: str) -> Iterator[Fault]:
    route = parse_route(route_text)
    if route.schematic:
        return
    lines, length_m = lines_of(agreement_text), route.length_m
    for number, post in enumerate(parse_agreement(agreement_text).posts.values()):
        # On the sphere a line may come out 1 % shorter than it was measured on the ground.
        if post.chainage_m is not None and post.chainage_m * 100 > length_m * 101:
            yield Fault(
                f"posts[{number + 1}].chainage_m: {post.chainage_m:,} m is beyond the end of the line, "
                f"which is {length_m:,} m long",
                f"{where} line {lines['posts', number, 'chainage_m']}",
                f"Write 0 to {length_m}, or draw the rest of the line in the route's file; "
                'where that only joins known points, write "schematic": true there',
                "agreement.chainage",
            )
