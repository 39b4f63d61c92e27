"""`safeconduct party status DIR`: how a party's witness and its mirror are, and whether somebody must act."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from safeconduct.adapters.clock import SystemClock
from safeconduct.cli.console import Console
from safeconduct.cli.witness_status import say_witness
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.kernel.instant import print_instant
from safeconduct.wiring.party import ARCHIVE, WITNESS
from safeconduct.wiring.party_look import Looked, look, may_pass
from safeconduct.wiring.witness import open_witness

SUMMARY = "how a party's witness and its archive are, and whether somebody must act"


def configure(parser: argparse.ArgumentParser) -> None:
    """Which."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the party's folder")


def run(arguments: argparse.Namespace) -> int:
    """0: it runs, and nobody needs to do anything; 1: somebody must act, and the lines with ✗ say why."""
    console: Console = arguments.console
    folder, now = arguments.folder, SystemClock().now()
    seen = look(folder)
    if not seen.is_served:
        console.say(f"✗ {folder} is not served. Next: safeconduct party serve {folder} --listen HOST:PORT")
    witness, must_act = _witness(console, folder)
    for line in _mirror(seen, folder, now):
        console.say(line)
    must_act = must_act or seen.is_pressing(now)
    console.document(
        {"served": seen.is_served, "must_act": must_act, "witness": witness, "mirror": _document(seen, now)}
    )
    return int(must_act)


def _witness(console: Console, folder: Path) -> tuple[dict[str, object], bool]:
    try:
        with open_witness(folder / WITNESS) as here:
            must_look, document = say_witness(console, here)
            return document, must_look
    except SafeconductError as error:
        console.say(f"✗ The witness cannot be opened: {error}")
        return {"error": type(error).__name__, "said": str(error)}, True


def _mirror(seen: Looked, folder: Path, now: int) -> Iterator[str]:
    archive, memory = seen.archive, seen.memory
    yield f"The mirror of corridor {seen.corridor.identifier}, from {seen.corridor.address}"
    if seen.unread is not None:
        yield f"✗ {seen.unread}"
    elif archive is None:
        yield f"  {folder / ARCHIVE}: nothing yet"
    else:
        size = f"{archive.head.size} entries, {archive.files} files, {archive.size_bytes / 1e6:.1f} MB"
        yield f"  {folder / ARCHIVE}: {size}, root {archive.head.root.hex()}"
        yield (
            f"  as of {_age(archive.time, now)}"
            if archive.time
            else "  dated by nobody: its policy has no witness"
        )
    if memory.learnt is not None:
        yield f"  The corridor last answered as it should {_age(memory.learnt, now)}"
    split, trouble, overdue = memory.split, memory.trouble, seen.overdue_since(now)
    if split is not None:
        yield f"✗ {print_instant(split.time)} Two histories: a head of {split.size} entries was refused"
        yield f"  Its root: {split.root}. It, and the one that was kept here: {', '.join(split.evidence)}"
        yield "  Next: show both to the other parties, and ask which head each has; safeconduct compare says more."
    if trouble is not None:
        mark = "…" if may_pass(trouble) and overdue is None else "✗"
        yield f"{mark} Since {print_instant(trouble.since)}, last asked {_age(memory.asked, now)}: {trouble.said}"
    elif overdue is not None:
        yield f"✗ Nothing was learnt since {print_instant(overdue)}. Next: see its log, and start it again."


def _age(time: int | None, now: int) -> str:
    if time is None:
        return "never"
    return f"{print_instant(time)}, {_ago(now - time)}"


def _ago(seconds: int) -> str:
    """Roughly: for reading, not for reckoning. A clock that is behind makes it nothing."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit} ago"
    return f"{max(seconds, 0)} s ago"


def _document(seen: Looked, now: int) -> dict[str, object]:
    archive, memory = seen.archive, seen.memory
    return {
        "corridor": seen.corridor.identifier,
        "address": seen.corridor.address,
        "head": archive
        and {"size": archive.head.size, "root": archive.head.root.hex(), "time": archive.time},
        "age_s": None if archive is None or archive.time is None else now - archive.time,
        "files": 0 if archive is None else archive.files,
        "bytes": 0 if archive is None else archive.size_bytes,
        "asked": memory.asked,
        "learnt": memory.learnt,
        "trouble": memory.trouble and asdict(memory.trouble),
        "split": memory.split and asdict(memory.split),
        "unread": None if seen.unread is None else str(seen.unread),
    }
