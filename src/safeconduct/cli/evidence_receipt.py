"""`safeconduct evidence receipt RECEIPT RECORD ARCHIVE`: a receipt that does not fit an archive, as a proof."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.files import already_there, read_file, write_new
from safeconduct.cli.console import Console
from safeconduct.cli.opening import opened
from safeconduct.core.tlog.receipt import MAX_BYTES
from safeconduct.verify.kept import Kept
from safeconduct.verify.receipts import beside

SUMMARY = "a receipt beside an archive: where its record is not there, the proof of it"


def configure(parser: argparse.ArgumentParser) -> None:
    """What was kept, what it is compared with, where the proof goes."""
    parser.add_argument("receipt", type=Path, metavar="RECEIPT", help="the receipt (c2sp.org/tlog-proof@v1)")
    parser.add_argument("record", type=Path, metavar="RECORD", help="the record that it is for")
    parser.add_argument(
        "archive", metavar="ARCHIVE", help="a folder, a .zip, or an address: https://HOST/public/"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the evidence: a new file")


def run(arguments: argparse.Namespace) -> int:
    """0: the archive holds what the receipt says. 1: it does not, and FILE shows it."""
    console: Console = arguments.console
    if arguments.out.exists():
        raise already_there(arguments.out)
    receipt = Kept(str(arguments.receipt), read_file(arguments.receipt, most=MAX_BYTES))
    # A trailing LF is the editor's: a record has none.
    record = read_file(arguments.record, most=MAX_BYTES).removesuffix(b"\n")
    with opened(arguments.archive) as archive:
        evidence = beside(receipt, record, archive, arguments.archive)
    if evidence is None:
        console.say(f"✓ {arguments.archive} holds the record where {receipt.name} says. Nothing was written.")
        console.document({"fits": True, "kind": None, "shows": [], "evidence": None})
        return 0
    shown = evidence.check()
    write_new(arguments.out, evidence.print())
    console.say(f"✗ {receipt.name} and {arguments.archive} cannot both be of one honest log.")
    for sentence in shown.proves:
        console.say(f"  {sentence}")
    console.say(f"  Next: safeconduct evidence check {arguments.out}")
    console.document(
        {
            "fits": False,
            "kind": evidence.of.kind,
            "shows": list(shown.proves),
            "evidence": str(arguments.out),
        }
    )
    return 1
