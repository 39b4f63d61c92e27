"""The store's twin in memory, for simulations and tests: it keeps the promises, and fails on misuse."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from safeconduct.service.ports import FullTile, Row, SignRows, StoredHead
from safeconduct.service.store_refusals import another_was_first, check_rows, never_committed, repeated_jti


@dataclass(slots=True)
class MemoryStore:
    """Keeps everything in lists. One process, one thread: promise 1 is as good as the memory."""

    _rows: list[Row] = field(default_factory=list)
    _by_jti: dict[str, int] = field(default_factory=dict)
    _by_kind: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _by_key: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _committed: list[StoredHead] = field(default_factory=list)
    _published: list[StoredHead] = field(default_factory=list)
    _tiles: dict[tuple[int, int], FullTile] = field(default_factory=dict)

    def size(self) -> int:
        """How many entries are committed."""
        return len(self._rows)

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        """Commits `rows` after exactly `expected_size` entries, with the head that `sign` returns."""
        check_rows(rows)
        self._check_size(expected_size)
        note = sign([row.entry for row in rows])
        self._check_size(expected_size)  # whoever signed may have appended meanwhile
        fresh = {row.jti: expected_size + n for n, row in enumerate(rows)}
        if len(fresh) < len(rows) or not self._by_jti.keys().isdisjoint(fresh):
            raise repeated_jti()
        self._rows.extend(rows)
        self._by_jti.update(fresh)
        for number, row in enumerate(rows, expected_size):
            self._by_kind[row.kind].append(number)
            for key in row.keys:
                self._by_key[key].append(number)
        self._committed.append(StoredHead(len(self._rows), note, time))
        return note

    def _check_size(self, expected_size: int) -> None:
        if len(self._rows) != expected_size:
            raise another_was_first(expected_size, len(self._rows))

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to, not including, `stop`."""
        return (row.entry for row in self._rows[start:stop])

    def of_kinds(self, kinds: Collection[str], stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The entries of these kinds below `stop`, each with its index."""
        end = len(self._rows) if stop is None else stop
        numbers = sorted(n for kind in kinds for n in self._by_kind.get(kind, ()) if n < end)
        return ((n, self._rows[n].entry) for n in numbers)

    def index_of(self, jti: str) -> int | None:
        """Where the record with this `jti` stands."""
        return self._by_jti.get(jti)

    def disclosures(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Every disclosure held for the entries below `stop`, with its entry's index."""
        return ((n, text) for n, row in enumerate(self._rows[:stop]) for text in row.disclosures)

    def indices_of(self, jtis: Collection[str]) -> dict[str, int]:
        """Where the records with these stand."""
        return {jti: self._by_jti[jti] for jti in jtis if jti in self._by_jti}

    def indices_under(self, keys: Collection[str]) -> list[int]:
        """Where the records stand that were kept with one of these keys."""
        return sorted({number for key in keys for number in self._by_key.get(key, ())})

    def newest(self, below: int | None = None) -> StoredHead | None:
        """The newest committed head, or the newest of a size below this one."""
        heads = reversed(self._committed)
        return next((head for head in heads if below is None or head.size < below), None)

    def covering(self, index: int) -> StoredHead | None:
        """The first committed head over the entry at `index`."""
        place = bisect_right(self._committed, index, key=lambda head: head.size)
        return self._committed[place] if place < len(self._committed) else None

    def newest_published(self, below: int | None = None) -> StoredHead | None:
        """The largest published head, or the largest of a size below this one, as it was published last."""
        heads = [head for head in self._published if below is None or head.size < below]
        return max(reversed(heads), key=lambda head: head.size, default=None)

    def published_covering(self, index: int) -> StoredHead | None:
        """The first published head over the entry at `index`, as it was published last."""
        heads = [head for head in self._published if head.size > index]
        return min(reversed(heads), key=lambda head: head.size, default=None)

    def committed(self) -> tuple[StoredHead, ...]:
        """Every committed head, oldest first."""
        return tuple(self._committed)

    def publish(self, note: bytes, size: int, time: int) -> None:
        """Keeps a committed head with the cosignatures that it has now."""
        if all(head.size != size for head in reversed(self._committed)):
            raise never_committed(size)
        self._published.append(StoredHead(size, note, time))

    def published(self) -> tuple[StoredHead, ...]:
        """Every published head, oldest first."""
        return tuple(self._published)

    def erased(self, stop: int | None = None) -> Iterator[tuple[int, str]]:  # noqa: ARG002 - the port's
        """None: a text that was stored stays."""
        return iter(())

    def keep_tiles(self, tiles: Sequence[FullTile]) -> None:
        """Keeps full tiles; one that is there stays as it is."""
        for tile in tiles:
            self._tiles.setdefault((tile.level, tile.number), tile)

    def kept_tiles(self) -> int:
        """How many tiles of level 0 there are, from the first one on."""
        return sum(1 for level, _ in self._tiles if level == 0)

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a kept tile."""
        found = self._tiles.get((level, number))
        return None if found is None else found.hashes

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of the kept tiles of a level, from `start` up to, not including, `stop`."""
        found = (self._tiles.get((level, number)) for number in range(start, stop))
        return [tile.root for tile in found if tile is not None]
