"""`safeconduct mirror URL ARCHIVE`: a log that somebody serves, as an archive of one's own that grows."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.files import writing
from safeconduct.adapters.keys import read_key
from safeconduct.adapters.mirror_folder import MirrorFolder, mirror_folder
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.service.archive_store import open_copy
from safeconduct.service.confirming import Confirming
from safeconduct.service.mirror import ASIDE, Mirrored, Outcome, mirror
from safeconduct.service.mirror_ports import Source
from safeconduct.service.pace import Pace

SUMMARY = "an archive of your own of a log that somebody serves: what is new is proved, then added"


def configure(parser: argparse.ArgumentParser) -> None:
    """What is mirrored, and where to."""
    parser.add_argument("url", metavar="URL", help="an archive's address: https://HOST/public/")
    parser.add_argument(
        "archive", type=Path, metavar="ARCHIVE", help="the folder: begun, or brought up to date"
    )
    parser.add_argument("--corridor", metavar="ID", help="the identifier on the signed paper")
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="a key of your seat, for an address that only parties read"
    )
    parser.add_argument(
        "--confirm",
        type=Path,
        metavar="FILE",
        help="say on the record that what is erased is deleted here, with this key, which signs nothing else",
    )
    parser.add_argument("--follow", action="store_true", help="go on, at the log's pace, until it is stopped")


def run(arguments: argparse.Namespace) -> int:
    """Exit 0, also where nothing is new; 1 where two heads contradict each other."""
    console: Console = arguments.console
    if arguments.corridor is not None:
        parse_hex(arguments.corridor, length=32, where="--corridor")
    shelf, pace = mirror_folder(arguments.archive), Pace()
    confirmer = None if arguments.confirm is None else _Confirmer(_confirming(arguments), shelf)
    with _opened(arguments) as source:
        while True:
            waits_s = 0
            try:
                done = mirror(source, shelf, corridor=arguments.corridor, reporter=console)
                confirmed = () if confirmer is None else confirmer.after(done)
            except Unavailable as error:
                if not arguments.follow:
                    raise
                console.failed(error)
                brought_news, waits_s = False, getattr(error, "after_s", 0)
            else:
                brought_news = done.outcome is Outcome.NEW
                if brought_news or not arguments.follow:
                    _say(console, done, shelf, confirmed)
                    console.flush()  # whoever follows along sees it now
                if done.outcome is Outcome.SPLIT:
                    return 1
            if not arguments.follow:
                return 0
            time.sleep(pace.after(brought_news=brought_news, asked_for_s=waits_s))


@contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[Source]:
    from safeconduct.adapters.http_archive import open_files  # noqa: PLC0415 - only here: http and ssl
    from safeconduct.adapters.http_mirror import HttpSource  # noqa: PLC0415 - as above

    key = None if arguments.key is None else read_key(arguments.key)
    with writing(tempfile.gettempdir()):
        spool = Path(tempfile.mkdtemp(prefix="safeconduct-"))
    try:
        with open_files(arguments.url, key=key, corridor=arguments.corridor) as files:
            yield HttpSource(files, spool)
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _confirming(arguments: argparse.Namespace) -> Confirming:
    from safeconduct.adapters.record_desk import HttpDesk  # noqa: PLC0415 - only here: http and ssl

    desk = HttpDesk.of(arguments.url)
    return Confirming(read_key(arguments.confirm), desk, SystemClock(), SystemChance())


@dataclass(slots=True)
class _Confirmer:
    """Confirms after the first run, for what an earlier one may owe, and after each that deleted something."""

    confirming: Confirming
    shelf: MirrorFolder
    is_owed: bool = True

    def after(self, done: Mirrored) -> tuple[int, ...]:
        self.is_owed |= bool(done.deleted)
        if not self.is_owed or done.outcome is Outcome.SPLIT:
            return ()
        copy = open_copy(FolderArchive(self.shelf.archive), where=str(self.shelf.archive))
        with self.shelf.alone():
            confirmed = self.confirming.confirm(copy, self.shelf)
        self.is_owed = False
        return confirmed


def _say(console: Console, done: Mirrored, shelf: MirrorFolder, confirmed: tuple[int, ...]) -> None:
    for line in _lines(done, shelf):
        console.say(line)
    for record in confirmed:
        console.say(f"  Confirmed on the record: what record {record} erased is deleted here")
    console.document(
        {
            "outcome": done.outcome.value,
            "corridor": done.corridor,
            "path": str(shelf.archive),
            "head": {
                **asdict(done.head.checkpoint),
                "root": done.head.checkpoint.root.hex(),
                "time": done.time,
            },
            "before": done.before,
            "served": done.served and {"size": done.served.size, "root": done.served.root.hex()},
            "files": done.files,
            "deleted": [{"erasure": record, "values": count} for record, count in done.deleted],
            "confirmed": list(confirmed),
            "set_aside": done.aside,
            "evidence": [str(shelf.beside / name) for name in done.evidence],
        }
    )


def _lines(done: Mirrored, shelf: MirrorFolder) -> Iterator[str]:
    head, served = done.head.checkpoint, done.served
    dated = "dated by nobody" if done.time is None else f"as of {print_instant(done.time)}"
    match done.outcome:
        case Outcome.NEW:
            yield f"✓ {shelf.archive}: {head.size} entries, {dated}; {head.size - done.before} of them new"
        case Outcome.UNCHANGED:
            yield f"✓ {shelf.archive}: nothing new; {head.size} entries, {dated}"
        case Outcome.OLDER:
            theirs = served.size if served else 0
            yield f"✓ {shelf.archive} stays: {head.size} entries, {dated}; an older head of {theirs} is served"
        case Outcome.SPLIT:
            yield "✗ Two histories: the head that is served and the one kept here cannot both be of one log."
            for name, one in zip(done.evidence, (head, served), strict=True):
                root = one.root.hex()[:16] if one else ""
                yield f"  {one.size if one else 0} entries, root {root}…: {shelf.beside / name}"
            yield "  Nothing was taken over. Keep both, show them to the other parties, and ask which head each has."
            return
    yield f"  Corridor {done.corridor}"
    for record, count in done.deleted:
        yield f"  Deleted: {count} private values, which record {record} erased; their digests stay"
    if done.aside:
        yield f"  {done.aside} private values are no longer served, and no record erases them: {shelf.beside / ASIDE}"
    if done.outcome is Outcome.NEW:
        yield f"  Next: safeconduct audit {shelf.archive} --corridor {done.corridor}"
