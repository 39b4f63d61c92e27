"""What the service needs from outside, as promises. One contract suite holds every implementation to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from safeconduct.core.tlog.note import Note, Signature, Signer


class Clock(Protocol):
    """The present.

    1. `now` is UTC in whole POSIX seconds.
    """

    def now(self) -> int:
        """POSIX seconds."""
        ...


class Chance(Protocol):
    """Salts, identifiers, seeds.

    1. `bytes(name, n)` are `n` bytes. Who knows those of every other name knows nothing about these.
    2. Where chance is seeded, the same name gives the same bytes: a name is used for one thing only.
    """

    def bytes(self, name: str, n: int) -> bytes:
        """`n` bytes for the one thing called `name`."""
        ...


class Keys(Protocol):
    """The private keys that this machine holds.

    1. `signer` of a name that is held signs with that key, always the same one.
    2. A name that is not held is `Unavailable`: nothing is signed with another key instead.
    """

    def signer(self, name: str) -> Signer:
        """The key called `name`."""
        ...


class Witness(Protocol):
    """A program of somebody else's that cosigns heads it has verified (C2SP tlog-witness).

    1. `cosign` returns its cosignature over exactly this head, or None if there is no answer now.
    2. It never cosigns two heads that do not extend each other.
    """

    def cosign(self, note: Note) -> Signature | None:
        """The cosignature, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as the store keeps it: its bytes, what it is found by, and the disclosures beside it."""

    entry: bytes
    jti: str
    kind: str
    disclosures: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A signed note, the size of its tree, and when this machine stored it (POSIX seconds)."""

    size: int
    note: bytes
    time: int


@dataclass(frozen=True, slots=True)
class FullTile:
    """A full tile of the log's tree: 256 hashes, and the root over them, which is a hash of the level above."""

    level: int
    number: int
    hashes: bytes
    root: bytes


SignRows = Callable[[Sequence[bytes]], bytes]


class StoredLog(Protocol):
    """A log that is only read here: a store's, an archive's."""

    def size(self) -> int:
        """How many entries are committed."""
        ...

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to, not including, `stop`."""
        ...

    def of_kinds(self, kinds: Collection[str], stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The entries of these kinds below `stop`, each with its index."""
        ...

    def index_of(self, jti: str) -> int | None:
        """Where the record with this `jti` stands."""
        ...

    def disclosures(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Every disclosure held for the entries below `stop`, with its entry's index."""
        ...

    def erased(self, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """The digest of every disclosure of the entries below `stop` that is no longer readable."""
        ...

    def committed(self) -> tuple[StoredHead, ...]:
        """Every committed head, with the log's signature alone, oldest first."""
        ...

    def published(self) -> tuple[StoredHead, ...]:
        """Every published head, oldest first; one size may stand there several times."""
        ...


class Store(StoredLog, Protocol):
    """A corridor's log between commands: entries, disclosures, committed and published heads.

    1. Once `append` returns, its rows and its head survive a power cut.
    2. All or nothing: after an error, or a crash, every row and the head are there, or none is.
    3. Of two callers who saw the same size, in any process, one gets `Conflict`.
    4. `sign` is given the bytes that the store would give back, before anything is committed. If it raises,
       nothing happened.
    5. Nothing stored ever changes or goes away, but for a disclosure whose key is erased.
    6. A `jti` is stored once: another row with it is `Conflict`, and nothing of its batch is kept.
    7. `publish` is durable. A head is published only at a size that was committed.
    8. `entries`, `disclosures`, `erased` and `of_kinds` come in index order.
    9. After `Unavailable` the store is the old or the new one, never a mixture; the same call is safe.
    10. A tile is kept once, and may be missing: it is derived from the entries. Tiles are believed by their hash.
    11. A disclosure comes from `disclosures`, or once nobody can read it any more its digest from `erased`.
    """

    def append(self, expected_size: int, rows: Sequence[Row], sign: SignRows, time: int) -> bytes:
        """Commits `rows` after exactly `expected_size` entries, with the head that `sign` returns."""
        ...

    def indices_of(self, jtis: Collection[str]) -> dict[str, int]:
        """Where the records with these stand; those that are not there are left out."""
        ...

    def indices_under(self, keys: Collection[str]) -> list[int]:
        """Where the records stand that were kept with one of these keys, ascending, each once."""
        ...

    def newest(self, below: int | None = None) -> StoredHead | None:
        """The newest committed head, or the newest of a size below this one."""
        ...

    def covering(self, index: int) -> StoredHead | None:
        """The first committed head over the entry at `index`."""
        ...

    def newest_published(self, below: int | None = None) -> StoredHead | None:
        """The largest published head, or the largest of a size below this one, as it was published last."""
        ...

    def published_covering(self, index: int) -> StoredHead | None:
        """The first published head over the entry at `index`, as it was published last."""
        ...

    def publish(self, note: bytes, size: int, time: int) -> None:
        """Keeps a committed head with the cosignatures that it has now."""
        ...

    def keep_tiles(self, tiles: Sequence[FullTile]) -> None:
        """Keeps full tiles, durably and all or none; one that is there stays as it is."""
        ...

    def kept_tiles(self) -> int:
        """How many tiles of level 0 there are, from the first one on."""
        ...

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a kept tile."""
        ...

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of the kept tiles of a level, from `start` up to, not including, `stop`."""
        ...
