"""A seat signs from its own archive: audited first, then signed, then in a file that is handed in."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.files import write_new
from safeconduct.adapters.keys import read_key
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Conflict, Disproved
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.archive_store import open_copy
from safeconduct.service.closing import AFTER, said_of
from safeconduct.service.seat import Seat, body_of, seat_of
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.report import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """What is read, who signs, where the record goes."""
    parser.add_argument(
        "archive", type=Path, metavar="ARCHIVE", help="your own archive of the log, a fresh one"
    )
    parser.add_argument(
        "--root", type=Path, required=True, metavar="FILE", help="your seat's private root key"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a new file for what is handed in"
    )
    parser.add_argument("--corridor", metavar="ID", help="the identifier on the signed paper")


def opened(arguments: argparse.Namespace) -> tuple[Seat, Report]:
    """The seat, and what the audit says; Disproved where the log is not sound, Conflict where it is closed."""
    if arguments.corridor is not None:
        parse_hex(arguments.corridor, length=32, where="--corridor")
    root = read_key(arguments.root)
    archive = open_archive(arguments.archive)
    report = audit(
        archive,
        workers=ForkWorkers(),
        reporter=arguments.console,
        options=Options(corridor=arguments.corridor),
    )
    if not report.sound:
        raise Disproved.of(report.faults)
    seat = seat_of(open_copy(archive, where=str(arguments.archive)), root, where=str(arguments.root))
    if seat.ring.closing is not None:
        raise Conflict(
            said_of(seat.ring.closing, seat.ring.closed_from),
            where=str(arguments.archive),
            next_step="Nothing is left to agree to in this log",
            rule=AFTER,
        )
    return seat, report


def now_of(seat: Seat) -> int:
    """The present; where a corridor is simulated, its own: the time of the head."""
    now = SystemClock().now()
    return now if seat.log.founding.nature == "live" else seat.cosigned_at or now


def handed_over(arguments: argparse.Namespace, seat: Seat, record: bytes) -> dict[str, object]:
    """Writes the file, and says what to do with it."""
    console: Console = arguments.console
    entry, founding = parse_entry(record), seat.log.founding
    write_new(arguments.out, body_of(record, founding.nature))
    console.say(f"  Record number {entry.seq} of {seat.holder}. Hand it in before you sign another one:")
    console.say(
        "    curl --header 'Content-Type: application/json' "
        f"--data-binary @{arguments.out} https://{founding.origin.partition('/')[0]}/api/records"
    )
    return {
        "corridor": founding.cor,
        "nature": founding.nature,
        "kind": entry.evt,
        "signer": seat.holder,
        "seq": entry.seq,
        "leaf": entry.leaf.hex(),
        "path": str(arguments.out),
    }
