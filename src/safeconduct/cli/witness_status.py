"""`safeconduct witness status DIR`: what a witness cosigned, what it refused and keeps, and its clock."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.files import write_new, writing
from safeconduct.adapters.health import is_synchronised
from safeconduct.adapters.witness_store import Kept
from safeconduct.cli.console import Console
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.tlog.witness import NOT_SHOWN
from safeconduct.wiring.witness import Witness, open_witness

SUMMARY = "what a witness cosigned, what it refused and keeps as evidence, its offers, its clock"


def configure(parser: argparse.ArgumentParser) -> None:
    """Which, and where its files go."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the witness's folder")
    parser.add_argument(
        "--export", type=Path, metavar="OUT", help="a new folder for its evidence and offers, as files"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: nothing to look at; 1: evidence against a log, or a clock that stops the witness."""
    console: Console = arguments.console
    with open_witness(arguments.folder) as here:
        must_look, document = say_witness(console, here)
        if arguments.export is not None:
            _export(here, arguments.export)
            console.say(
                f"  Written to {arguments.export}. Next: safeconduct audit ARCHIVE --offers {arguments.export}/offers"
            )
        console.document(document)
    return int(must_look)


def say_witness(console: Console, here: Witness) -> tuple[bool, dict[str, object]]:
    """How it is; whether somebody has to look at it, and the same for a program."""
    kept, clock = list(here.memory.evidence()), _clock(here)
    console.say(f"The witness {here.key}")
    for line in _heads(here):
        console.say(line)
    pressing = [one for one in kept if _is_pressing(here, one)]
    for one in kept:
        mark = "✗" if one in pressing else "…"
        console.say(f"{mark} {print_instant(one.time)} {one.origin}: refused and kept: {one.why}")
    for jump in here.memory.jumps():
        console.say(f"  {print_instant(jump.seen)} the clock jumped by {jump.seconds} s")
    console.say(clock[1])
    offers = here.memory.offer_count()
    console.say(f"  {offers} offers")
    return not clock[0] or bool(pressing), {
        "verifier_key": str(here.key),
        "logs": [
            {
                "origin": each.head.origin,
                "size": each.head.size,
                "root": each.head.root.hex(),
                "time": each.time,
            }
            for each in here.memory.heads()
        ],
        "evidence": [{"origin": one.origin, "time": one.time, "why": one.why} for one in kept],
        "jumps": [{"time": jump.seen, "seconds": jump.seconds} for jump in here.memory.jumps()],
        "clock": {
            "well": clock[0],
            "now": SystemClock().now(),
            "last_cosignature": here.memory.latest(),
        },
        "offers": offers,
    }


def _is_pressing(here: Witness, one: Kept) -> bool:
    """A proof that failed may be anybody's prank: no longer, once the log was cosigned again after it."""
    last = here.memory.last(one.origin)
    return one.why != NOT_SHOWN or last is None or one.time >= last.time


def _heads(here: Witness) -> list[str]:
    lines = []
    for origin in dict.fromkeys(
        [*(log.name for log in here.logs), *(one.head.origin for one in here.memory.heads())]
    ):
        known, more = here.memory.last(origin), here.memory.not_kept(origin)
        said = "nothing cosigned yet"
        if known is not None:
            said = f"{known.head.size} entries, cosigned {print_instant(known.time)}, root {known.head.root.hex()}"
        followed = "" if any(log.name == origin for log in here.logs) else " (no longer followed)"
        lines.append(f"  {origin}{followed}: {said}")
        if more:
            lines.append(f"✗ {origin}: {more} more contradictions came once there were enough")
    return lines


def _clock(here: Witness) -> tuple[bool, str]:
    now, latest = SystemClock().now(), here.memory.latest()
    if now < latest:
        behind = f"the clock says {print_instant(now)}, the last cosignature {print_instant(latest)}"
        step = "set the clock right. If it was ahead before, wait until then, or make a new witness"
        return False, f"✗ clock: {behind}: nothing is cosigned. Next: {step}."
    if is_synchronised() is False:
        return True, f"… clock: {print_instant(now)}; nobody keeps it right. Next: timedatectl set-ntp true."
    return True, f"✓ clock: {print_instant(now)}"


def _export(here: Witness, folder: Path) -> None:
    """Evidence: the request as it came, and the note that was held against it. Offers: lines that `audit` reads."""
    with writing(folder):
        folder.mkdir(parents=True)
    for one in here.memory.evidence():
        name = sha256(one.request).hex()[:16]
        write_new(folder / f"refused-{name}", one.request)
        if one.held is not None:
            write_new(folder / f"held-{name}", one.held)
    lines = []
    for offer in here.memory.offers():
        lines.append(f"{offer.leaf.hex()} {print_instant(offer.time)}\n")
        write_new(folder / f"offered-{offer.leaf.hex()[:16]}", offer.note)
    write_new(folder / "offers", "".join(lines).encode())
