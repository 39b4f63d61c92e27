"""`safeconduct doctor DIR`: whether the corridor's server is well; each line that is not ok ends with what to do."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.cli.console import Console
from safeconduct.service.checkup import is_well

SUMMARY = "clock, disk, keys, store, vault, heads, projections, backups: what is wrong, and the fix"


def configure(parser: argparse.ArgumentParser) -> None:
    """Whose health."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the corridor's folder")
    parser.add_argument(
        "--high-water", type=Path, metavar="FILE", help="where `serve` keeps the newest head, if it does"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: nothing failed; 1: something did."""
    from safeconduct.cli.serve import require_server  # noqa: PLC0415 - offline commands load no server

    require_server()
    from safeconduct.wiring.checkup import check_up  # noqa: PLC0415 - as above

    console: Console = arguments.console
    lines = []
    for line in check_up(arguments.folder, high_water=arguments.high_water):
        console.say(str(line))
        lines.append(line)
    well = is_well(lines)
    console.document(
        {
            "well": well,
            "lines": [
                {"what": line.what, "state": line.state, "said": line.said, "fix": line.fix} for line in lines
            ],
        }
    )
    return 0 if well else 1
