"""The table of faults: how often each was played, and what held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"
_HEAD = """# Faults that were played

Written by `make torture`, which plays all of them against the real server in processes of its own; `make test` plays
one of each kind. After every fault a fresh process opens the corridor, hands everything in again, and asks:

- every acknowledged record is in the log once, and a repeat gets the same receipt, byte for byte, which verifies;
- no record is there twice, and every signed head that anybody may have seen is one of a single history;
- the auditor says of the published files and of an exported archive what it said without the fault;
- the stored projections are those of a fold from nothing; an erased value stays erased.

"Held": all of that. Calls are those that leave something behind, counted by strace in the thread that makes them.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    fault: str
    where: str
    times: int
    broken: tuple[str, ...] = ()
    note: str = ""

    @property
    def held(self) -> int:
        return self.times - min(self.times, len(self.broken))


def lines(rows: Iterable[Row]) -> Iterator[str]:
    yield "| fault | where | times | held | and |"
    yield "|---|---|--:|--:|---|"
    total = held = 0
    for row in rows:
        total, held = total + row.times, held + row.held
        yield f"| {row.fault} | {row.where} | {row.times:,} | {row.held:,} | {row.note} |"
    yield f"| **together** | | **{total:,}** | **{held:,}** | |"


def write(rows: Iterable[Row]) -> None:
    PAGE.write_text(f"{_HEAD}\n" + "\n".join(lines(rows)) + "\n")
