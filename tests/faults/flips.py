"""One bit of one file flipped: a start or an audit names it, and no head is signed over it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.service.admission import HandedIn
from safeconduct.service.export import export
from safeconduct.sim.archive import MemoryArchive
from safeconduct.verify.audit import audit
from safeconduct.wiring.server import Server, open_server
from tests.faults.after import as_served, second_histories, until_followed
from tests.faults.victim import said

ROWS = {
    "row of an old entry": ("corridor.db", "SELECT entry FROM entries WHERE number = 100"),
    "row of the newest entry": ("corridor.db", "SELECT entry FROM entries ORDER BY number DESC LIMIT 1"),
    "row of the newest head": ("corridor.db", "SELECT note FROM published ORDER BY number DESC LIMIT 1"),
    "row of a disclosure's key": ("vault.db", "SELECT key FROM keys WHERE key IS NOT NULL LIMIT 1"),
}
FILES = {
    "bundle": "published/tile/entries/000",
    "hash tile": "published/tile/0/000",
    "bundle at the right edge": "published/tile/entries/001.p/*",
    "hash tile at the right edge": "published/tile/0/001.p/*",
    "published head": "published/checkpoint",
    "published policy": "published/policy",
}
PLACES = (*ROWS, *FILES)
_WINDOW = 12


def flip(folder: Path, place: str, chance: random.Random) -> None:
    """Flips it as a disk would: under the database, not through it."""
    if place in FILES:
        path = max(folder.glob(FILES[place]), key=lambda each: (len(each.name), each.name))  # the widest
        data = bytearray(path.read_bytes())
        at = chance.randrange(len(data))
    else:
        name, query = ROWS[place]
        path = folder / name
        with closing(sqlite3.connect(path)) as database:
            ((value,),) = database.execute(query).fetchall()
        wanted = value if isinstance(value, bytes) else value.encode()
        data = bytearray(path.read_bytes())
        at = -1
        while at < 0:  # a row may lie on several pages
            first = chance.randrange(len(wanted) - _WINDOW)
            found = data.find(wanted[first : first + _WINDOW])
            at = found + _WINDOW // 2 if found >= 0 else -1
    data[at] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def entries_of(folder: Path) -> list[bytes]:
    with open_server(folder) as server:
        return list(server.store.entries())


def look(folder: Path, honest: Sequence[bytes], record: HandedIn) -> tuple[list[str], list[str]]:
    """Who notices, in words; and what must never be: a head over it, or an answer that is wrong and looks right.

    A bit that nobody notices changed no answer: the newest receipt verifies, and the auditor finds every file right.
    """
    noticed: list[str] = []
    broken: list[str] = []
    _audited("published", as_served(folder / "published"), noticed)
    try:
        with open_server(folder) as server:
            if server.sequencer is None:
                noticed.append(f"start: {server.stopped}")
            else:
                _use(server, honest, record, noticed, broken)
    except SafeconductError as error:
        noticed.append(f"start: {error}")
    _audited("what was published since", as_served(folder / "published"), noticed)
    return noticed, broken


def _use(
    server: Server, honest: Sequence[bytes], record: HandedIn, noticed: list[str], broken: list[str]
) -> None:
    ((receipt, why),) = said(server, [record])
    if receipt is None:
        noticed.append(f"submission: {why}")
    if behind := until_followed(server, patience_s=1):
        noticed.append(f"publication: {behind}")
    new = list(server.store.entries(len(honest)))
    heads = [head.note for head in (*server.store.committed(), *server.store.published())][-4:]
    if receipt is not None:
        heads.append(Receipt.parse(receipt).note.print().encode())
    signed = [note for note in heads if _size(note) > len(honest)]
    broken += second_histories([*honest, *new], signed)
    assert server.sequencer is not None
    last = len(honest) - 1
    try:
        server.sequencer.receipt(last).check(honest[last], server.sequencer.policy)
    except SafeconductError as error:
        noticed.append(f"receipt: {error}")
    try:
        with server.alone():
            (archive,) = export(server.sequencer, ["mission"], now=server.clock.now())
            _audited("export", MemoryArchive(dict(archive.files())), noticed)
    except SafeconductError as error:
        noticed.append(f"export: {error}")


def _size(note: bytes) -> int:
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except SafeconductError:
        return 0


def _audited(name: str, archive: object, noticed: list[str]) -> None:
    report = audit(archive, workers=SerialWorkers())  # type: ignore[arg-type]
    if report.exit_code:
        noticed.append(f"audit of {name}: {', '.join(sorted(report.rules))}")
