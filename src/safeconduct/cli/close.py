"""`safeconduct close ARCHIVE`: a seat proposes the corridor's end, with counts that are taken from the record."""

from __future__ import annotations

import argparse

from safeconduct.adapters.chance import SystemChance
from safeconduct.cli import signing
from safeconduct.cli.console import Console
from safeconduct.core.agreement.closing import CLOSING
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.record.schema import CODE, IDENTIFIER, ORIGIN
from safeconduct.service.closing import counts_in

SUMMARY = "propose a corridor's end: what its record holds, who keeps archives, what runs on"


def configure(parser: argparse.ArgumentParser) -> None:
    """Everything but the counts."""
    signing.configure(parser)
    parser.add_argument(
        "--reason", required=True, metavar="CODE", help="why it ends, such as agreed, expired, not-renewed"
    )
    parser.add_argument(
        "--kept-by",
        action="append",
        required=True,
        metavar="HOLDER[=PLACE]",
        help="who keeps an archive, and its address without https://, if it is served (repeatable)",
    )
    parser.add_argument(
        "--runs-on",
        action="append",
        default=[],
        metavar="CODE",
        help="what goes on all the same, such as the name of an undertaking of the agreement (repeatable)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Signs, and writes what is handed in."""
    console: Console = arguments.console
    archives = _words(arguments)
    seat, report = signing.opened(arguments)
    console.nature(seat.log.founding.nature)
    seen = seat.require_seen()
    counts = counts_in(seat.log.entries(0, seen.size))
    clear = {"archives": archives, "counts": counts, "reason": arguments.reason, "runs_on": arguments.runs_on}
    record = seat.sign(CLOSING, clear, now=signing.now_of(seat), chance=SystemChance())
    console.say(f"✓ {arguments.out}: proposes that this corridor ends, reason {arguments.reason}")
    counted = ", ".join(f"{one['kind']} {one['count']}" for one in counts)
    console.say(f"  Counted up to the head of {seen.size} entries: {counted}")
    for line in report.open_lines():
        console.say(f"{line}; it stays open for ever once this is in force")
    rule = seat.ring.version.agreement.consent
    console.say(f"  {rule.needed} of {', '.join(rule.of)} must agree, each by safeconduct consent")
    console.document({**signing.handed_over(arguments, seat, record), "counts": counts})
    return 0


def _words(arguments: argparse.Namespace) -> list[dict[str, str]]:
    """The archives; every fault of what was typed at once."""
    faults: list[Fault] = []
    archives: list[dict[str, str]] = []
    for word in arguments.kept_by:
        holder, equals, place = word.partition("=")
        if not IDENTIFIER.holds(holder) or (equals and not ORIGIN.holds(place)):
            step = f"Write HOLDER or HOLDER=PLACE: {IDENTIFIER.words}; {ORIGIN.words}"
            faults.append(Fault(f"{word[:80]!r} says no archive", "--kept-by", step))
        archives.append({"holder": holder, "place": place} if equals else {"holder": holder})
    for option, words in (("--reason", [arguments.reason]), ("--runs-on", arguments.runs_on)):
        faults += (
            Fault(f"{word[:80]!r} is no code", option, f"Write {CODE.words}")
            for word in words
            if not CODE.holds(word)
        )
    if len({*arguments.runs_on}) != len(arguments.runs_on):
        faults.append(Fault("a code stands twice", "--runs-on", "Write each once"))
    if faults:
        raise Malformed.of(faults)
    return archives
