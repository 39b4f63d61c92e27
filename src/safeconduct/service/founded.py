"""The founding record of a log: entry 0, read once."""

from __future__ import annotations

from functools import lru_cache

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.ports import StoredLog

_KEPT = 8


@lru_cache(maxsize=_KEPT)
def founding_in(entry: bytes) -> Founding:
    """What this entry founds. It holds two whole files, so the same bytes are not read again and again."""
    return Founding.parse(parse_entry(entry, where="entry 0"))


def founding_of(log: StoredLog) -> Founding:
    """Entry 0 of this log."""
    for text in log.entries(0, 1):
        return founding_in(text)
    raise Unavailable("this corridor has no founding record", next_step="Found one: safeconduct init DIR")
