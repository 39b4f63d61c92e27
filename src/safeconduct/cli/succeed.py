"""`safeconduct succeed OLD NEW`: a log ends, and another one goes on: drafted first, then begun."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.keys import read_key
from safeconduct.cli.console import Console
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.tlog.note import VerifierKey
from safeconduct.service.rollback import in_words
from safeconduct.wiring.ending import DRAFT, Asked, Found, begin_successor, draft_successor, drafted

SUMMARY = "a log that ends, or whose keys change, gets a successor: drafted, signed by its seats, then begun"


def configure(parser: argparse.ArgumentParser) -> None:
    """What is left of the old log; then the signatures."""
    parser.add_argument("old", type=Path, metavar="OLD", help="the folder of the log that ends")
    parser.add_argument(
        "new",
        type=Path,
        metavar="NEW",
        help="the new log's folder: made with the draft, then begun with --root",
    )
    draft = parser.add_argument_group("to draft it")
    draft.add_argument("--origin", metavar="NAME", help="the new log's name, another than the old one's")
    draft.add_argument(
        "--cause",
        metavar="CODE",
        help="why the old log ends, such as entries.lost, key.lost, two.histories, keys.rotated",
    )
    draft.add_argument(
        "--witness",
        action="append",
        default=[],
        metavar="VKEY",
        help="a witness of the new log beside those of the old one (repeatable)",
    )
    draft.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="a witness of the old log that does not go on (repeatable)",
    )
    draft.add_argument(
        "--quorum",
        type=int,
        metavar="K",
        help="how many of its witnesses must cosign a head (default: as before)",
    )
    draft.add_argument(
        "--archive",
        type=Path,
        action="append",
        default=[],
        metavar="ARCHIVE",
        help="a party's archive of the old log (repeatable); the largest proved copy is what is kept",
    )
    draft.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a head of the old log that somebody kept (repeatable); the largest with its quorum is the last witnessed",
    )
    draft.add_argument(
        "--receipt",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a receipt whose record is lost (repeatable), each with its --entry",
    )
    draft.add_argument(
        "--entry",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="the record that a --receipt is for, in the same order",
    )
    begin = parser.add_argument_group("to begin it")
    begin.add_argument("--root", type=Path, metavar="FILE", help="the guarantor's private key")
    begin.add_argument(
        "--consent",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a seat's consent to this very draft (repeatable; safeconduct succeed agree)",
    )


def run(arguments: argparse.Namespace) -> int:
    """A draft where there is none; a log where there is one and the guarantor signs."""
    if arguments.root is None:
        return _draft(arguments)
    words = ("origin", "cause", "archive", "head", "receipt", "witness", "without", "quorum")
    if any(getattr(arguments, word) for word in words):
        raise Malformed(
            "a draft is signed as it is",
            where="safeconduct succeed",
            next_step="Draft first, without --root; then begin, with --root and --consent only",
        )
    return _begin(arguments)


def _draft(arguments: argparse.Namespace) -> int:
    console: Console = arguments.console
    absent = [f"--{name}" for name in ("origin", "cause") if getattr(arguments, name) is None]
    if absent:
        raise Malformed.of(
            Fault("this is missing", name, "See: safeconduct succeed --help") for name in absent
        )
    if len(arguments.receipt) != len(arguments.entry):
        raise Malformed(
            "each receipt is for one record",
            where="--receipt",
            next_step="Give as many --entry, in their order",
        )
    pairs = tuple(zip(arguments.receipt, arguments.entry, strict=True))
    found = Found(arguments.archive, arguments.head, pairs)
    payload, unusable = draft_successor(
        arguments.old,
        arguments.new,
        _asked(arguments),
        found=found,
        clock=SystemClock(),
        chance=SystemChance(),
    )
    path = arguments.new / DRAFT
    founding = drafted(payload, SystemChance(), where=str(path))
    console.nature(founding.nature)
    console.say(f"✓ {path}: a draft; nothing is begun")
    for line in (*said(founding), *(f"  Not used: {one}" for one in unusable)):
        console.say(line)
    rule = founding.agreement.consent
    console.say(
        f"  {rule.needed} of {', '.join(rule.of)} must sign this draft. Each seat, on a machine of its own:"
    )
    console.say(f"    safeconduct succeed agree {DRAFT} ARCHIVE --seat SEAT --root FILE --out SEAT.consent")
    console.say(
        f"  Then: safeconduct succeed {arguments.old} {arguments.new} --root FILE --consent SEAT.consent"
    )
    console.document({**document(founding), "draft": str(path), "unusable": list(unusable)})
    return 0


def _asked(arguments: argparse.Namespace) -> Asked:
    witnesses = tuple(VerifierKey.parse(word, where="--witness") for word in arguments.witness)
    return Asked(arguments.origin, arguments.cause, witnesses, tuple(arguments.without), arguments.quorum)


def _begin(arguments: argparse.Namespace) -> int:
    console: Console = arguments.console
    founding = begin_successor(
        arguments.new,
        arguments.consent,
        read_key(arguments.root),
        clock=SystemClock(),
        chance=SystemChance(),
    )
    console.nature(founding.nature)
    console.say(f"✓ {arguments.new}: {founding.origin}, of the same corridor {founding.cor}")
    for line in said(founding):
        console.say(line)
    console.say(f"  Print the hash of its entry 0 beside the identifier: {founding.identifier}")
    console.say(
        "  Every device's key is enrolled anew; its numbers begin anew. Open movements are declared anew"
    )
    console.say(
        f"  Never serve {arguments.old} again. Keep it, and its archives: the audit of this log needs one:"
    )
    console.say(f"    safeconduct audit ARCHIVE --predecessor OLD_ARCHIVE --corridor {founding.cor}")
    console.document({**document(founding), "folder": str(arguments.new)})
    return 0


def said(founding: Founding) -> Iterator[str]:
    """What a succession says of the old log."""
    one = founding.succession
    if one is not None:
        yield f"  It goes on for {one.head.origin}, whose last witnessed head is {in_words(one.head)}"
        yield f"  Cause: {one.cause}. Kept: {one.kept} entries. Receipts for later ones cannot be honoured"
        yield (
            f"  {founding.quorum} of {len(founding.witnesses)} witnesses cosign each head: "
            f"{', '.join(str(key) for key in founding.witnesses) or 'there are none'}"
        )
        if one.receipts:
            yield f"  Named as lost: {', '.join(leaf[:16] + '…' for leaf in one.receipts)}"


def document(founding: Founding) -> dict[str, object]:
    """The same as JSON values."""
    one = founding.succession
    if one is None:
        return {}
    return {
        "corridor": founding.cor,
        "nature": founding.nature,
        "origin": founding.origin,
        "identifier": founding.identifier,
        "predecessor": one.head.origin,
        "head": {"size": one.head.size, "root": one.head.root.hex()},
        "cause": one.cause,
        "kept": one.kept,
        "receipts": list(one.receipts),
        "consented": list(one.consented),
    }
