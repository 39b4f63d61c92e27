"""Times and waits in the reader's language: UTC, and as exactly as they are known.

A record may claim any time: what no calendar has is shown as bare seconds. Times never break across lines.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as format_date
from django.utils.translation import get_language, gettext, ngettext

from safeconduct.service.public_page import Span, Step
from safeconduct.web.public.wording import apart

_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


def _moment(when_s: int) -> datetime | None:
    return datetime.fromtimestamp(when_s, UTC) if _FIRST_S <= when_s <= _LAST_S else None


def _said(when_s: int, form: str) -> str:
    moment = _moment(when_s)
    if moment is None:
        return f"{when_s} s"
    return format_date(moment, form).replace(" ", "\N{NO-BREAK SPACE}")


def day(when_s: int) -> str:
    """`19 March 2023`."""
    return _said(when_s, "j F Y")


def short_day(when_s: int) -> str:
    """`19 Mar 2023`; months that have no short form in this language are written out."""
    return _said(when_s, "j M Y" if get_language() == "en" else "j F Y")


def clock(when_s: int) -> str:
    """`14:02 UTC`."""
    return apart(f"{_said(when_s, 'H:i')}\N{NO-BREAK SPACE}UTC")


def instant(when_s: int) -> str:
    """`19 March 2023, 14:02 UTC`."""
    return gettext("%(day)s, %(time)s") % {"day": day(when_s), "time": clock(when_s)}


def short_instant(when_s: int) -> str:
    """`19 Mar 2023, 14:02 UTC`."""
    return gettext("%(day)s, %(time)s") % {"day": short_day(when_s), "time": clock(when_s)}


def when(when_s: int, *, by_day: bool) -> str:
    """As exactly as it is known."""
    return day(when_s) if by_day else instant(when_s)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def local_clock(when_s: int, zone: str | None) -> str:
    """`18:02 on the road`, where the agreement names a zone; else nothing."""
    moment, found = _moment(when_s), None if zone is None else _zone(zone)
    if moment is None or found is None:
        return ""
    return gettext("%(time)s on the road") % {"time": format(moment.astimezone(found), "%H:%M")}


def span(one: Span, step: Step) -> str:
    """A month, day or hour, in full."""
    if step == "month":
        return _said(one.start_s, "F Y")
    return day(one.start_s) if step == "day" else instant(one.start_s)


def short_span(one: Span, step: Step) -> str:
    """The same under a bar: as short as the language has it."""
    if step == "month":
        return _said(one.start_s, "M" if get_language() == "en" else "F")
    if step == "hour":
        return _said(one.start_s, "H:i")
    return _said(one.start_s, "j M" if get_language() == "en" else "j F")


def duration(seconds: int | Fraction, *, by_day: bool) -> str:
    """`14 days`, `7½ days`, `3 h 10 min`."""
    if by_day:
        days = Fraction(seconds, _DAY_S)
        whole, half = int(days), "½" if days % 1 else ""
        shown = f"{whole or ''}{half}" if half else f"{whole}"
        return ngettext("%(days)s day", "%(days)s days", whole + bool(half)) % {"days": shown}
    minutes = int(seconds) // _MINUTE_S
    if minutes < _HOUR_S // _MINUTE_S:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return gettext("%(days)s d %(hours)s h") % {"days": hours // 24, "hours": hours % 24}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
