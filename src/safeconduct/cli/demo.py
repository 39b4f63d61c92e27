"""`safeconduct demo`: the main job on real input, from nothing, and whether it came out as it must.

It replays the voyages of `examples/black-sea-2022`, exports an archive for each delegation and the public,
audits each alone, compares the heads, and the findings with `expected_findings.json`; then it serves the corridor.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.demo_folder import fresh_folder
from safeconduct.adapters.files import reading
from safeconduct.adapters.replay_folder import ReplayFolder
from safeconduct.cli.console import Console
from safeconduct.cli.demonstration import Demonstration
from safeconduct.cli.readers import CORRIDOR, archive_of, audit_all, export_all
from safeconduct.cli.replay import into_folder
from safeconduct.cli.serve import serve
from safeconduct.cli.simulated import run as run_simulated
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.service.expected import parse_expected
from safeconduct.service.export import PUBLIC
from safeconduct.service.replay_source import read_replayable
from safeconduct.verify.entries import Entries
from safeconduct.verify.report import Report

SUMMARY = "the main job on real input, from nothing: replay, export, audit, compare, serve"
EXAMPLE = "black-sea-2022"
HOST, PORT = "127.0.0.1", 8000


def configure(parser: argparse.ArgumentParser) -> None:
    """Where to, where the examples lie, and the simulated day instead."""
    parser.add_argument(
        "--dir",
        dest="folder",
        type=Path,
        metavar="DIR",
        default=Path("demo"),
        help="the folder to make anew (demo)",
    )
    parser.add_argument(
        "--examples", type=Path, metavar="DIR", default=Path("examples"), help="the examples (./examples)"
    )
    parser.add_argument(
        "--simulated", action="store_true", help="play a simulated day instead: nothing in it happened"
    )
    parser.add_argument(
        "--no-serve", action="store_true", help="return, and serve nothing; with --json it does so anyway"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: sound, one head for all, and the findings that must be there; else 1. After 0 it serves, until a signal."""
    console: Console = arguments.console
    came_out = run_simulated(arguments.folder, console) if arguments.simulated else _run(arguments)
    if came_out != 0 or arguments.no_serve or console.json:
        return came_out
    return _serve(arguments.folder / CORRIDOR, console)


def _run(arguments: argparse.Namespace) -> int:
    console: Console = arguments.console
    shown = demonstrate(_example(arguments.examples), arguments.folder, console)
    for line in shown.lines(arguments.folder):
        console.say(line)
    console.document(shown.document(arguments.folder))
    return 0 if shown.came_out else 1


def _serve(corridor: Path, console: Console) -> int:
    """On this machine, and with nothing that the environment says about another corridor."""
    for name in ("DATABASE_URL", "SAFECONDUCT_HIGH_WATER"):
        os.environ.pop(name, None)
    try:
        return serve(corridor, HOST, PORT, console)
    except Unavailable as error:
        step = f"All of the above holds. Serve it elsewhere: safeconduct serve {corridor} --port 0"
        raise Unavailable.of(replace(fault, next_step=step) for fault in error.faults) from error


def demonstrate(example: Path, folder: Path, console: Console) -> Demonstration:
    """The whole of it; `folder` is there, whole, once it returns."""
    files = ReplayFolder(example)
    source = read_replayable(files)
    expected = parse_expected(files.text("expected_findings.json"))
    readers = (*source.agreement.seats, PUBLIC)
    with fresh_folder(folder) as making:
        console.step("replayed", 0, 1)
        into_folder(source, making / CORRIDOR)
        console.step("replayed", 1, 1)
        corridor = export_all(making, readers)
        reports = audit_all(making, readers, corridor, console)
        entries = _entries(archive_of(making, readers[0]), reports[readers[0]])
    return Demonstration(source, expected, reports, entries)


def _example(examples: Path) -> Path:
    found = examples / EXAMPLE
    with reading(found):
        there = found.is_dir()
    if not there:
        raise Unavailable(
            "the example is not there",
            where=str(found),
            next_step="Run this in a clone of the repository, or name its folder: --examples DIR",
        )
    return found


def _entries(archive: FolderArchive, report: Report) -> tuple[Entry, ...]:
    """The log, as a reader has it; nothing where it is not sound."""
    if report.head is None or not report.sound:
        return ()
    log = Entries(archive, report.head.size)
    return tuple(parse_entry(log.read(index), where=f"entry {index}") for index in range(log.size))
