"""Corridors in folders, as a server has them, for its figures: founded as live by invented parties, no witness."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safeconduct.service.admission import HandedIn
from safeconduct.sim.hand import Hand
from safeconduct.sim.stage import Stage
from safeconduct.wiring.offline import new_store

SEED = "served"


@dataclass
class Made:
    """A corridor that nobody has opened yet, and somebody who signs for it."""

    folder: Path
    hand: Hand
    signed: int = 0

    def records(self, count: int) -> list[HandedIn]:
        """So many fresh ones, signed."""
        found = []
        for _ in range(count):
            self.signed += 1
            written = self.hand.write("offered", clear={"leaf": f"{self.signed:064x}"})
            found.append(HandedIn(written.entry, written.disclosures, "live"))
        return found


def new_folder() -> Path:
    """One that goes at the end."""
    folder = Path(tempfile.mkdtemp(prefix="safeconduct-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def corridor(entries: int = 0) -> Made:
    """A new one, with about so many entries."""
    stage = Stage(SEED, watching=False)
    folder = new_folder() / "corridor"
    with new_store(folder, keys={name: stage.key(name) for name in ("log", "service")}) as store:
        stage = Stage(SEED, store=store, nature="live", witnesses=())
        made = Made(folder, stage.hand("mission/officer"))
        stage.publish()
        for batch in batches(made, entries):
            stage.log.submit(batch)
    return made


def batches(made: Made, entries: int) -> Iterator[Sequence[HandedIn]]:
    """So many records, a thousand at a time."""
    for first in range(0, entries, 1_000):
        yield made.records(min(1_000, entries - first))


@cache
def of_size(entries: int) -> Made:
    """The same each time; copy it before it is opened."""
    return corridor(entries)
