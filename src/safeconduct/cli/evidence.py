"""`safeconduct evidence check FILE`: what a file proves to somebody who was not there, offline."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from safeconduct.adapters.files import read_file
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.cli.opening import opened
from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.policy import MAX_BYTES as POLICY_BYTES
from safeconduct.core.tlog.policy import Policy
from safeconduct.verify.evidence.check import MAX_BYTES, Evidence, InArchive
from safeconduct.verify.evidence.shown import Shown

SUMMARY = "what an evidence file proves, on whose keys, and what it does not prove"
_LONG = 200
"""Characters of a key that are printed at most: an ML-DSA key has thousands."""


def configure(parser: argparse.ArgumentParser) -> None:
    """The file; what one holds oneself."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the evidence (docs/spec/evidence.md)")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="whom you believe: an archive's policy of your own; else the one in the file is used, and named",
    )
    parser.add_argument(
        "--archive",
        metavar="ARCHIVE",
        help="where a file says that something is not in a log: an archive of it, a folder, a .zip or an address",
    )


def run(arguments: argparse.Namespace) -> int:
    """0: it proves it. 1: it does not."""
    console: Console = arguments.console
    where = str(arguments.file)
    evidence = Evidence.parse(read_file(arguments.file, most=MAX_BYTES), where=where)
    policy = None
    if arguments.policy is not None:
        policy = Policy.parse(read_file(arguments.policy, most=POLICY_BYTES), where=str(arguments.policy))
    try:
        shown = _shown(evidence, policy, arguments.archive, console)
    except Disproved as error:
        return _proves_nothing(console, where, evidence.of.kind, error)
    for line in _lines(where, evidence.of.kind, shown, brought=policy is not None):
        console.say(line)
    brought = "the one brought" if policy else "the one in the file"
    console.document({"kind": evidence.of.kind, "policy": brought, **shown.to_json(), "faults": []})
    return 0 if shown.proved else 1


def _shown(evidence: Evidence, policy: Policy | None, archive: str | None, console: Console) -> Shown:
    if archive is None:
        return evidence.check(policy)
    with opened(archive) as looked_at:
        return InArchive(looked_at, ForkWorkers(), console).check(evidence, policy)


def _proves_nothing(console: Console, where: str, kind: str, error: Disproved) -> int:
    console.say(f"✗ {where} does not prove it ({kind}):")
    for fault in error.faults:
        console.say(f"  {fault}")
    faults = [{"message": fault.message, "where": fault.where, "rule": fault.rule} for fault in error.faults]
    empty = Shown(proved=False, proves=(), keys=(), leaves_open=())
    console.document({"kind": kind, **empty.to_json(), "faults": faults})
    return 1


def _lines(where: str, kind: str, shown: Shown, *, brought: bool) -> Iterator[str]:
    yield f"✓ {where} proves it ({kind})" if shown.proved else f"✗ {where} alone does not prove it ({kind})"
    yield "It shows:"
    yield from (f"  {sentence}" for sentence in shown.proves)
    if shown.needs:
        yield "It takes besides:"
        yield from (f"  {each}" for each in shown.needs)
    yield f"It rests on these keys, from {'the policy that you brought' if brought else 'the file itself'}:"
    yield from (f"  {key if len(key) < _LONG else f'{key[:_LONG]}…'}" for key in shown.keys)
    if not brought:
        yield "  Whoever made the file chose them: compare with what you hold, or repeat with --policy FILE"
    yield "It does not show:"
    yield from (f"  {sentence}" for sentence in shown.leaves_open)
