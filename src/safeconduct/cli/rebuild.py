"""`safeconduct rebuild ARCHIVE DIR`: a corridor whose server is lost, from any party's archive."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.clock import SystemClock
from safeconduct.cli.console import Console
from safeconduct.service.archive_store import Files
from safeconduct.service.rollback import in_words
from safeconduct.wiring.rebuild import NEEDED, Rebuilt, rebuild

SUMMARY = "a lost corridor from any party's archive; what cannot come back is listed"


def configure(parser: argparse.ArgumentParser) -> None:
    """The archive, where the corridor will be, and the keys."""
    parser.add_argument(
        "archive",
        metavar="ARCHIVE",
        help="a folder, a .zip, or an address that anybody may read: https://HOST/public/",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the corridor's folder; it is made, never overwritten"
    )
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="FOLDER",
        help="the private keys' copy; without them the corridor is only read",
    )


def run(arguments: argparse.Namespace) -> int:
    """What came back, what did not, what to do next."""
    console: Console = arguments.console
    with _opened(arguments.archive) as files:
        made = rebuild(
            files, arguments.folder, where=arguments.archive, keys=arguments.keys, clock=SystemClock()
        )
    console.nature(made.founding.nature)
    for line in (*_back(made, arguments.folder), *_not_back(made), *_next(made, arguments.folder)):
        console.say(line)
    console.document(_document(made, arguments.folder))
    return 0


@contextmanager
def _opened(place: str) -> Iterator[Files]:
    if place.startswith(("http://", "https://")):
        from safeconduct.adapters.http_archive import open_http_archive  # noqa: PLC0415 - only here: http and ssl

        with open_http_archive(place) as archive:
            yield archive
    else:
        yield open_archive(Path(place))


def _back(made: Rebuilt, folder: Path) -> Iterator[str]:
    founding = made.founding
    yield f"✓ {folder}: {founding.agreement.title}: {in_words(made.head)}; its entries lead to it"
    yield f"  Corridor {founding.cor}: compare with the signed paper"
    if founding.witnesses:
        yield (
            f"  {len(made.cosigned)} of {len(founding.witnesses)} witnesses cosigned this head, {founding.quorum} must"
        )
    yield f"  {made.shown.disclosures} private values came back, sealed with new keys"


def _not_back(made: Rebuilt) -> Iterator[str]:
    """Everything that an archive cannot hold, or that this one does not."""
    yield "  What does not come back:"
    yield f"    records after entry {made.head.size - 1}, if there were any: another archive may hold more"
    for kind, lines in groupby(made.shown.not_shown, lambda one: one.kind):
        fields = ", ".join(f"{one.field} {len(one.entries)}" for one in lines)
        yield f"    private values of {kind} that this archive does not show, where there were any: {fields}"
    if made.shown.erased:
        yield f"    {made.shown.erased} private values that were erased by record"
    recorded = f"{made.recorded} stand in the log as records" if made.recorded else "none stands in the log"
    yield f"    earlier heads with their cosignatures: {recorded}"
    if not made.signs:
        yield f"    the private keys of {' and '.join(NEEDED)}: they are in no archive"
    yield "    the old vault: copies of the old log are opened by copies of the old vault alone"


def _next(made: Rebuilt, folder: Path) -> Iterator[str]:
    if made.signs:
        yield "  Before it is served, compare it with every archive and head that a party has: safeconduct audit --head"
        yield f"  If one has more, rebuild from that one. Then: safeconduct serve {folder}"
    else:
        yield (
            f"  It is only read: nothing is appended without the keys. Put log.jwk and service.jwk into {folder}/keys"
        )
        yield "  If they are lost, this log ends, and a successor goes on: safeconduct succeed"
        yield f"  Its pages: safeconduct projections rebuild {folder}, then safeconduct serve {folder}"


def _document(made: Rebuilt, folder: Path) -> dict[str, object]:
    return {
        "folder": str(folder),
        "corridor": made.founding.cor,
        "nature": made.founding.nature,
        "head": {"size": made.head.size, "root": made.head.root.hex(), "cosigned_by": list(made.cosigned)},
        "disclosures": made.shown.disclosures,
        "signs": made.signs,
        "not_back": {
            "records_from": made.head.size,
            "private_fields": [
                {"kind": one.kind, "field": one.field, "entries": list(one.entries)}
                for one in made.shown.not_shown
            ],
            "erased": made.shown.erased,
            "heads": {"in_the_log": made.recorded, "with_the_store": 1},
            "keys": [] if made.signs else list(NEEDED),
            "old_vault": True,
        },
    }
