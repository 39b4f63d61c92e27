"""The digest over all disclosed digests, sorted and joined (RECORD §7), without holding all of them at once.

A million records have more digests than should be in memory: they are taken share by share, by their first byte. The
first share is taken when the lines are checked; for each other one the file is read again.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import chain

_AT_ONCE = 2**18
"""Records of a log whose digests are held at once."""


def shares_of(size: int) -> list[range]:
    """The shares of the digests of a log of `size` entries."""
    count = min(256, -(-size // _AT_ONCE))
    return [range(256 * share // count, 256 * (share + 1) // count) for share in range(count)]


def whole_digest(shares: Iterable[tuple[range, list[bytes]]]) -> str:
    """The digest over all digests, from each share and its runs, which are emptied: the next needs room."""
    whole = hashlib.sha256()
    for share, runs in shares:
        for first in share:  # at once only those that begin with one byte are taken apart
            whole.update(b"".join(sorted(chain.from_iterable(_beginning(first, run) for run in runs))))
        runs.clear()
    return whole.hexdigest()


def _beginning(first: int, run: bytes) -> list[bytes]:
    """Those digests of a sorted run that begin with this byte."""
    starts = range(0, len(run), 32)
    low = bisect_left(starts, first, key=run.__getitem__)
    high = bisect_right(starts, first, lo=low, key=run.__getitem__)
    return [run[start : start + 32] for start in starts[low:high]]
