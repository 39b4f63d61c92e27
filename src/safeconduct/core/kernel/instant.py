"""UTC instants and durations. Inside, both are integer seconds; these are their spellings for people.

Records hold POSIX seconds (RECORD §2); agreements write durations as `44 h`; pages and messages write UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from safeconduct.core.kernel.errors import Malformed

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8}) (s|min|h|d)", re.ASCII)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_FIRST = -62_135_596_800  # 0001-01-01T00:00:00Z
_LAST = 253_402_300_799  # 9999-12-31T23:59:59Z, the last instant that four digits can write


def print_instant(seconds: int) -> str:
    """`2026-03-01T06:10:00Z`; outside the years 1 to 9999 the bare seconds: a record may claim any."""
    if not _FIRST <= seconds <= _LAST:
        return f"{seconds} s"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def parse_instant(text: str, *, where: str = "") -> int:
    """POSIX seconds of `2026-03-01T06:10:00Z`."""
    seconds = _read(text, "%Y-%m-%dT%H:%M:%SZ") if _INSTANT.fullmatch(text) else None
    if seconds is None:
        raise Malformed(
            f"{text[:40]!r} is not a time", where=where, next_step="Write UTC as 2026-03-01T06:10:00Z"
        )
    return seconds


def parse_day(text: str, *, where: str = "") -> int:
    """POSIX seconds of the start, in UTC, of the day `2026-03-01`."""
    seconds = _read(text, "%Y-%m-%d") if _DAY.fullmatch(text) else None
    if seconds is None:
        raise Malformed(f"{text[:40]!r} is not a day", where=where, next_step="Write it as 2026-03-01")
    return seconds


def print_day(seconds: int) -> str:
    """The UTC day of an instant: `2026-03-01`; the bare seconds as above."""
    return print_instant(seconds).partition("T")[0]


def _read(text: str, pattern: str) -> int | None:
    try:
        return int(datetime.strptime(text, pattern).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def parse_duration(text: str, *, where: str = "") -> int:
    """Seconds of `44 h`, `10 min`, `30 s` or `7 d`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Malformed(
            f"{text[:40]!r} is not a duration", where=where, next_step="Write it as 44 h, 10 min, 30 s or 7 d"
        )
    return int(found[1]) * _UNITS[found[2]]


def print_duration(seconds: int) -> str:
    """The spelling with the largest unit that divides it: 158400 → `44 h`."""
    unit = next(name for name in ("d", "h", "min", "s") if seconds % _UNITS[name] == 0)
    return f"{seconds // _UNITS[unit]} {unit}"
