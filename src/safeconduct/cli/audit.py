"""`safeconduct audit ARCHIVE`: everything that can be checked of an archive, checked. It may be an address."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safeconduct import __version__
from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.files import already_there, read_file, writing
from safeconduct.adapters.keys import read_key
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.cli.report_page import IS_A_REPORT, page
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.verify.audit import Options
from safeconduct.verify.chain_of_logs import audit_chain
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import ArchiveBytes

SUMMARY = "check an archive: every proof, signature and rule"
_MOST = 64 * 2**20


def configure(parser: argparse.ArgumentParser) -> None:
    """The archive, and what is known of it from elsewhere."""
    parser.add_argument(
        "archive", metavar="ARCHIVE", help="a folder, a .zip, or an address: https://HOST/public/"
    )
    parser.add_argument("--corridor", metavar="ID", help="the identifier on the signed paper")
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="a key of your seat, for an address that only parties read"
    )
    parser.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a head that was kept earlier, such as an older archive's checkpoint (repeatable)",
    )
    parser.add_argument(
        "--receipt",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a receipt that was kept (repeatable)",
    )
    parser.add_argument(
        "--offers",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what was offered to the log: lines `LEAF TIME`, or records (repeatable)",
    )
    parser.add_argument(
        "--predecessor",
        action="append",
        default=[],
        metavar="ARCHIVE",
        help="the archive of the log that this one goes on for, then of the one before that; "
        "an address too (repeatable)",
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="the report as one page too, to read, to print, to hand on"
    )


def run(arguments: argparse.Namespace) -> int:
    """The report; its exit code."""
    console: Console = arguments.console
    if arguments.corridor is not None:
        parse_hex(arguments.corridor, length=32, where="--corridor")
    options = Options(
        corridor=arguments.corridor,
        heads=_kept(arguments.head),
        receipts=_kept(arguments.receipt),
        offers=_kept(arguments.offers),
    )
    with ExitStack() as opened:
        # Of those before it, what anybody may read is enough: the key is for the first.
        asked = [(arguments.archive, arguments.key, arguments.corridor)]
        asked += [(before, None, None) for before in arguments.predecessor]
        archives = [opened.enter_context(_opened(*one)) for one in asked]
        reports = audit_chain(archives, workers=ForkWorkers(), reporter=console, options=options)
    if arguments.html is not None:
        _write_page(arguments.html, page(reports, by=__version__))
    for report, before in zip(reports, [None, *arguments.predecessor], strict=True):
        if before is not None:
            console.say(f"\nBefore it, {before}:")
        for line in report.lines():
            console.say(line)
    before_it = [report.to_json() for report in reports[1:]]
    console.document({**reports[0].to_json(), **({"predecessors": before_it} if before_it else {})})
    return max(report.exit_code for report in reports)


def _write_page(place: Path, text: str) -> None:
    """A new file, or in the place of an older report; of nothing else."""
    if place.exists() and IS_A_REPORT not in read_file(place, most=_MOST):
        raise already_there(place)
    with writing(place):
        place.with_name(f".{place.name}.new").write_bytes(text.encode())
        place.with_name(f".{place.name}.new").replace(place)


@contextmanager
def _opened(place: str, key: Path | None, corridor: str | None) -> Iterator[ArchiveBytes]:
    if place.startswith(("http://", "https://")):
        from safeconduct.adapters.http_archive import open_http_archive  # noqa: PLC0415 - only here: http and ssl

        signer = None if key is None else read_key(key)
        with open_http_archive(place, key=signer, corridor=corridor) as archive:
            yield archive
    elif key is not None:
        raise Malformed(
            "a folder or a .zip needs no key", where="--key", next_step="Leave it out, or name an address"
        )
    else:
        yield open_archive(Path(place))


def _kept(paths: Iterable[Path]) -> tuple[Kept, ...]:
    return tuple(Kept(str(path), read_file(path, most=_MOST)) for path in paths)
