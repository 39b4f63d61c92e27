"""What a record is found by when a permission is decided: its passage, or the records that it names.

Papers are the kinds that a permission is decided by. A record without `psg` belongs to the passage of the one
that it names (a countersignature, a withdrawal), as with the auditor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from safeconduct.core.record.entry import Entry
from safeconduct.service.ports import Row

PAPERS = frozenset(("declaration", "pass", "pass-revocation", "countersign", "correction", "withdrawal"))
_NAMING = ("of", "corrects", "withdraws")


def row_of(entry: Entry, disclosures: tuple[str, ...] = ()) -> Row:
    """How a store keeps a record."""
    return Row(entry.text, entry.jti, entry.evt, disclosures, keys_of(entry))


def keys_of(entry: Entry) -> tuple[str, ...]:
    """What it is found by; nothing where no permission is decided by it."""
    if entry.evt not in PAPERS:
        return ()
    if entry.psg is not None:
        return (entry.psg,)
    return tuple(dict.fromkeys(naming(entry.payload[claim]) for claim in _NAMING if claim in entry.payload))


def naming(leaf: str) -> str:
    """What those are found by that name this record."""
    return f"names {leaf}"


def papers_of(
    psg: str, find: Callable[[Collection[str]], Iterable[int]], read: Callable[[int], Entry | None]
) -> Iterator[tuple[int, Entry]]:
    """The records that carry this passage, and those that name one of them, or one that does; each once."""
    keys, found = {psg}, set[int]()
    while keys:
        fresh = [index for index in find(keys) if index not in found]
        found.update(fresh)
        told = [(index, entry) for index in fresh if (entry := read(index)) is not None]
        yield from told
        keys = {naming(entry.leaf.hex()) for _, entry in told}
