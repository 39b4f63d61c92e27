"""What the pages read from: one log, folded up to the public's head, and kept from page to page.

The setting `SAFECONDUCT_PUBLIC_LOG` names the function that gives the log: an object with `store`, `founding` and
`clock`. The default is the server of this process.

Between two looks at the store at least `_LOOK_S` go by: a page may be that much behind the beat. Whoever reads holds
the lock only while values are computed, not while they are rendered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.enrolment import Standing
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.awaiting import NOBODY, Awaiting, awaiting
from safeconduct.service.ports import Clock, Store
from safeconduct.service.public_fold import PublicFold
from safeconduct.service.public_head import NotYet, PublicHead, PublicHeads
from safeconduct.service.public_page import (
    Counted,
    Queue,
    Step,
    Waited,
    counts,
    last_in,
    queue,
    step_of,
    unwatched_posts,
    waits,
)
from safeconduct.service.public_passage import Passage
from safeconduct.service.restrictions import Restriction, restrictions_in
from safeconduct.service.version import agreements_until, keyring_at

_LOOK_S = 2.0
_DEFAULT_LOG = "safeconduct.web.state.server"


class PublicLog(Protocol):
    """A corridor's log, read."""

    @property
    def store(self) -> Store:
        """Its entries and heads."""
        ...

    @property
    def founding(self) -> Founding:
        """Entry 0."""
        ...

    @property
    def clock(self) -> Clock:
        """The present, as the corridor counts it."""
        ...


@dataclass(frozen=True)
class Figures:
    """What the status page counts, once for each head."""

    step: Step
    until_s: int
    passages: tuple[Passage, ...]
    counted: tuple[Counted, ...]
    waited: tuple[Waited, ...]
    queue: Queue
    unwatched: tuple[str, ...]
    by_day: bool
    """Something is known as a day only: then days are all that the figures tell."""
    last_in: Mapping[str, tuple[int, int]]
    """Of each class how many went in, and when the last one did."""
    consents: tuple[Standing, ...]


@dataclass
class Shown:
    """A head that is public, and what is under it."""

    log: PublicLog
    head: PublicHead
    fold: PublicFold
    agreement: Agreement

    @property
    def founding(self) -> Founding:
        """Entry 0."""
        return self.log.founding

    @cached_property
    def ring(self) -> Keyring:
        """Who may sign what, under this head."""
        return keyring_at(self.founding, self.log.store, self.head.size)

    @cached_property
    def figures(self) -> Figures:
        """Everything that is counted under this head."""
        passages = tuple(self.fold.passages.values())
        watches = tuple(self.fold.watches.values())
        told = self.fold.told_until_s if self.founding.nature == "replay" else None
        until = self.head.time if told is None else told
        entered = [one.entered.when_s for one in passages if one.entered is not None]
        step = step_of(self.founding.nature, [*entered, until] if entered else ())
        return Figures(
            step=step,
            until_s=until,
            passages=passages,
            counted=counts(passages, watches, step, until),
            waited=waits(passages, self.agreement, step, until),
            queue=queue(passages, self.agreement, until),
            unwatched=unwatched_posts(self.agreement, watches),
            by_day=any(one.by_day for one in passages),
            last_in=last_in(passages),
            consents=self.ring.consents(),
        )


@dataclass(frozen=True)
class Said:
    """Restrictions are public at once: those of the newest published head, and that head.

    `awaiting`: whose cosignatures newer heads lack, as far as that is old enough to be told.
    """

    head: PublicHead | None
    restrictions: tuple[Restriction, ...]
    awaiting: Awaiting = NOBODY


@dataclass
class Site:
    """The pages of one log."""

    log: PublicLog
    _heads: PublicHeads = field(init=False)
    _lock: Lock = field(default_factory=Lock)
    _looked: float | None = None
    _shown: Shown | NotYet = field(default=NotYet("no-quorum"))
    _said: Said = field(default=Said(None, ()))
    _fold: PublicFold = field(init=False)
    _policy: Policy = field(init=False)
    _awaiting: Awaiting = NOBODY
    _awaited: int = 0
    """How many published heads `_awaiting` is about."""

    def __post_init__(self) -> None:
        self._heads = PublicHeads(self.log)
        self._fold = PublicFold(self.log.founding)
        self._policy = Policy.parse(self.log.founding.policy().encode())

    @contextmanager
    def reading(self) -> Iterator[tuple[Shown | NotYet, Said]]:
        """What is public now; the block reads values and renders nothing."""
        with self._lock:
            self._look()
            yield self._shown, self._said

    def _look(self) -> None:
        if self._looked is not None and time.monotonic() < self._looked + _LOOK_S:
            return
        head = self._heads.at(self.log.clock.now())
        if isinstance(head, NotYet):
            self._shown = head
        elif isinstance(self._shown, NotYet) or self._shown.head != head:
            if head.size < self._fold.size:  # an agreement that now wants more delay: from nothing
                self._fold = PublicFold(self.log.founding)
            self._fold.extend(self.log.store, head)
            agreement = agreements_until(self.log.founding, self.log.store, head.size)[-1]
            self._shown = Shown(self.log, head, self._fold, agreement)
        self._said = replace(self._restrictions(), awaiting=self._told())
        self._looked = time.monotonic()

    def _told(self) -> Awaiting:
        """What the public is told of cosignatures that lack."""
        heads = self.log.store.published()
        self._awaiting = awaiting(heads[self._awaited :], self._policy, self._awaiting)
        self._awaited = len(heads)
        shown = self._shown
        delay = shown.delay_s if isinstance(shown, NotYet) else shown.agreement.limits.publication_delay_s
        return NOBODY if delay is None else self._awaiting.told(before=self.log.clock.now() - delay)

    def _restrictions(self) -> Said:
        newest = self._heads.newest()
        if newest is None:
            return Said(None, ())
        if self._said.head == newest:
            return self._said
        return Said(newest, restrictions_in(self.log.founding, self.log.store, newest.size))


_site: Site | None = None
_site_lock = Lock()


def site() -> Site:
    """The site of this process's log, made at the first page."""
    global _site  # noqa: PLW0603 - one log to a process, and Django hands views nothing else
    name = getattr(settings, "SAFECONDUCT_PUBLIC_LOG", _DEFAULT_LOG)
    log: PublicLog = import_string(name)()
    with _site_lock:
        if _site is None or _site.log is not log:
            _site = Site(log)
        return _site
