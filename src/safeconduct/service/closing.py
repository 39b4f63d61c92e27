"""A log's end, where it grows: what a closing counts, and what a closed log still takes (docs/spec/closing.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from safeconduct.core.agreement.closing import CLOSING, RUNS_ON, Closing
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.ports import Store, StoredLog
from safeconduct.service.version import keyring_at

AFTER = "closing.after"
_MOST_KINDS = 256
NEXT = (
    "Keep the signed record with this answer, and publish both or give them to a party. A log that goes on for this "
    "one is a successor, begun by the seats: hand it in there"
)
"""What remains to do for whoever hands in a record after the end: an observation is not refused for what it says."""


def counts_in(entries: Iterable[bytes]) -> list[dict[str, Any]]:
    """The claim `counts`: how many of these are records of each kind, whoever signed them.

    Where more kinds stand there than a record has room for, those that nobody knows are left out.
    """
    kinds: Counter[str] = Counter()
    for text in entries:
        try:
            kinds[parse_entry(text).evt] += 1
        except Malformed:
            continue  # an entry that nobody can read is of no kind
    if len(kinds) > _MOST_KINDS:
        kinds = Counter({kind: count for kind, count in kinds.items() if kind in KINDS})
    return [{"kind": kind, "count": count} for kind, count in sorted(kinds.items())]


def closed(founding: Founding, store: StoredLog, size: int | None = None) -> Keyring | None:
    """The keyring over the first `size` entries, or all, where a closing is in force in them; else None."""
    if next(store.of_kinds({CLOSING}, size), None) is None:
        return None
    ring = keyring_at(founding, store, store.size() if size is None else size)
    return None if ring.closing is None else ring


def said_of(closing: Closing, since: int | None) -> str:
    """Which closing, and since when, for refusals."""
    return f"this log is closed since record {since} (closing {closing.index}, reason {closing.reason})"


class End:
    """Whether a log that grows has come to its end; looked for where something that governs was added."""

    def __init__(self, store: Store) -> None:
        """Nothing is known yet."""
        self._store = store
        self._ring: Keyring | None = None
        self._look = True

    def took(self, kinds: Iterable[str]) -> None:
        """Records of these kinds were added."""
        self._look = self._look or not GOVERNING.isdisjoint(kinds)

    def others_added(self) -> None:
        """Somebody else added what is not known here."""
        self._look = True

    def closed_from(self, founding: Founding) -> int | None:
        """The record with which a closing is in force, if one is."""
        if self._ring is None and self._look:
            self._ring, self._look = closed(founding, self._store), False
        return None if self._ring is None else self._ring.closed_from

    def check(self, founding: Founding, policy: Policy, kinds: Iterable[str]) -> None:
        """Conflict where the log is closed and one of these does not run on; Unavailable before its end has a quorum.

        Nobody is asked again to cosign a head that has another one after it: so the end waits for its own.
        """
        since = self.closed_from(founding)
        if since is not None and not RUNS_ON.issuperset(kinds):
            raise Conflict(
                f"this log is closed since record {since}: nothing was appended", next_step=NEXT, rule=AFTER
            )
        if since is not None and not self._is_cosigned(since, policy):
            raise Unavailable(
                "this log is closed, and its last head waits for its quorum of witnesses: nothing was appended",
                next_step="Repeat once they have cosigned it",
            )

    def _is_cosigned(self, since: int, policy: Policy) -> bool:
        first = self._store.published_covering(since)
        return first is not None and policy.quorum.met_by(policy.check(Note.parse(first.note)).cosigned)
