"""The machine's clock set back an hour, or on by a year, under a corridor that lives in the machine's time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from safeconduct.service.admission import HandedIn
from safeconduct.wiring.server import open_server
from tests.faults.after import check, until_followed
from tests.faults.victim import Said, said

HOUR_S, YEAR_S = 3_600, 365 * 86_400


def lives_now(folder: Path) -> None:
    """It loses its seed, and with it its own time, its chance and its witnesses."""
    (folder / "keys" / "seed").unlink()


def found_at(
    folder: Path, ahead_s: int, sent: Sequence[HandedIn], acknowledged: Mapping[bytes, bytes]
) -> list[str]:
    """What is broken, asked by a process whose machine's clock is so far ahead."""
    rightly = time.time
    time.time = lambda: rightly() + ahead_s
    return check(folder, None, None, sent, acknowledged, None, None)


def at(folder: Path, ahead_s: int, batch: Sequence[HandedIn]) -> tuple[list[Said], int, int]:
    """What a server whose machine's clock is so far ahead says to it; the log's size before and after."""
    rightly = time.time
    time.time = lambda: rightly() + ahead_s
    with open_server(folder) as server:
        before = server.store.size()
        outcomes = said(server, batch)
        until_followed(server, patience_s=2)
        return outcomes, before, server.store.size()
