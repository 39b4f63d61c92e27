"""Bringing a store back to what its log has signed: from an archive, as far as every entry verifies.

Rules, in the order of the code:
 1. The archive is of the same log, and goes on from the store: at the store's size it has the store's root. An empty
    store takes the whole log of any archive.
 2. What is added is checked once more where it is committed: the bytes that the store gives back lead to the root of
    the archive's head, which is committed and published as it is. Nothing is signed here.
 3. What was handed over beside those entries comes back as far as the archive shows it; what was erased comes back
    as erased, whatever the archive still shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tree import Frontier, leaf_hash
from safeconduct.service.archive_store import ArchiveStore, row_of_entry
from safeconduct.service.export import erased_digests
from safeconduct.service.founded import founding_of
from safeconduct.service.ports import Store, StoredLog
from safeconduct.service.rollback import RULE, compare, derived_head, in_words


def check_continues(store: Store, copy: ArchiveStore, *, where: str) -> None:
    """Rule 1; Disproved where the archive is of another log, or of another history of this one."""
    if copy.founding.log != founding_of(store).log or copy.founding.cor != founding_of(store).cor:
        raise Disproved(
            "this archive is of another log", where=where, next_step="Name an archive of this one", rule=RULE
        )
    ours = derived_head(store, where="the store")
    theirs = copy.head
    if theirs.size < ours.size:
        compare(ours, theirs, lambda size: _root(store, size), where)
    elif _root(copy, ours.size) != ours.root:
        raise Disproved(
            f"its first {ours.size} entries are not those of the store, which ends in {in_words(ours)}; this ends in "
            f"{in_words(theirs)}",
            where=where,
            next_step="Keep both, and show them to the other parties: this log's key has signed two histories",
            rule=RULE,
        )


Unreadable = Callable[[str], str]
"""How a store keeps a disclosure that nobody can read any more, by its digest."""


def catch_up(
    store: Store, copy: ArchiveStore, *, now: int, where: str, unreadable: Unreadable | None = None
) -> int:
    """Rules 1 to 3; how many entries were added. `unreadable` None: of what was erased the store keeps nothing."""
    size = store.size()
    if size:
        check_continues(store, copy, where=where)
    if copy.size() <= size:
        return 0
    beside = _beside(copy, unreadable)
    rows = [
        row_of_entry(text, tuple(beside.get(index, ())))
        for index, text in enumerate(copy.entries(size), size)
    ]
    frontier = Frontier()
    frontier.extend(map(leaf_hash, store.entries()))
    note = Note.parse(copy.note, where=where)

    def sign(stored: Sequence[bytes]) -> bytes:  # 2
        frontier.extend(map(leaf_hash, stored))
        if (frontier.size, frontier.root()) != (copy.head.size, copy.head.root):
            raise Disproved(
                "what the store gives back is not what the archive holds: nothing was added",
                where=where,
                next_step="Check the memory and the disk of this machine, then repeat",
            )
        return Note(note.text, note.lines_of(copy.founding.log)).print().encode()

    time = max([_now(copy, note, now), *(head.time for head in store.committed()[-1:])])
    store.append(size, rows, sign, time)
    store.publish(copy.note, copy.size(), time)
    return len(rows)


def _beside(copy: ArchiveStore, unreadable: Unreadable | None) -> dict[int, list[str]]:
    """Rule 3, by entry."""
    gone = erased_in(copy)
    beside: dict[int, list[str]] = defaultdict(list)
    erased = list(copy.erased())
    for index, text in copy.disclosures():
        if digest_of(text) in gone:
            erased.append((index, digest_of(text)))
        else:
            beside[index].append(text)
    if unreadable is not None:
        for index, digest in erased:
            if digest in gone:  # else no record says so, and the field is one that the archive does not show
                beside[index].append(unreadable(digest))
    return beside


def _now(copy: ArchiveStore, note: Note, now: int) -> int:
    """A corridor that is not live has a time of its own: that of its newest head."""
    if copy.founding.nature == "live":
        return now
    policy = Policy.parse(copy.founding.policy().encode())
    return max(policy.check(note).cosigned.values(), default=0)


def erased_in(store: StoredLog) -> frozenset[str]:
    """The digests that a log's erasure records name, by whoever may erase."""
    return erased_digests(founding_of(store), store)


def _root(store: StoredLog, size: int) -> bytes:
    frontier = Frontier()
    frontier.extend(map(leaf_hash, store.entries(0, size)))
    return frontier.root()
