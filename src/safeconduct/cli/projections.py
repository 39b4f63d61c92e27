"""`safeconduct projections rebuild|compare DIR`: the rows of passages that a server keeps, against the log."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.cli.console import Console

SUMMARY = "the stored rows of passages: made anew from the log, or compared with a fold from nothing"


def configure(parser: argparse.ArgumentParser) -> None:
    """What to do, and where."""
    parser.add_argument("what", choices=("rebuild", "compare"), help="make them anew, or compare them")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the corridor's folder")


def run(arguments: argparse.Namespace) -> int:
    """0: done, or nothing differs; 1: what differs is on a line each."""
    from safeconduct.wiring.server import open_projections  # noqa: PLC0415 - offline commands load no Django

    console: Console = arguments.console
    differing: list[str] = []
    with open_projections(arguments.folder) as projections:
        if arguments.what == "rebuild":
            projections.rebuild()
        else:
            projections.update()
            differing = projections.compare()
        passages, size = len(projections.rows()), projections.size()
    for line in differing:
        console.say(f"✗ {line}")
    if differing:
        console.say(f"  Next: safeconduct projections rebuild {arguments.folder}")
    else:
        done = "made anew" if arguments.what == "rebuild" else "as a fold from nothing gives them"
        console.say(f"✓ {passages} passages of {size} entries, {done}")
    console.document({"passages": passages, "entries": size, "differing": differing})
    return 1 if differing else 0
