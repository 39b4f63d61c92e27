"""Whether the store is as new as what this log has signed. An old copy is consistent: only what lies outside tells.

Rules, in the order of the code; nothing turns them off:
 1. A place that keeps a head of this log holds nothing yet, or a head that this log's key signed. Something else
    there is named: a guard that cannot see is none.
 2. That head is not larger than the store. If it is, the store is an old copy.
 3. At its size the store has its root. If not, this log's key has signed two histories.

`History` is asked at the start and before each commit; a place whose head has not changed costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from safeconduct.core.kernel.errors import Disproved, SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, VerifierKey
from safeconduct.core.tlog.tree import Frontier, leaf_hash
from safeconduct.service.founded import founding_of
from safeconduct.service.ports import StoredLog

RULE = "log.rollback"
THE_WAY_ON = (
    "Nothing is signed until this is settled; reading goes on. Restore a newer backup (safeconduct restore). If there "
    "is none, let it catch up from an archive whose entries verify (safeconduct restore --catch-up ARCHIVE), or bring "
    "it back from that alone (safeconduct rebuild ARCHIVE DIR). If "
    "nobody has them, this log ends: found its successor (safeconduct succeed)"
)
_LOOK = "Nothing is signed until somebody has looked: put the right file back, or name another place"
_SHOW = (
    "Nothing is signed until this is settled; reading goes on. Keep both and show them to the other parties; then "
    "found a successor (safeconduct succeed)"
)


class Source(Protocol):
    """A place outside the store that keeps a head of this log.

    1. `read` gives the signed note as it is kept there, or None where nothing was ever kept.
    2. A place that cannot be read now is `Unavailable`: silence is not taken for nothing.
    """

    @property
    def name(self) -> str:
        """What it is and where, for people."""
        ...

    def read(self) -> bytes | None:
        """The note that lies there."""
        ...


def check_history(store: StoredLog, sources: Iterable[Source]) -> None:
    """Rules 1 to 3 over what a store holds now; Disproved names both heads and the source."""
    History.of(store, sources).check()


@dataclass(slots=True)
class History:
    """One log beside the places that keep its heads. `size` and `root_at` are the store's, now."""

    log: VerifierKey
    sources: tuple[Source, ...]
    size: Callable[[], int]
    root_at: Callable[[int], bytes]
    _agreed: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    """By source: the note that was right there, and its size."""

    @classmethod
    def of(cls, store: StoredLog, sources: Iterable[Source]) -> History:
        """For a store alone; its roots are those of committed heads, else derived from the entries."""
        return cls(founding_of(store).log, tuple(sources), store.size, lambda size: root_of(store, size))

    def check(self) -> None:
        """Rules 1 to 3 for every source."""
        notes = [(source, source.read()) for source in self.sources]
        size = self.size()  # after them: what another process appends and publishes meanwhile is no rollback
        for source, note in notes:
            known = self._agreed.get(source.name)
            if note is not None and (known is None or known[0] != note or known[1] > size):
                head = own_head(note, self.log, where=source.name)  # 1
                compare(Checkpoint(self.log.name, size, self.root_at(size)), head, self.root_at, source.name)
                self._agreed[source.name] = note, head.size


def compare(ours: Checkpoint, outside: Checkpoint, root_at: Callable[[int], bytes], source: str) -> None:
    """Rules 2 and 3; `root_at` gives the root of our first entries, up to `ours`."""
    if outside.size > ours.size:  # 2
        what, step = "the store is older than what this log has signed", THE_WAY_ON
    elif root_at(outside.size) != outside.root:  # 3
        what, step = "the store is not what this log has signed", _SHOW
    else:
        return
    raise Disproved(
        f"{what}: the store ends in {in_words(ours)}; outside it there is {in_words(outside)}",
        where=source,
        next_step=step,
        rule=RULE,
    )


def in_words(head: Checkpoint) -> str:
    """A head for people: its size, its root."""
    return f"a head of {head.size} entries, root {head.root.hex()}"


def own_head(note: bytes, log: VerifierKey, *, where: str) -> Checkpoint:
    """Rule 1: the head in a note that this log's key signed."""
    try:
        parsed = Note.parse(note, where=where)
        parsed.verified_by([log], where=where)
        head = Checkpoint.parse(parsed.text, where=where)
    except SafeconductError as error:
        raise _not_ours(where) from error
    if head.origin != log.name or head.extensions:
        raise _not_ours(where)
    return head


def _not_ours(where: str) -> Disproved:
    return Disproved(
        "what lies here is no head that this log's key signed", where=where, next_step=_LOOK, rule=RULE
    )


def root_of(store: StoredLog, size: int) -> bytes:
    """The root of a store's first entries: as its committed head says, else derived."""
    for head in store.committed():
        if head.size == size:
            return Checkpoint.parse(Note.parse(head.note).text).root
    frontier = Frontier()
    frontier.extend(map(leaf_hash, store.entries(0, size)))
    return frontier.root()


def derived_head(store: StoredLog, *, where: str) -> Checkpoint:
    """A store's newest head: signed by the log's key, and its root derived from the entries; else Disproved."""
    log = founding_of(store).log
    newest = store.committed()[-1]
    head = own_head(newest.note, log, where=where)
    frontier = Frontier()
    frontier.extend(map(leaf_hash, store.entries()))
    if (head.size, head.root) != (frontier.size, frontier.root()):
        raise Disproved(
            f"its entries do not lead to {in_words(head)}, which its newest head signs",
            where=where,
            next_step="Keep it, and use another copy",
            rule="log.altered",
        )
    return head
