"""An archive, or what was published, as a store that is only read: what a log can be brought back from.

Rules, in the order of the code:
 1. Entry 0 is a founding record; its log key signed the head.
 2. The entries lead to the root of that head. Before that nothing is read from it.
 3. A disclosure beside an entry is of a field of it; so is one that is told by its digest, as erased.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.canonical import parse_canonical
from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError
from safeconduct.core.record.disclosure import private_fields, reveal
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.schema import COUNT, DIGEST, PROSE, closed, list_of, optional
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tiles import WIDTH, split_bundle, tile_at
from safeconduct.core.tlog.tree import Frontier, leaf_hash
from safeconduct.service.papers import row_of
from safeconduct.service.ports import Row, StoredHead
from safeconduct.service.rollback import own_head
from safeconduct.verify.first_look import marks_of

DISCLOSURES = "disclosures.jsonl"
_ANOTHER = "Ask another party for their archive"


class Files(Protocol):
    """An archive's files; `read` of one that is not there is `Unavailable`, `paths` names those that are."""

    def paths(self) -> Iterable[str]:
        """Every file's path."""
        ...

    def read(self, path: str) -> bytes:
        """A file's content."""
        ...


@dataclass(frozen=True, slots=True)
class ArchiveStore:
    """A proved archive; made by `open_copy`."""

    files: Files
    founding: Founding
    head: Checkpoint
    note: bytes

    def size(self) -> int:
        """How many entries it has."""
        return self.head.size

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to, not including, `stop`."""
        end = self.head.size if stop is None else min(stop, self.head.size)
        for number in range(start // WIDTH, -(-end // WIDTH)):
            first = number * WIDTH
            bundle = _bundle(self.files, number, self.head.size)
            yield from bundle[max(start - first, 0) : end - first]

    def of_kinds(self, kinds: Collection[str], stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The entries of these kinds below `stop`, each with its index."""
        end = self.head.size if stop is None else min(stop, self.head.size)
        marks = [mark for kind in kinds for mark in marks_of(kind)]
        for number in range(-(-end // WIDTH)):
            tile = tile_at(None, number, self.head.size)
            data = self.files.read(tile.path)
            if any(mark in data for mark in marks):  # most bundles have none, and are not taken apart
                for index, text in enumerate(split_bundle(data, tile.width, tile.path), number * WIDTH):
                    is_marked = index < end and any(mark in text for mark in marks)
                    if is_marked and row_of_entry(text).kind in kinds:
                        yield index, text

    def index_of(self, jti: str) -> int | None:
        """Where the record with this `jti` stands."""
        return next((n for n, text in enumerate(self.entries()) if row_of_entry(text).jti == jti), None)

    def disclosures(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Rule 3: what this reader may see of the entries below `stop`."""
        for index, line, entry in self._lines(stop):
            texts = line["disclosures"]
            reveal(entry, texts, where=f"{DISCLOSURES}, entry {index}")
            yield from ((index, text) for text in texts)

    def erased(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Rule 3: the digests of what this reader could see, and nobody can any more."""
        for index, line, entry in self._lines(stop):
            digests = line.get("erased", ())
            if not {digest for _, digest in private_fields(entry.payload)}.issuperset(digests):
                raise Malformed(
                    "what is called erased is no field of this entry",
                    where=f"{DISCLOSURES}, entry {index}",
                    next_step=_ANOTHER,
                )
            yield from ((index, digest) for digest in digests)

    def _lines(self, stop: int | None) -> Iterator[tuple[int, dict[str, Any], Entry]]:
        """Each line with its entry; neighbours lie in one bundle, which is read once."""
        if DISCLOSURES not in self.files.paths():
            return
        end = self.head.size if stop is None else min(stop, self.head.size)
        number, bundle = -1, [b""]
        for text in self.files.read(DISCLOSURES).splitlines():
            line = parse_canonical(text, where=DISCLOSURES)
            if not _LINE.holds(line):
                raise Malformed("a line of it has another form", where=DISCLOSURES, next_step=_ANOTHER)
            index = line["entry"]
            if index < end:
                if index // WIDTH != number:
                    number = index // WIDTH
                    bundle = _bundle(self.files, number, self.head.size)
                yield index, line, parse_entry(bundle[index % WIDTH])

    def committed(self) -> tuple[StoredHead, ...]:
        """Its one head. When it was stored nobody here knows."""
        return (StoredHead(self.head.size, self.note, 0),)

    def published(self) -> tuple[StoredHead, ...]:
        """The same."""
        return self.committed()


def open_copy(files: Files, *, where: str) -> ArchiveStore:
    """Rules 1 and 2; Malformed, Disproved or Unavailable where it is no whole copy of a log."""
    note = files.read("checkpoint")
    size = Checkpoint.parse(Note.parse(note, where=where).text, where=where).size
    if size == 0:
        raise Malformed("this log is empty", where=where, next_step=_ANOTHER)
    founding = Founding.parse(parse_entry(_bundle(files, 0, size)[0], where=f"{where}: entry 0"))
    copy = ArchiveStore(files, founding, own_head(note, founding.log, where=where), note)  # 1
    frontier = Frontier()
    for number in range(-(-size // WIDTH)):
        frontier.extend(map(leaf_hash, _bundle(files, number, size)))
    if frontier.root() != copy.head.root:  # 2
        raise Disproved(
            "its entries do not lead to the root of its head",
            where=where,
            next_step=_ANOTHER,
            rule="log.altered",
        )
    return copy


def row_of_entry(text: bytes, disclosures: tuple[str, ...] = ()) -> Row:
    """How a store keeps an entry that is in a log; one that nobody can read is kept by its leaf."""
    try:
        entry = parse_entry(text)
    except SafeconductError:
        return Row(text, f"raw-{leaf_hash(text).hex()}", "raw", disclosures)
    return row_of(entry, disclosures)


def _bundle(files: Files, number: int, size: int) -> list[bytes]:
    tile = tile_at(None, number, size)
    return split_bundle(files.read(tile.path), tile.width, tile.path)


_LINE = closed(
    '{"disclosures":[…],"entry":…}',
    {
        "disclosures": list_of("an array of disclosures", PROSE),
        "entry": COUNT,
        "erased": optional(list_of("an array of digests", DIGEST)),
    },
)
