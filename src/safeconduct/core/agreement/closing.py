"""A corridor's end, as a record proposes it and as seats agree to it (docs/spec/closing.md).

Rules:
 1. A closing counts what stands in the log up to the head that its signer saw: every kind that is there, each once,
    whoever signed. Nobody can make the counts false afterwards.
 2. Once its consent rule is met, the log takes erasures, who says to have followed them, and the service's own record
    of its heads and of who was shown what; nothing else. These people have a right to, as long as anybody holds
    their values.
 3. The end's first dated head is the last one that dates: what is open then stays open, and nobody's limit passes
    while nobody can hand anything in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from safeconduct.core.record.entry import Entry

CLOSING = "closing"
RUNS_ON = frozenset(("disclosure", "erased", "erasure", "head"))
"""Rule 2."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Who keeps an archive, and where it is served, if it is."""

    holder: str
    place: str | None

    def __str__(self) -> str:
        return self.holder if self.place is None else f"{self.holder} ({self.place})"


@dataclass(frozen=True, slots=True)
class Closing:
    """What one closing record says; its leaf names it among the proposals."""

    index: int
    leaf: str
    reason: str
    counted: int
    """How many entries the head that its signer saw has."""
    counts: tuple[tuple[str, int], ...]
    archives: tuple[Kept, ...]
    runs_on: tuple[str, ...]

    @classmethod
    def of(cls, index: int, entry: Entry) -> Self:
        """From the record."""
        payload = entry.payload
        return cls(
            index,
            entry.leaf.hex(),
            payload["reason"],
            payload["seen"]["size"],
            tuple((one["kind"], one["count"]) for one in payload["counts"]),
            tuple(Kept(one["holder"], one.get("place")) for one in payload["archives"]),
            tuple(payload["runs_on"]),
        )


def until_the_end(last: int | None, dated: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Rule 3: of dated heads, sizes ascending, those up to the first over `last`, where the log was closed."""
    for size, time in dated:
        yield size, time
        if last is not None and size > last:
            return
