"""The head that the public may see now (RECORD §7), or from when there will be one.

Rules:
 1. It meets the policy, and is as old as the agreement in force wants: the same head as in the public's archive
    (`service.export.public_head`), found from the newest backwards and with each head checked once.
 2. Where there is none, the page says why, and when it will be there, if that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal, Protocol

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.export import age_from
from safeconduct.service.ports import Store, StoredHead
from safeconduct.service.version import agreements_until

_KEPT_AGES = 4096


@dataclass(frozen=True, slots=True)
class PublicHead:
    """A head, read: how many entries, the root, the signed note, its time, which witnesses cosigned of how many."""

    size: int
    root: str
    note: bytes
    time: int
    cosigned: tuple[str, ...]
    witnesses: int

    @property
    def last(self) -> int:
        """The number of the newest entry under it."""
        return self.size - 1


@dataclass(frozen=True, slots=True)
class NotYet:
    """No head is for the public now. `first_s`: from when there will be one, if that is known."""

    why: Literal["no-delay", "no-quorum", "too-young"]
    delay_s: int | None = None
    first_s: int | None = None


class Log(Protocol):
    """Where a log lies, and what it rests on."""

    @property
    def store(self) -> Store:
        """Its entries and heads."""
        ...

    @property
    def founding(self) -> Founding:
        """Entry 0."""
        ...


class PublicHeads:
    """Finds the public's head of one log again and again."""

    def __init__(self, log: Log) -> None:
        """`log` may grow meanwhile."""
        self._log = log
        self._policy = Policy.parse(log.founding.policy().encode())
        self._age = lru_cache(maxsize=_KEPT_AGES)(self._age_from)

    def at(self, now: int) -> PublicHead | NotYet:
        """Rule 1, else rule 2."""
        store = self._log.store
        delay = agreements_until(self._log.founding, store, store.size())[-1].limits.publication_delay_s
        if delay is None:
            return NotYet("no-delay")
        heads = store.published()
        for _, of_size in groupby(reversed(heads), key=lambda head: head.size):
            old = [head for head in of_size if self._is_old(head, delay, now)]
            if old:
                return self.read(old[-1])  # the one published first, as in the archive
        dated = [when for head in heads if (when := self._age(head)) is not None]
        return NotYet("too-young", delay, min(dated) + delay) if dated else NotYet("no-quorum", delay)

    def newest(self) -> PublicHead | None:
        """The newest published head, for the public or not; None before the first."""
        heads: Sequence[StoredHead] = self._log.store.published()
        return self.read(heads[-1]) if heads else None

    def read(self, head: StoredHead) -> PublicHead:
        """A stored head, checked under the policy."""
        signed = self._policy.check(Note.parse(head.note))
        time = signed.time(self._policy)
        return PublicHead(
            size=head.size,
            root=signed.checkpoint.root.hex(),
            note=head.note,
            time=head.time if time is None else time,
            cosigned=tuple(signed.cosigned),
            witnesses=len(self._policy.witnesses),
        )

    def _is_old(self, head: StoredHead, delay: int, now: int) -> bool:
        when = self._age(head)
        return when is not None and when + delay <= now

    def _age_from(self, head: StoredHead) -> int | None:
        return age_from(head, self._policy)
