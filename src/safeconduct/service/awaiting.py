"""Who has not cosigned the newest published heads, and since when: for those who run a corridor, and for everybody.

Rules, in the order of the code; heads come oldest first, one size perhaps several times with more lines:
 1. A witness whose line is on the newest head is not awaited.
 2. One that is awaited is awaited since the first published head that lacks its line, with none after it that has it.
 3. The same for the quorum.
 4. The public is told of what began at least the publication delay ago: anything newer would tell that something was
    just logged.
Lines are counted by their key: they were verified before the head was stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.asking import is_enough
from safeconduct.service.ports import StoredHead


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Since when (POSIX seconds) each witness is awaited, by its name, in founding order; and the quorum."""

    since: Mapping[str, int] = field(default_factory=dict)
    no_quorum_since: int | None = None

    def told(self, *, before: int) -> Awaiting:
        """Rule 4: what began up to then."""
        quorum = self.no_quorum_since
        return Awaiting(
            {name: since for name, since in self.since.items() if since <= before},
            None if quorum is None or quorum > before else quorum,
        )


NOBODY = Awaiting()


def awaiting(heads: Iterable[StoredHead], policy: Policy, before: Awaiting = NOBODY) -> Awaiting:
    """Rules 1 to 3, after these heads too."""
    for head in heads:
        note = Note.parse(head.note)
        since = {
            one.name: before.since.get(one.name, head.time)  # 2
            for one in policy.witnesses
            if not note.lines_of(one.key)  # 1
        }
        quorum = head.time if before.no_quorum_since is None else before.no_quorum_since
        before = Awaiting(since, None if is_enough(policy, note, ()) else quorum)  # 3
    return before
