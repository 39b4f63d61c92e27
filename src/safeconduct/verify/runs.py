"""`disclosures.jsonl` cut into runs of whole lines, one for each worker: a file may be larger than memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from safeconduct.core.kernel.errors import Fault
from safeconduct.verify.files import DISCLOSURES

RULE = "disclosures.spelling"
AGAIN = "Ask for it again; a line is what `safeconduct export` writes"
_LONGEST_LINE = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Run:
    """Some whole lines of the file; of the last run the end, whole or not."""

    text: bytes
    first_line: int
    fault: Fault | None = None
    """Why what follows was not read."""


def runs_of(chunks: Iterable[bytes]) -> Iterator[Run]:
    """The file in runs of lines, in its order."""
    rest, line = b"", 1
    for chunk in chunks:
        text = rest + chunk
        stop = text.rfind(b"\n") + 1
        if stop:
            yield Run(text[:stop], line)
            line += text.count(b"\n", 0, stop)
        rest = text[stop:]
        if len(rest) > _LONGEST_LINE:
            yield Run(b"", line, fault_in("this line is too long", line))
            return
    if rest:
        yield Run(rest, line)


def runs_until(stops: Sequence[int], runs: Iterator[Run]) -> Iterator[Run]:
    """The same lines in as many runs as there are `stops`: each with those of entries below its stop.

    Where the lines are out of order some lie in a run of other entries: they are read all the same.
    """
    run = next(runs, None)
    for stop in stops[:-1]:
        parts: list[Run] = []
        while run is not None and run.fault is None:
            at = _first_from(run.text, stop)
            parts.append(Run(run.text[:at], run.first_line))
            if at < len(run.text):
                run = Run(run.text[at:], run.first_line + run.text.count(b"\n", 0, at))
                break
            run = next(runs, None)
        yield _joined(parts)
    yield _joined([*([] if run is None else [run]), *runs])


def _first_from(text: bytes, entry: int) -> int:
    """Where the first line about this entry, or a later one, begins in lines that are in order."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        start = text.rfind(b"\n", low, middle) + 1 or low
        end = text.find(b"\n", middle) + 1 or len(text)
        found = _ENTRY(text, max(start, end - _LONGEST_END), end)
        if found is not None and int(found[1]) >= entry:
            high = start
        else:
            low = end
    return low


_ENTRY = re.compile(rb'.*"entry":([0-9]{1,15})[,}]', re.DOTALL).match
_LONGEST_END = 4096
"""Bytes at the end of a line in which its entry is looked for; further back only where very much was erased."""


def _joined(runs: list[Run]) -> Run:
    if not runs:
        return Run(b"", 0)
    return Run(b"".join(run.text for run in runs), runs[0].first_line, runs[-1].fault)


def fault_in(message: str, line: int) -> Fault:
    """What is wrong with a line of the file."""
    return Fault(message, f"{DISCLOSURES} line {line}", AGAIN, RULE)
