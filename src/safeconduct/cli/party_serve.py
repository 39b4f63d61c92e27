"""`safeconduct party serve DIR`: a party's witness and its mirror, in one process, until it is told to stop."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safeconduct.adapters.http_serve import Listener, parse_listen
from safeconduct.adapters.log_lines import LogLines
from safeconduct.adapters.witness_http import MOST_BODY
from safeconduct.cli.console import Console
from safeconduct.wiring.party import ARCHIVE
from safeconduct.wiring.party_serve import Party, serving_party

SUMMARY = "a party's witness over HTTP and its archive, which grows, in one small process"


def configure(parser: argparse.ArgumentParser) -> None:
    """Which, and where."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the party's folder")
    parser.add_argument(
        "--listen",
        default="127.0.0.1:8443",
        metavar="HOST:PORT",
        help="default: 127.0.0.1:8443; port 0: one that is free",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves; 0 after it was stopped in order. Its log is on standard error, a line of JSON for each event."""
    console: Console = arguments.console
    host, port = parse_listen(arguments.listen)
    tell = LogLines()
    with serving_party(arguments.folder, tell) as party:

        def ready(url: str) -> None:
            _say(console, party, url, arguments.folder)
            tell("listening")
            party.mirror.start()

        Listener(host, port, party.answer, most_body=MOST_BODY).run(ready)
    tell("stopped")
    return 0


def _say(console: Console, party: Party, url: str, folder: Path) -> None:
    here, corridor = party.witness, party.corridor
    if here is not None:
        console.say(f"✓ {url} is the witness {here.key}")
        for log in here.logs:
            known = here.memory.last(log.name)
            console.say(f"  {log.name}: {'nothing cosigned yet' if known is None else known.head.size}")
    else:
        console.say(f"✗ The witness does not answer: {party.why_not}")
    console.say(f"  {folder / ARCHIVE} mirrors {corridor.address}, corridor {corridor.identifier}")
    console.say(f"  How it is: safeconduct party status {folder}. Stop it with Ctrl-C or SIGTERM")
    console.document(
        {
            "url": url,
            "verifier_key": None if here is None else str(here.key),
            "follows": [] if here is None else [str(log) for log in here.logs],
            "why_not": None if party.why_not is None else str(party.why_not),
            "corridor": corridor.identifier,
            "address": corridor.address,
            "archive": str(folder / ARCHIVE),
        }
    )
    sys.stdout.flush()
