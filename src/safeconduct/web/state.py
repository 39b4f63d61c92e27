"""The corridor that this process serves: opened once, at the start, and closed at its end.

Which one, the environment says (`wiring.server`): SAFECONDUCT_DIR, DATABASE_URL, SAFECONDUCT_HIGH_WATER.
At the beat the public's head moves on without anybody asking, and a log that could not be appended to is tried again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from safeconduct.adapters.follower import Follower
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.service.admission import Outcome
from safeconduct.service.publication import TooEarly
from safeconduct.service.sequence import Submission
from safeconduct.web.logs import tell
from safeconduct.wiring.server import DIR_NAME, Server, open_server

BEAT_S = 15.0
_opened = ExitStack()
_server: Server | None = None


def start(*, beat_s: float = BEAT_S) -> Server:
    """Opens it; what is wrong is one of our errors, and nothing stays open then."""
    global _server  # noqa: PLW0603 - one corridor to a process, and Django hands views nothing else
    stop()
    with ExitStack() as opened:
        inner = opened.enter_context(open_server(Path(os.environ.get(DIR_NAME, "."))))
        made = replace(inner, submit=_Told(inner).submit)
        if made.sequencer is not None:
            opened.callback(Follower(lambda: _keep_up(made), every_s=beat_s).stop)
        _opened.push(opened.pop_all())
    _server = made
    _tell("started", made)
    return made


def stop() -> None:
    """What waits is committed and published, then all is closed. A repeat is harmless."""
    global _server
    was, _server = _server, None
    _opened.close()
    if was is not None:
        tell("stopped")


def server() -> Server:
    """The one of this process."""
    if _server is None:
        raise Unavailable("this server is not open", next_step="Repeat in a moment")
    return _server


def _keep_up(made: Server) -> None:
    """One beat."""
    if made.stopped is not None:
        with suppress(SafeconductError):  # no record: lock and history are tried first, nothing is written
            made.submit([Submission(b"")])
    with suppress(TooEarly):
        made.publication.public(now=made.clock.now())


@dataclass(slots=True)
class _Told:
    """Says how far the log has come, once for what was committed together."""

    inner: Server
    _size: int = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._size = 0 if self.inner.sequencer is None else self.inner.sequencer.size

    def submit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """What the server's own does."""
        outcomes = self.inner.submit(submissions)
        size = 0 if self.inner.sequencer is None else self.inner.sequencer.size
        with self._lock:
            before, self._size = self._size, max(size, self._size)
        if size > before:
            tell("sequenced", records=size - before, size=size)
        return outcomes


def _tell(event: str, made: Server) -> None:
    size = made.store.size()
    try:
        shown = made.publication.parties().size
    except SafeconductError:
        shown = 0
    if made.sequencer is not None and shown < size:  # what a crash left, or the first publication
        tell("recovering", published=shown, size=size)
    tell(event, corridor=made.founding.cor, nature=made.founding.nature, size=size,
         sequences=made.stopped is None)  # fmt: skip
