"""What the API needs of the corridor that this process serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.service.admission import Outcome
from safeconduct.service.ports import Store
from safeconduct.service.sequence import Sequencer, Submission


class Submit(Protocol):
    """Puts submissions into the log, and waits until they are there."""

    def __call__(self, submissions: Sequence[Submission], /) -> list[Outcome]:
        """An outcome for each."""
        ...


class Corridor(Protocol):
    """`wiring.server.Server` is one."""

    @property
    def store(self) -> Store:
        """Its log, readable from any thread."""
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
    def submit(self) -> Submit:
        """`Unavailable` without a sequencer."""
        ...
