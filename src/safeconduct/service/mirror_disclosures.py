"""What is disclosed to a party, beside what it holds already (RECORD §7).

Rules, in the order of the code:
 1. A line is JCS: `disclosures`, `entry`, and `erased` where something was erased; both lists sorted, not both empty.
    Lines stand in the order of `entry`, one for each, and name an entry of the log.
 2. What an erasure record names, by a key that may sign it, is deleted here, whatever is served: of it the digest
    stays, among the `erased`.
 3. A line that is not the one held already is compared with its entry: each disclosure and each digest is of a field.
 4. What is held and no longer served, and that no record erases, is not deleted: whoever serves could take evidence
    away. It is set aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.disclosure import digest_of, private_fields, reveal
from safeconduct.core.record.entry import parse_entry
from safeconduct.verify.files import DISCLOSURES

_AGAIN = "Nothing was taken over; repeat later, and if it stays so, tell whoever serves it"


class Line(NamedTuple):
    """Of one entry: what may be read, and the digests of what is erased."""

    entry: int
    disclosures: frozenset[str]
    erased: frozenset[str]

    def text(self) -> bytes:
        """Rule 1, written."""
        told: dict[str, object] = {"disclosures": sorted(self.disclosures), "entry": self.entry}
        return canonical({**told, **({"erased": sorted(self.erased)} if self.erased else {})})


@dataclass(slots=True)
class Disclosures:
    """Merges what is served with what is held, and counts what it deleted and set aside."""

    size: int
    entry_at: Callable[[int], bytes]
    erased_by: Mapping[str, int]
    """By digest: the erasure record that names it."""
    deleted: Counter[int] = field(default_factory=Counter)
    """How many values that were held are deleted, by erasure record."""
    aside: list[Line] = field(default_factory=list)
    """Rule 4."""
    changed: bool = False
    """Whether the lines to keep are others than those held."""

    def merged(self, served: Iterator[bytes], held: Iterator[bytes]) -> Iterator[bytes]:
        """The lines to keep, in their order."""
        for theirs, mine in _paired(self.read(served), self.read(held)):
            kept, left = self._without_erased(theirs), self.left_of(mine)  # 2
            if kept != mine:
                self.changed = True
                self._compare(kept)  # 3
            gone = left - kept.disclosures  # 4
            if gone:
                self.aside.append(Line(mine.entry, gone, frozenset()))
            if kept.disclosures or kept.erased:
                yield kept.text()

    def left_of(self, line: Line) -> frozenset[str]:
        """Rule 2, of what is held: what stays; the rest is counted."""
        left = self._without_erased(line).disclosures
        self.deleted.update(self.erased_by[digest_of(text)] for text in line.disclosures - left)
        return left

    def read(self, lines: Iterator[bytes]) -> Iterator[Line]:
        """Rule 1."""
        last = -1
        for number, text in enumerate(lines, 1):
            line = _parse(text, f"{DISCLOSURES} line {number}")
            if not last < line.entry < self.size:
                raise _malformed("its entry is not one of the log, after that of the line before", number)
            last = line.entry
            yield line

    def _without_erased(self, line: Line) -> Line:
        """Rule 2."""
        gone = {text: digest for text in line.disclosures if (digest := digest_of(text)) in self.erased_by}
        return Line(line.entry, line.disclosures - gone.keys(), line.erased | {*gone.values()})

    def _compare(self, line: Line) -> None:
        """Rule 3."""
        where = f"{DISCLOSURES}, entry {line.entry}"
        entry = parse_entry(self.entry_at(line.entry), where=where)
        reveal(entry, line.disclosures, where=where)
        if not line.erased <= {digest for _, digest in private_fields(entry.payload)}:
            raise Malformed("an erased digest belongs to no field here", where=where, next_step=_AGAIN)


def _nothing(entry: int) -> Line:
    return Line(entry, frozenset(), frozenset())


def _paired(served: Iterator[Line], held: Iterator[Line]) -> Iterator[tuple[Line, Line]]:
    """What both say of each entry."""
    theirs, mine = next(served, None), next(held, None)
    while theirs is not None or mine is not None:
        first = min(line.entry for line in (theirs, mine) if line is not None)
        one = theirs if theirs is not None and theirs.entry == first else None
        other = mine if mine is not None and mine.entry == first else None
        yield one or _nothing(first), other or _nothing(first)
        theirs = theirs if one is None else next(served, None)
        mine = mine if other is None else next(held, None)


def _parse(text: bytes, where: str) -> Line:
    told = parse_canonical(text, where=where)
    lists = [told.get(name, []) for name in ("disclosures", "erased")] if type(told) is dict else []
    good = (
        bool(lists)
        and {"disclosures", "entry"} <= told.keys() <= {"disclosures", "entry", "erased"}
        and type(told["entry"]) is int
        and all(type(one) is list and all(type(each) is str for each in one) for one in lists)
        and all(one == sorted({*one}) for one in lists)
        and any(lists)
    )
    if not good:
        raise Malformed(
            'this is not {"disclosures":[…],"entry":n} with sorted lists', where=where, next_step=_AGAIN
        )
    return Line(told["entry"], frozenset(lists[0]), frozenset(lists[1]))


def _malformed(message: str, number: int) -> Malformed:
    return Malformed(message, where=f"{DISCLOSURES} line {number}", next_step=_AGAIN)
