"""`safeconduct publish DIR TARGET`: a folder for a plain web server or a CDN, brought up to date.

It reads the log and signs nothing, so it may run beside a server, and needs none of its keys.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.cli.console import Console
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Conflict, Unavailable
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.export import PUBLIC
from safeconduct.service.founded import founding_of
from safeconduct.service.hashes import TreeHashes
from safeconduct.service.ports import Clock, Store, StoredHead
from safeconduct.service.publication import public_head_of, publish, publish_whole
from safeconduct.service.shown import size_of
from safeconduct.verify.files import CHECKPOINT
from safeconduct.wiring.offline import DATABASE, clock_of

if TYPE_CHECKING:
    from safeconduct.store.log import DjangoStore

SUMMARY = "a folder for a plain web server: what is new since it was last published to"

PARTIES = "parties"


@dataclass(frozen=True, slots=True)
class _Log:
    store: Store
    founding: Founding
    clock: Clock


def configure(parser: argparse.ArgumentParser) -> None:
    """Where from, where to, for whom."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the corridor's folder")
    parser.add_argument("target", type=Path, metavar="TARGET", help="the folder that a web server serves")
    parser.add_argument(
        "--for",
        dest="reader",
        choices=(PUBLIC, PARTIES),
        default=PUBLIC,
        help="public (default): up to the newest head older than the agreement's delay; parties: the newest",
    )
    parser.add_argument(
        "--all", action="store_true", help="compare every file, also those that were published before"
    )


def run(arguments: argparse.Namespace) -> int:
    """Everything up to one head is there, or the head that was there still is."""
    console: Console = arguments.console
    target = PublishFolder(arguments.target)
    with _opened(arguments.folder) as log:
        founding = log.founding
        head = _head(log, arguments.reader)
        hashes = TreeHashes()
        hashes.extend(map(leaf_hash, log.store.entries()))
        put = publish_whole if arguments.all else publish
        written = put(log.store, hashes, head, founding.policy(), target)
    shown = size_of(target.read(CHECKPOINT) or b"")
    if shown > head.size:
        raise Conflict(
            f"the head there has {shown} entries, the one for {arguments.reader} {head.size}: it stays",
            where=str(arguments.target),
            next_step="Repeat when there is a newer one, or name another folder",
        )
    console.nature(founding.nature)
    console.say(f"✓ {arguments.target}: for {arguments.reader}, {head.size} entries; {written} files written")
    console.say("  Next: serve this folder, and from elsewhere:")
    console.say(f"  safeconduct audit https://HOST/ --corridor {founding.cor}")
    console.document(
        {
            "corridor": founding.cor,
            "nature": founding.nature,
            "reader": arguments.reader,
            "path": str(arguments.target),
            "head": {"size": head.size},
            "written": written,
        }
    )
    return 0


@contextmanager
def _opened(folder: Path) -> Iterator[_Log]:
    """The log, where it is: in the folder, or where DATABASE_URL says."""
    url = os.environ.get("DATABASE_URL")
    with closing(_in_postgresql(folder, url) if url else _in_folder(folder)) as store:
        yield _Log(store, founding_of(store), clock_of(store, folder))


def _in_folder(folder: Path) -> SqliteStore:
    store = SqliteStore(folder / DATABASE)
    try:
        store.require_here()
    except BaseException:
        store.close()
        raise
    return store


def _in_postgresql(folder: Path, url: str) -> DjangoStore:
    from safeconduct.wiring.server import use_database  # noqa: PLC0415 - offline commands load no Django

    use_database(folder, url)
    from safeconduct.store.log import DjangoStore  # noqa: PLC0415 - after Django is set up

    return DjangoStore()


def _head(log: _Log, reader: str) -> StoredHead:
    if reader == PUBLIC:
        return public_head_of(log, now=log.clock.now())
    heads = log.store.published()
    if not heads:
        raise Unavailable(
            "no head is published yet", next_step="Start its server, or export once: that does it"
        )
    return max(reversed(heads), key=lambda head: head.size)
