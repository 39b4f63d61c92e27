"""`safeconduct consent ARCHIVE ENTRY`: a seat agrees to what an entry proposes, or not, or ends a consent."""

from __future__ import annotations

import argparse
from typing import Any

from safeconduct.adapters.chance import SystemChance
from safeconduct.cli import signing
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.instant import parse_day
from safeconduct.core.record.entry import Entry
from safeconduct.core.record.schema import CODE
from safeconduct.service.seat import Seat
from safeconduct.service.words import sentence
from safeconduct.verify.report import Report, finding_lines

SUMMARY = (
    "a seat's consent to the founding, an amendment or a closing, or its refusal; or the end of a consent"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """To what, for how long, or its end."""
    signing.configure(parser)
    parser.add_argument(
        "entry", type=int, metavar="ENTRY", help="the entry that proposes it; with --end, that of the consent"
    )
    parser.add_argument("--until", metavar="DAY", help="for a term: it holds until this day begins, in UTC")
    parser.add_argument("--refuse", metavar="CODE", help="do not agree; the reason, such as not-yet")
    parser.add_argument(
        "--end",
        action="store_true",
        help="withdraw your own consent, or let one lapse whose term has passed, whoever gave it",
    )
    parser.add_argument(
        "--runs-on", action="append", default=[], metavar="CODE", help="with --end: what goes on without it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Signs, and writes what is handed in; 1 where the record contradicts what is proposed."""
    console: Console = arguments.console
    until = _words(arguments)
    seat, report = signing.opened(arguments)
    console.nature(seat.log.founding.nature)
    entry = seat.entry(arguments.entry)
    if arguments.end:
        record = _end(seat, entry, arguments)
    elif arguments.refuse is not None:
        record = _answer(seat, entry, "refusal", {"reason": arguments.refuse})
    else:
        if _contradicted(report, arguments, console):
            return 1
        record = _answer(seat, entry, "consent", {} if until is None else {"until": until})
    console.say(f"✓ {arguments.out}: {_told(arguments)}")
    console.say(f"  Entry {arguments.entry} {sentence(entry.payload, lambda leaf: f'{leaf[:16]}…')}")
    for one in report.closings:
        if one.entry == arguments.entry:
            for line in one.lines():
                console.say(line)
    console.document({**signing.handed_over(arguments, seat, record), "entry": arguments.entry})
    return 0


def _words(arguments: argparse.Namespace) -> int | None:
    refused = [] if arguments.refuse is None else [arguments.refuse]
    faults = [
        Fault(f"{word[:80]!r} is no code", option, f"Write {CODE.words}")
        for option, words in (("--runs-on", arguments.runs_on), ("--refuse", refused))
        for word in words
        if not CODE.holds(word)
    ]
    if len({*arguments.runs_on}) != len(arguments.runs_on):
        faults.append(Fault("a code stands twice", "--runs-on", "Write each once"))
    if arguments.runs_on and not arguments.end:
        faults.append(Fault("a consent says nothing of what runs on", "--runs-on", "Give it with --end"))
    if arguments.until is not None and (arguments.end or refused):
        faults.append(Fault("only a consent has a term", "--until", "Leave it out"))
    if arguments.end and refused:
        faults.append(Fault("one record does one of them", "--refuse", "Sign another one for the other"))
    if arguments.entry < 0:
        faults.append(Fault("no entry has such a number", "ENTRY", "Give it as safeconduct show does"))
    if faults:
        raise Malformed.of(faults)
    return None if arguments.until is None else parse_day(arguments.until, where="--until")


def _contradicted(report: Report, arguments: argparse.Namespace, console: Console) -> bool:
    """Whether the audit found something against this very entry; then nothing is signed."""
    found = [one for one in report.findings if arguments.entry in one.entries]
    if found:
        console.say(f"✗ entry {arguments.entry} is contradicted by the record; nothing was signed")
        for finding in found:
            for line in finding_lines(finding):
                console.say(f"  {line}")
        console.document({"entry": arguments.entry, "signed": False, "findings": [one.rule for one in found]})
    return bool(found)


def _answer(seat: Seat, entry: Entry, kind: str, told: dict[str, Any]) -> bytes:
    """A consent or a refusal."""
    leaf = entry.leaf.hex()
    if leaf not in seat.ring.proposals:
        raise Malformed(
            "this entry proposes nothing that a seat can agree to",
            where="ENTRY",
            next_step="Name the founding record (0), an amendment or a closing",
        )
    return seat.sign(kind, {"of": leaf, **told}, now=signing.now_of(seat), chance=SystemChance())


def _end(seat: Seat, entry: Entry, arguments: argparse.Namespace) -> bytes:
    """A withdrawal of one's own; a lapse where a term has passed."""
    leaf, now, codes = entry.leaf.hex(), signing.now_of(seat), arguments.runs_on
    until: Any = entry.payload.get("until")
    if entry.evt == "consent" and until is not None and until <= now:
        return seat.sign("lapse", {"of": leaf, "runs_on": codes}, now=now, chance=SystemChance())
    if entry.evt != "consent" or entry.iss != seat.holder:
        raise Malformed(
            f"this entry is no consent of {seat.holder}, and none whose term has passed",
            where="ENTRY",
            next_step="Name the entry of your own consent: safeconduct audit shows it",
        )
    clear = {"runs_on": codes} if codes else {}
    return seat.sign("withdrawal", clear, now=now, chance=SystemChance(), withdraws=leaf)


def _told(arguments: argparse.Namespace) -> str:
    if arguments.end:
        return f"ends the consent of entry {arguments.entry}"
    if arguments.refuse is not None:
        return f"does not agree to what entry {arguments.entry} says, reason {arguments.refuse}"
    return f"agrees to what entry {arguments.entry} says"
