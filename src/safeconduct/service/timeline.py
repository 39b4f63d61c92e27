"""What a log says of each passage in days: when it went in, when it was inspected. Clear claims alone.

Rules:
 1. A passage is known by its `psg`; its lines are those of its last declaration.
 2. A time is that of `at` where it stands, its beginning if it is a span; else the device's own.
 3. Of several records of one kind the first counts. Signatures are the auditor's subject, not ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from safeconduct.core.passage.waits import Wait
from safeconduct.core.record.entry import Entry


@dataclass(slots=True)
class Timeline:
    """One passage."""

    psg: str
    lines: int = 0
    entered_s: int | None = None
    inspected_s: int | None = None


def timelines(entries: Iterable[Entry]) -> tuple[Timeline, ...]:
    """One for each passage, in the order in which the log first names it."""
    found: dict[str, Timeline] = {}
    for entry in entries:
        if entry.psg is None:
            continue
        passage = found.setdefault(entry.psg, Timeline(entry.psg))  # 1
        when = entry.iat if entry.at is None else entry.at.begin  # 2
        if entry.evt == "declaration":
            passage.lines = len(entry.payload["lines"])
        elif entry.evt == "entered":
            passage.entered_s = _first(passage.entered_s, when)
        elif entry.evt == "inspection":
            passage.inspected_s = _first(passage.inspected_s, when)
    return tuple(found.values())


def _first(known: int | None, when: int) -> int:  # 3
    return when if known is None else min(known, when)


def waits_of(passages: Iterable[Timeline]) -> tuple[Wait, ...]:
    """From going in to being inspected, for each passage that went in."""
    return tuple(
        Wait(passage.entered_s, passage.inspected_s) for passage in passages if passage.entered_s is not None
    )


def told_until_s(entries: Iterable[Entry]) -> int | None:
    """When the last thing begins that was told afterwards; None where nothing was."""
    return max((entry.at.begin for entry in entries if entry.at is not None), default=None)
