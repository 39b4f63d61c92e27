"""Where the papers of each passage stand in the log: a few bytes a record, so that a decision reads these only.

Papers are the kinds that a permission is decided by. A record without `psg` belongs to the passage of the one
that it names (a countersignature, a withdrawal), as with the auditor.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from safeconduct.core.record.entry import Entry

PAPERS = frozenset(("declaration", "pass", "pass-revocation", "countersign", "correction", "withdrawal"))
_NAMING = ("of", "corrects", "withdraws")


class Papers:
    """Indices by passage, and of what names a record, by its leaf."""

    def __init__(self) -> None:
        """Of an empty log."""
        self._of: dict[bytes, array[int]] = {}
        self._naming: dict[bytes, array[int]] = {}

    def add(self, index: int, entry: Entry) -> None:
        """One record of the log, of any kind."""
        if entry.evt not in PAPERS:
            return
        if entry.psg is not None:
            self._of.setdefault(bytes.fromhex(entry.psg), array("Q")).append(index)
            return
        for claim in _NAMING:
            if claim in entry.payload:
                leaf = bytes.fromhex(entry.payload[claim])
                self._naming.setdefault(leaf, array("Q")).append(index)

    def of(self, psg: str, read: Callable[[int], Entry | None]) -> Iterator[tuple[int, Entry]]:
        """The records that carry this passage, and those that name one of them, or one that does; each once."""
        found: set[int] = set()
        waiting = list(self._of.get(bytes.fromhex(psg), ()))
        while waiting:
            index = waiting.pop()
            entry = None if index in found else read(index)
            found.add(index)
            if entry is not None:
                waiting.extend(self._naming.get(entry.leaf, ()))
                yield index, entry
