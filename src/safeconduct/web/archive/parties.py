"""A party's own disclosures: recorded, published, then given."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.service.disclosing import disclose
from safeconduct.service.ports import Clock, Store
from safeconduct.service.publication import Publication
from safeconduct.service.sequence import Sequencer

PATIENCE_S = 15.0
"""Longer than witnesses are asked for one head."""
_PAUSE_S = 0.05


class Corridor(Protocol):
    """What these pages need of the corridor that this process serves."""

    @property
    def store(self) -> Store:
        """Its log."""
        ...

    @property
    def founding(self) -> Founding:
        """Its founding record."""
        ...

    @property
    def clock(self) -> Clock:
        """Its time."""
        ...

    @property
    def publication(self) -> Publication:
        """What its readers are shown."""
        ...

    @property
    def sequencer(self) -> Sequencer | None:
        """None where another process appends, or nobody."""
        ...

    @property
    def stopped(self) -> SafeconductError | None:
        """Why there is no sequencer."""
        ...

    @property
    def alone(self) -> Callable[[], AbstractContextManager[object]]:
        """In its block no other thread uses the sequencer."""
        ...


def disclosures_of(here: Corridor, seat: str) -> tuple[bytes | None, int]:
    """The file, None where nothing is disclosed to this seat, and the size of the head that covers its record.

    Where nothing can be appended nothing is disclosed: what nobody recorded did not happen.
    """
    if here.sequencer is None or here.stopped is not None:
        raise here.stopped or Unavailable("another process appends", next_step="Repeat in a minute")
    with here.alone():
        data, head = disclose(here.sequencer, seat)
        if here.sequencer.at_once:
            here.publication.publish(here.sequencer)
    if data is not None:
        _wait_for(here.publication, head.size)
    return data, head.size


def _wait_for(publication: Publication, size: int) -> None:
    """Until parties are shown a head of this size: its witnesses are being asked, and nobody else waits meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while publication.parties().size < size:
        if time.monotonic() > end:
            raise Unavailable("what is disclosed to you is being published", next_step="Repeat in a minute")
        time.sleep(_PAUSE_S)
