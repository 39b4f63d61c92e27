"""The stored fold: a row for each passage, brought on from what was stored by what the log has since.

Rules:
 1. The old state and the new entries give what a fold from nothing gives (`compare` shows it). What new entries can
    change of the past is listed in `_Step`; nothing else is folded again.
 2. It is derived: where its tables are missing or of another version they are made anew from the log.
 3. A step is one transaction with its size in it; of two who begin at one size one gets `Conflict`.
Occurrences are those of the log's own head records; nothing private is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from django.db import connections, transaction

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import keyring_of
from safeconduct.core.kernel.errors import Conflict
from safeconduct.service.ports import Store
from safeconduct.service.projection import Row
from safeconduct.service.version import keyring_at
from safeconduct.store.connection import Connection
from safeconduct.store.folding import Step
from safeconduct.store.known import Known
from safeconduct.store.projected import Tables

ALIAS = "projections"
_STEP = 4_096
_TRIALS = count()


class Projections:
    """The rows of one log's passages. One thread brings them on; any may read."""

    def __init__(self, store: Store, founding: Founding, *, alias: str = ALIAS) -> None:
        """Reads nothing yet."""
        self._store, self._founding, self._alias = store, founding, alias
        self._tables = Tables(alias)
        self._connection = Connection(alias)
        self._known: Known | None = None

    def close(self) -> None:
        """Closes the connection of every thread. Nobody may be using one."""
        self._connection.close()

    def size(self) -> int:
        """How many entries are folded."""
        with self._connection.spoken():
            return self._tables.size() or 0

    def rows(self) -> tuple[Row, ...]:
        """Every passage's row, by its identifier."""
        with self._connection.spoken():
            return () if self._tables.size() is None else tuple(self._tables.rows())

    def update(self, *, until: int | None = None, step: int = _STEP) -> int:
        """Folds what the log has since, or its first `until` entries; returns how many passages were folded again."""
        with self._connection.spoken():
            start = self._tables.size()
            if start is None or start > self._store.size():  # an old copy of the log was restored
                self._tables.make()
                start, self._known = 0, None
            folded, size = 0, self._store.size() if until is None else until
            while start < size:
                stop = min(start + step, size)
                folded += self._step(start, stop)
                start = stop
        return folded

    def rebuild(self) -> int:
        """From nothing; returns how many passages there are."""
        with self._connection.spoken():
            self._tables.make()
        self._known = None
        self.update()
        return len(self.rows())

    def compare(self) -> list[str]:
        """What differs between the stored rows and a fold from nothing, in words; empty where nothing does."""
        with in_memory() as alias:
            fresh = Projections(self._store, self._founding, alias=alias)
            size = self.size()
            fresh.update(until=size, step=max(size, 1))
            from_nothing = {row.psg: row for row in fresh.rows()}
        stored = {row.psg: row for row in self.rows()}
        if size != self.size():
            raise Conflict("somebody folded on meanwhile", next_step="Repeat")
        return [
            f"passage {psg}: stored {_shown(stored.get(psg))}, from nothing {_shown(from_nothing.get(psg))}"
            for psg in sorted(stored.keys() | from_nothing.keys())
            if stored.get(psg) != from_nothing.get(psg)
        ]

    def _step(self, start: int, stop: int) -> int:
        known = self._known
        if known is None or known.size != start:
            ring = keyring_at(self._founding, self._store, start) if start else keyring_of(self._founding, ())
            known = Known.read(self._tables, start, ring)
        self._known = None
        with transaction.atomic(using=self._alias):
            if not self._tables.advance(start, stop):
                raise Conflict("another process folds this log", next_step="Repeat")
            step = Step(self._store, self._founding, self._tables, known, stop)
            step.run()
        self._known = step.now
        return step.folded


def _shown(row: Row | None) -> str:
    return "nothing" if row is None else str(row)


@contextmanager
def in_memory() -> Iterator[str]:
    """A database that nobody else sees, for as long as the block."""
    alias = f"{ALIAS}-{next(_TRIALS)}"
    told: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: told})[alias]
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
