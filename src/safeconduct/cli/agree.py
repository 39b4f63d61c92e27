"""`safeconduct succeed agree DRAFT ARCHIVE`: a seat's consent to a succession, once its own archive bears that out."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.keys import read_key
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.cli.succeed import document, said
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.service.succession import consent
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.report import finding_lines
from safeconduct.verify.succession import Link, read_log
from safeconduct.wiring.ending import drafted, read_draft, write_consent

SUMMARY = "sign the draft of a successor for your seat, after comparing it with your own archive"


def configure(parser: argparse.ArgumentParser) -> None:
    """What is signed, what it is compared with, and by whom."""
    parser.add_argument(
        "draft", type=Path, metavar="DRAFT", help="succession.json, as safeconduct succeed wrote it"
    )
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="your own archive of the log that ends")
    parser.add_argument("--seat", required=True, metavar="SEAT", help="your seat")
    parser.add_argument("--root", type=Path, required=True, metavar="FILE", help="its private root key")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file for the consent")
    parser.add_argument("--corridor", metavar="ID", help="the identifier on the signed paper")


def run(arguments: argparse.Namespace) -> int:
    """Signs nothing that the archive does not bear out."""
    console: Console = arguments.console
    if arguments.corridor is not None:
        parse_hex(arguments.corridor, length=32, where="--corridor")
    payload = read_draft(arguments.draft)
    founding = drafted(payload, SystemChance(), where=str(arguments.draft))
    root = read_key(arguments.root)
    if root.public_key not in [one.public_key for one in founding.seats if one.seat == arguments.seat]:
        raise Malformed(
            f"this is not the root key of {arguments.seat!r} in this draft",
            where=str(arguments.root),
            next_step="Name your own seat and its key",
        )
    archive = open_archive(arguments.archive)
    report = audit(
        archive, workers=ForkWorkers(), reporter=console, options=Options(corridor=arguments.corridor)
    )
    if not report.sound:
        raise Disproved.of(report.faults)
    if founding.succession is None:
        raise Malformed("this draft names no predecessor", where=str(arguments.draft))
    link = Link(founding, founding.succession, read_log(archive))
    faults = tuple(link.faults())
    if faults:
        raise Disproved.of(faults)
    console.nature(founding.nature)
    findings = tuple(link.findings(()))
    if findings:
        console.say(f"✗ {arguments.archive} has more than this draft keeps; nothing was signed")
        for finding in findings:
            for line in finding_lines(finding):
                console.say(f"  {line}")
        console.say("  Next: give your archive to whoever drafts: safeconduct succeed --archive ARCHIVE")
        console.document({**document(founding), "signed": False, "findings": [one.rule for one in findings]})
        return 1
    write_consent(arguments.out, consent(payload, arguments.seat, root))
    console.say(f"✓ {arguments.out}: the consent of {arguments.seat} to this draft and no other")
    for line in said(founding):
        console.say(line)
    for change in link.rotated():
        console.say(f"! Other than in your archive: {change}")
    console.say("  Agreement, route and roots are those in your archive")
    console.document(
        {
            **document(founding),
            "signed": True,
            "consent": str(arguments.out),
            "rotated": list(link.rotated()),
        }
    )
    return 0
