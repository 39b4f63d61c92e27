"""`safeconduct receipt check FILE`: whether a receipt holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.files import read_file
from safeconduct.cli.console import Console
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import MAX_BYTES, Receipt

SUMMARY = "whether a receipt holds under a policy, and for an entry"


def configure(parser: argparse.ArgumentParser) -> None:
    """The receipt, the policy it is judged by, the entry it is for."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the receipt (c2sp.org/tlog-proof@v1)")
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="an archive's policy")
    parser.add_argument("--entry", type=Path, metavar="FILE", help="the record that the receipt is for")


def run(arguments: argparse.Namespace) -> int:
    """Says what is proved, and no more."""
    console: Console = arguments.console
    where = str(arguments.file)
    receipt = Receipt.parse(read_file(arguments.file, most=MAX_BYTES), where=where)
    policy = Policy.parse(read_file(arguments.policy, most=MAX_BYTES), where=str(arguments.policy))
    head = policy.check(receipt.note, where=where)
    time = head.time(policy)
    grade = "logged" if time is None else "cosigned"
    bound = arguments.entry is not None
    if bound:
        # A trailing LF is the editor's: an entry has none.
        entry = read_file(arguments.entry, most=MAX_BYTES).removesuffix(b"\n")
        parse_entry(entry, where=str(arguments.entry))
        receipt.check(entry, policy, where=where)
    dated = (
        "not dated: no quorum of witnesses stands behind the head" if time is None else print_instant(time)
    )
    subject = (
        f"entry {receipt.index} is in the log"
        if bound
        else "its head is signed; no --entry was given, so no inclusion"
    )
    console.say(f"✓ {where}: {grade}; {subject}.")
    console.say(f"  Log {head.checkpoint.origin}, {head.checkpoint.size} entries; {dated}")
    console.document(
        {
            "grade": grade,
            "entry_checked": bound,
            "index": receipt.index,
            "head": {"origin": head.checkpoint.origin, "size": head.checkpoint.size, "time": time},
        }
    )
    return 0
