"""`safeconduct evidence findings ARCHIVE DIR`: what an audit finds, each finding that can be shown alone in a file."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from safeconduct.adapters.files import already_there, read_file, write_new, writing
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.cli.opening import opened
from safeconduct.core.tlog.receipt import MAX_BYTES
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.evidence.made import of_findings
from safeconduct.verify.kept import Kept

SUMMARY = "an audit's findings of forked and broken chains, double digests, withheld records: a proof each"
_MOST = 64 * 2**20


def configure(parser: argparse.ArgumentParser) -> None:
    """The archive, what was offered to its log, where the files go."""
    parser.add_argument(
        "archive", metavar="ARCHIVE", help="a folder, a .zip, or an address: https://HOST/public/"
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the files go: a new folder")
    parser.add_argument(
        "--offers", type=Path, action="append", default=[], metavar="FILE",
        help="records that were offered to the log, one a line, as for audit (repeatable)",
    )  # fmt: skip
    parser.add_argument(
        "--answer", type=Path, action="append", default=[], metavar="FILE",
        help="what a witness answered to such an offer (repeatable)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """0: nothing that a file could show; 1: files were written, or a finding cannot be shown by one."""
    console: Console = arguments.console
    if arguments.folder.exists():
        raise already_there(arguments.folder)
    offers = tuple(Kept(str(path), read_file(path, most=_MOST)) for path in arguments.offers)
    answers = tuple(Kept(str(path), read_file(path, most=MAX_BYTES)) for path in arguments.answer)
    with opened(arguments.archive) as archive:
        report = audit(archive, workers=ForkWorkers(), reporter=console, options=Options(offers=offers))
        made = list(of_findings(report, archive, offers, answers))
    files = {evidence.print(): evidence.of.kind for _, evidence in made if evidence is not None}
    numbers: Counter[str] = Counter()
    written = []
    for data, kind in files.items():
        with writing(arguments.folder):
            arguments.folder.mkdir(parents=True, exist_ok=True)
        numbers[kind] += 1
        written.append(arguments.folder / f"{kind}-{numbers[kind]}.json")
        write_new(written[-1], data)
    left = Counter(rule for rule, evidence in made if evidence is None)
    for path in written:
        console.say(f"✗ {path}: safeconduct evidence check {path}")
    for rule, count in left.items():
        console.say(f"… {count} of {rule}: no file shows it; hand on the archive, and what was offered")
    if not made:
        console.say(
            f"✓ {arguments.archive}: nothing of which a file could be made. See also: safeconduct audit"
        )
    console.document({"written": [str(path) for path in written], "not_shown": dict(left)})
    return 1 if made else 0
