"""The server to which something happens: the real one, in a process of its own that talks through a pipe."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from safeconduct.adapters.follower import Follower
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.service.admission import HandedIn
from safeconduct.wiring.server import Server, open_server
from tests.databases import ready
from tests.faults.after import until_followed

ready()
Said = tuple[bytes | None, str]
"""A receipt; or none, and why."""
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
_THREADS = {"group commit": "commit", "follower": "follow"}
_LOAD_S, _HEALS_S = 60.0, 5.0


def cycle(  # noqa: PLR0917 - a process is handed its arguments in order
    pipe: Connection,
    folder: Path,
    url: str | None,
    high_water: Path | None,
    batch: Sequence[HandedIn],
    later: Sequence[HandedIn],
) -> None:
    """Opens, hands in, follows, hands in more. Before each step it says how far it is, and waits for a word."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY)
    defaults = Follower.__init__.__kwdefaults__
    assert defaults is not None
    defaults["pause_s"] = 0.3  # who failed tries again after ten seconds otherwise
    _step(pipe, {"start": threading.get_native_id()})
    try:
        with open_server(folder, database_url=url, high_water=high_water) as server:
            if server.sequencer is None:
                _step(pipe, str(server.stopped))
                return
            until_followed(server, patience_s=_HEALS_S)
            _step(pipe, {_THREADS[t.name]: t.native_id for t in threading.enumerate() if t.name in _THREADS})
            pipe.send(said(server, batch))
            _step(pipe, until_followed(server, patience_s=0))
            pipe.send(said(server, [*batch, *later]))
            pipe.send(until_followed(server, patience_s=_HEALS_S))
    except SafeconductError as error:
        _step(pipe, str(error))


def _step(pipe: Connection, told: object) -> None:
    pipe.send(told)
    pipe.recv()


def said(server: Server, batch: Sequence[HandedIn]) -> list[Said]:
    """What each was told; an error that is not ours ends the process."""
    try:
        outcomes = server.submit(batch)
    except SafeconductError as error:
        return [(None, str(error))] * len(batch)
    return [
        (None, str(each.error)) if each.receipt is None else (each.receipt.print().encode(), "")
        for each in outcomes
    ]


def load(pipe: Connection, folder: Path, url: str | None, chains: Sequence[Sequence[HandedIn]]) -> None:
    """Clients at once, each with its records one after the other; who gets no receipt repeats. Each is reported."""
    with open_server(folder, database_url=url) as server:
        lock, end = threading.Lock(), time.monotonic() + _LOAD_S
        pipe.send("ready")

        def client(records: Sequence[HandedIn]) -> None:
            for record in records:
                while time.monotonic() < end:
                    ((receipt, why),) = said(server, [record])
                    with lock:
                        pipe.send((record.entry, receipt, why))
                    if receipt is not None:
                        break
                    time.sleep(0.05)

        threads = [threading.Thread(target=client, args=(records,)) for records in chains]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send("done")
        pipe.recv()
