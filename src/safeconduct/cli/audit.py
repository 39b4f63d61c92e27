"""`safeconduct audit ARCHIVE`: everything that can be checked of an archive, checked."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.files import read_file
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.kept import Kept

SUMMARY = "check an archive: every proof, signature and rule"
_MOST = 64 * 2**20


def configure(parser: argparse.ArgumentParser) -> None:
    """The archive, and what is known of it from elsewhere."""
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="a folder or a .zip")
    parser.add_argument("--corridor", metavar="ID", help="the identifier on the signed paper")
    parser.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a head that was kept earlier, such as an older archive's checkpoint (repeatable)",
    )
    parser.add_argument(
        "--receipt",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a receipt that was kept (repeatable)",
    )
    parser.add_argument(
        "--offers",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what was offered to the log: lines `LEAF TIME`, or records (repeatable)",
    )


def run(arguments: argparse.Namespace) -> int:
    """The report; its exit code."""
    console: Console = arguments.console
    if arguments.corridor is not None:
        parse_hex(arguments.corridor, length=32, where="--corridor")
    report = audit(
        open_archive(arguments.archive),
        workers=ForkWorkers(),
        reporter=console,
        options=Options(
            corridor=arguments.corridor,
            heads=_kept(arguments.head),
            receipts=_kept(arguments.receipt),
            offers=_kept(arguments.offers),
        ),
    )
    for line in report.lines():
        console.say(line)
    console.document(report.to_json())
    return report.exit_code


def _kept(paths: Iterable[Path]) -> tuple[Kept, ...]:
    return tuple(Kept(str(path), read_file(path, most=_MOST)) for path in paths)
