"""`safeconduct witness follow DIR`: the logs that a witness follows, from a corridor's policy."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.cli.console import Console
from safeconduct.cli.witness import add_policy, policy_of
from safeconduct.wiring.witness import follow

SUMMARY = "the logs that a witness follows from its next start on; what it remembers stays"


def configure(parser: argparse.ArgumentParser) -> None:
    """Whose policy."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the witness's folder")
    add_policy(parser, required=True)


def run(arguments: argparse.Namespace) -> int:
    """Puts the policy into place."""
    console: Console = arguments.console
    logs = follow(arguments.folder, policy_of(arguments) or b"")
    console.say(f"✓ {arguments.folder} follows, from its next start on:")
    for log in logs:
        console.say(f"  {log}")
    console.say("  Compare that with the signed paper, or with another party.")
    console.document({"folder": str(arguments.folder), "follows": [str(log) for log in logs]})
    return 0
