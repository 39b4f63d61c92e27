"""How every figure here is taken: sides in turn, A B A B …, and the median of the ratios pair by pair.

CPU time where work is the subject, wall time where waiting is. Nothing asserts: machines are noisy and
people judge.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: what, the measured ratio, the limit it is held against, and the two medians."""

    what: str
    ratio: float
    limit: str
    holds: bool
    detail: str

    def __str__(self) -> str:
        mark = "ok  " if self.holds else "MISS"
        return f"{mark} {self.what:<58} {self.ratio:7.2f}  ({self.limit})  {self.detail}"


def compare(
    what: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    clock: Callable[[], float] = time.process_time,
    at_most: float | None = None,
    at_least: float | None = None,
    rounds: int = ROUNDS,
) -> Figure:
    """`at_most`: our time over the peer's. `at_least`: the peer's time over ours (how many times faster)."""
    pairs = [(_timed(ours, clock), _timed(peer, clock)) for _ in range(rounds)]
    ours_ms, peer_ms = (median(side) * 1e3 for side in zip(*pairs, strict=True))
    detail = f"median {ours_ms:.1f} ms against {peer_ms:.1f} ms"
    if at_most is not None:
        ratio = median(a / b for a, b in pairs)
        return Figure(what, ratio, f"at most {at_most}", ratio <= at_most, detail)
    ratio = median(b / a for a, b in pairs)
    limit = at_least if at_least is not None else 0.0
    return Figure(what, ratio, f"at least {limit}", ratio >= limit, detail)


def _timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    gc.collect()
    gc.freeze()  # what the benchmark itself holds is not walked on anybody's time
    start = clock()
    work()
    return clock() - start


def show(figures: Iterator[Figure]) -> int:
    """Prints each figure as it is known; how many missed."""
    missed = 0
    for figure in figures:
        print(figure, flush=True)
        missed += not figure.holds
    return missed
