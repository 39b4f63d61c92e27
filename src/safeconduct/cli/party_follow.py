"""`safeconduct party follow DIR`: the corridor that a party's witness and mirror are of."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.cli.console import Console
from safeconduct.cli.party import add_corridor, corridor_named, document_of, say_followed
from safeconduct.wiring.party import follow_corridor, require_party

SUMMARY = "the corridor that a party's witness follows and its archive is of, from its next start on"


def configure(parser: argparse.ArgumentParser) -> None:
    """Which party, which corridor."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the party's folder")
    add_corridor(parser, required=True)


def run(arguments: argparse.Namespace) -> int:
    """Asks for the founding record, and keeps what follows from it."""
    console: Console = arguments.console
    require_party(arguments.folder)
    found = corridor_named(arguments)
    followed = follow_corridor(arguments.folder, *found)
    console.say(f"✓ {arguments.folder}")
    say_followed(console, arguments.folder, followed, is_compared=arguments.identifier is not None)
    console.document({"folder": str(arguments.folder), **document_of(found, followed.witness)})
    return 0
