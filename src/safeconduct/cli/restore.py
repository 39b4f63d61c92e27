"""`safeconduct restore BACKUP DIR`: a corridor from its copies, or the rehearsal of that."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from safeconduct.adapters.clock import SystemClock
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Malformed
from safeconduct.service.rollback import in_words
from safeconduct.wiring.recovery import Tried, rehearse, restore

SUMMARY = "a corridor from its copies; --rehearse tries it and throws it away"


def configure(parser: argparse.ArgumentParser) -> None:
    """The copies, and where the corridor is or will be."""
    parser.add_argument("backup", type=Path, metavar="BACKUP", help="the log's copy (safeconduct backup)")
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="the corridor's folder; no log may be there, unless it is only rehearsed",
    )
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="restore into a folder that is thrown away, and say what it gives",
    )
    parser.add_argument("--vault", type=Path, metavar="FILE", help="the vault's copy")
    parser.add_argument("--keys", type=Path, metavar="FOLDER", help="the private keys' copy")
    parser.add_argument(
        "--catch-up",
        type=Path,
        dest="archive",
        metavar="ARCHIVE",
        help="an archive of this log that holds more, such as DIR/published; every entry is verified",
    )


def run(arguments: argparse.Namespace) -> int:
    """What it gives, what it does not, what to do next."""
    console: Console = arguments.console
    backup, folder = arguments.backup, arguments.folder
    if arguments.rehearse:
        if arguments.keys or arguments.archive:
            raise Malformed(
                "--rehearse tries the copies of log and vault only",
                where="safeconduct restore",
                next_step="Leave out --keys and --catch-up",
            )
        tried = rehearse(backup, folder, vault=arguments.vault, clock=SystemClock())
        lines = [f"✓ {backup} can be restored: {in_words(tried.head)}; its entries lead to it"]
        lines += [
            *_since(tried, folder),
            *_erased(tried, arguments.vault),
            f"  Noted in {folder}/last-rehearsal",
        ]
    else:
        tried = restore(
            backup,
            folder,
            vault=arguments.vault,
            keys=arguments.keys,
            archive=arguments.archive,
            clock=SystemClock(),
        )
        lines = list(_restored(tried, arguments))
    console.nature(tried.founding.nature)
    for line in lines:
        console.say(line)
    console.document(_document(tried))
    return 1 if tried.closed or tried.stops else 0


def _restored(tried: Tried, arguments: argparse.Namespace) -> Iterator[str]:
    folder = arguments.folder
    yield f"✓ {folder}: {in_words(tried.head)}; its entries lead to it"
    if arguments.archive:
        yield f"  {tried.added} of them from {arguments.archive}, each verified"
    yield from _erased(tried, arguments.vault)
    if not (folder / "keys").is_dir():
        yield f"  The private keys are not here: put the folder keys into {folder} before anything is signed"
    if tried.stops:
        yield f"✗ It will be served, but nothing is signed: {tried.stops}"
        if tried.since and not tried.since.why_not:
            yield f"  Next: move {folder}/corridor.db away, and repeat with --catch-up {folder}/published"
    else:
        yield "  Compare it with what lies elsewhere before you serve it: the high-water note, a party's archive"


def _since(tried: Tried, folder: Path) -> Iterator[str]:
    since = tried.since
    if since is None:
        yield f"  Nothing is published in {folder}/published: what would be lost cannot be said"
    elif not since.lost and not since.why_not:
        yield f"  Nothing would be lost: published is {in_words(since.head)}"
    else:
        yield f"  Published is {in_words(since.head)}"
        yield f"  {since.lost} entries would be lost, and what was handed over beside them"
        if since.why_not:
            yield f"  They do not come back from {folder}/published: {since.why_not}"
        else:
            yield f"  They verify in {folder}/published: restore with --catch-up {folder}/published brings them back"


def _erased(tried: Tried, vault: Path | None) -> Iterator[str]:
    if tried.erased:
        later = (
            f", {tried.erased_since} of them by records that the backup does not have"
            if tried.erased_since
            else ""
        )
        yield f"  Erasures replayed: {len(tried.erased)} disclosures{later}"
    if tried.closed:
        why = "its newest copy may have their keys" if vault else "name the vault's copy: --vault FILE"
        yield f"✗ {tried.closed} disclosures cannot be opened: {why}"


def _document(tried: Tried) -> dict[str, object]:
    since = tried.since
    return {
        "corridor": tried.founding.cor,
        "nature": tried.founding.nature,
        "head": {"size": tried.head.size, "root": tried.head.root.hex()},
        "published": since and {"size": since.head.size, "root": since.head.root.hex()},
        "lost": since.lost if since else None,
        "comes_back": bool(since and not since.why_not),
        "erased": len(tried.erased),
        "erased_since": tried.erased_since,
        "closed": tried.closed,
        "added": tried.added,
        "stops": tried.stops,
    }
