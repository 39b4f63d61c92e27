"""Which files an archive consists of (DESIGN §5).

Rules, in the order of the code:
 1. `policy` and `checkpoint` are there, and every tile and bundle of a log of the signed size, each at the
    width that this size has.
 2. `disclosures.jsonl` may be there. Nothing else is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from safeconduct.core.kernel.errors import Fault
from safeconduct.core.tlog.tiles import tiles_of

POLICY = "policy"
CHECKPOINT = "checkpoint"
DISCLOSURES = "disclosures.jsonl"

_NAMED = 20
"""Files named at most for each rule: a size that nobody counted to can be signed."""


def missing_files(present: Collection[str], size: int) -> Iterator[Fault]:
    """Rule 1, for the parts of a log of `size` entries."""
    absent = (tile.path for tile in tiles_of(size) if tile.path not in present)
    return (missing_file(path) for path in islice(absent, _NAMED))


def missing_file(path: str) -> Fault:
    """Rule 1, for one file."""
    return Fault(
        "this file is missing",
        path,
        "Fetch the archive again; a log without it proves nothing",
        "archive.missing",
    )


def stray_files(present: Collection[str], size: int) -> Iterator[Fault]:
    """Rule 2."""
    known = {POLICY, CHECKPOINT, DISCLOSURES, *(tile.path for tile in tiles_of(size))}
    stray = sorted(path for path in present if path not in known)
    advice = "Take it out of the archive: nothing proves it"
    return (
        Fault("this file is no part of the archive", path, advice, "archive.stray") for path in stray[:_NAMED]
    )
