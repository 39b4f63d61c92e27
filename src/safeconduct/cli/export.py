"""`safeconduct export DIR OUT`: an archive for each reader."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from safeconduct.adapters.archives import check_replaceable, write_archives
from safeconduct.adapters.files import new_place
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.export import PUBLIC, Archive, export
from safeconduct.wiring.offline import Corridor, open_corridor

SUMMARY = "an archive for each reader: a folder or a .zip that is audited alone"


def configure(parser: argparse.ArgumentParser) -> None:
    """Where from, where to, for whom."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the corridor's folder")
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="where the archive goes; several: one folder each in it"
    )
    parser.add_argument(
        "--for",
        dest="readers",
        action="append",
        metavar="READER",
        help="a seat's name, or public (repeatable; default public); what a seat gets to see is logged first",
    )
    parser.add_argument("--zip", action="store_true", help="write a .zip instead of a folder")


def run(arguments: argparse.Namespace) -> int:
    """All archives at one head, or none."""
    console: Console = arguments.console
    readers = list(dict.fromkeys(arguments.readers or [PUBLIC]))
    targets = _targets(arguments.out, readers, zipped=arguments.zip)
    with open_corridor(arguments.folder) as corridor:
        archives = export_to(corridor, targets)
        founding, policy = corridor.founding, corridor.sequencer.policy
    console.nature(founding.nature)
    for archive in archives:
        console.say(f"✓ {targets[archive.reader]}: for {archive.reader}, {_head_in_words(archive, policy)}")
    console.say(f"  Next: safeconduct audit {next(iter(targets.values()))} --corridor {founding.cor}")
    console.document(
        {
            "corridor": founding.cor,
            "nature": founding.nature,
            "archives": [_document(archive, targets[archive.reader], policy) for archive in archives],
        }
    )
    return 0


def export_to(corridor: Corridor, targets: Mapping[str, Path]) -> tuple[Archive, ...]:
    """For each reader the archive at its target; all of them at one head, or none."""
    identifier, size = corridor.founding.identifier, corridor.sequencer.size
    for target in targets.values():  # before anything is logged
        check_replaceable(target, corridor=identifier, size=size + len(targets) + 1)
    archives = export(corridor.sequencer, [*targets], now=corridor.clock.now())
    files = {targets[archive.reader]: archive.files() for archive in archives}
    write_archives(files, corridor=identifier, size=max(archive.head.size for archive in archives))
    return archives


def _targets(out: Path, readers: list[str], *, zipped: bool) -> dict[str, Path]:
    if len(readers) == 1:
        new_place(out)
        return {readers[0]: out.with_name(f"{out.name}.zip") if zipped and out.suffix != ".zip" else out}
    if out.suffix == ".zip":
        raise Malformed(
            "one .zip cannot hold several archives", where="OUT", next_step="Name a folder, with --zip"
        )
    return {reader: out / (f"{reader}.zip" if zipped else reader) for reader in readers}


def _missing(archive: Archive, policy: Policy) -> tuple[str, ...]:
    return policy.quorum.missing(policy.check(Note.parse(archive.head.note)).cosigned)


def _head_in_words(archive: Archive, policy: Policy) -> str:
    missing = _missing(archive, policy)
    short = f"; the head has no quorum yet ({'; '.join(missing)})" if missing else ""
    return f"{archive.head.size} entries{short}"


def _document(archive: Archive, target: Path, policy: Policy) -> dict[str, object]:
    root = Checkpoint.parse(Note.parse(archive.head.note).text).root.hex()
    head = {"size": archive.head.size, "root": root, "quorum_missing": list(_missing(archive, policy))}
    return {"reader": archive.reader, "path": str(target), "head": head}
