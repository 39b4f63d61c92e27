"""Two processes with the lock off that append at one size at once: of each two, one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.lock import PostgresLock
from safeconduct.core.kernel.errors import Conflict
from safeconduct.service.admission import HandedIn
from safeconduct.service.sequence import Submission
from safeconduct.store.log import DjangoStore
from safeconduct.wiring.server import open_server
from tests.faults.processes import CONTEXT, begin

_WAIT_S = 30


def write(  # noqa: PLR0917 - a process is handed its arguments in order
    pipe: Connection,
    folder: Path,
    url: str | None,
    meeting: Any,
    records: Sequence[HandedIn],
    is_compared: bool,  # noqa: FBT001 - likewise
) -> None:
    """One of the two: for each record, whether it won."""
    logging.getLogger("psycopg").setLevel(
        logging.CRITICAL
    )  # it complains of the pipeline that a loser leaves
    FileLock.take = PostgresLock.take = lambda _: None  # type: ignore[method-assign,assignment]
    if not is_compared:
        DjangoStore._guard = lambda *_: None  # type: ignore[method-assign]
    append = DjangoStore.append

    def together(*arguments: Any) -> bytes:
        meeting.wait(_WAIT_S)
        return append(*arguments)

    with open_server(folder, database_url=url) as server:
        DjangoStore.append = together  # type: ignore[method-assign,assignment]
        assert server.sequencer is not None, server.stopped
        won = []
        for record in records:
            meeting.wait(_WAIT_S)
            with server.alone():
                try:
                    server.sequencer.submit([Submission(record.entry, record.disclosures)])
                    won.append(True)
                except Conflict:
                    won.append(False)
                except BrokenBarrierError:
                    won.append(False)
                    break
            meeting.wait(_WAIT_S)
        pipe.send(won)


def race(
    folder: Path, url: str | None, records: Sequence[HandedIn], *, is_compared: bool = True
) -> list[tuple[bool, bool]]:
    """Who won, round by round."""
    meeting = CONTEXT.Barrier(2)
    halves = records[::2], records[1::2]
    begun = [begin(write, folder, url, meeting, half, is_compared) for half in halves]
    won = []
    for process, pipe in begun:
        won.append(pipe.recv())
        process.join(_WAIT_S)
        pipe.close()
    return list(zip(*won, strict=True))
