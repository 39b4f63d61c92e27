"""A party's mirror, which goes on by itself in a thread, beside its witness.

Promises:
 1. One run after another, at the log's pace (`service.pace`), until `stop`. Who asks to be left alone is left alone
    for as long, an hour at most.
 2. `wake` says that the log has a new head: the next run comes soon, unless the server asked to be left alone.
 3. Whatever goes wrong ends a run, never the thread; how it went is remembered before the next one.
 4. It may end at any moment, with its process: a mirror goes on from whatever it left.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from safeconduct.adapters.files import writing
from safeconduct.adapters.mirror_folder import MirrorFolder, mirror_folder
from safeconduct.adapters.mirror_memory import OLDER, MirrorMemory, Split
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.service.mirror import Mirrored, Outcome, mirror
from safeconduct.service.pace import SHORTEST_S, Pace
from safeconduct.service.ports import Clock
from safeconduct.verify.ports import Silent
from safeconduct.wiring.party import ARCHIVE, MIRRORED, SPOOL, Corridor, open_source

LONGEST_LEFT_ALONE_S = 3600
_END_S = 1.0
"""What a run that is under way still has once it is told to stop."""

Tell = Callable[..., None]
"""`tell(event, **fields)`: a line of the log."""


@dataclass(slots=True)
class PartyMirror:
    """Made at rest; `start` begins."""

    folder: Path
    corridor: Corridor
    clock: Clock
    tell: Tell
    memory: MirrorMemory = field(default_factory=MirrorMemory)
    _pace: Pace = field(default_factory=Pace)
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """The first run is at once."""
        try:
            self.memory = MirrorMemory.read(self.folder / MIRRORED)
        except SafeconductError as error:
            self._failed(error)
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Promise 2."""
        self._woken.set()

    def stop(self) -> None:
        """Waits a moment for the run that is under way, and no longer: promise 4."""
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_END_S)

    def _run(self) -> None:
        while not self._stopped.is_set():
            brought_news, asked_for_s = self.once()
            left_alone_s = min(asked_for_s, LONGEST_LEFT_ALONE_S)
            pause_s = self._pace.after(brought_news=brought_news, asked_for_s=left_alone_s)
            self._stopped.wait(left_alone_s)
            if self._woken.wait(pause_s - left_alone_s) and not self._stopped.wait(SHORTEST_S):
                self._pace = Pace()
            self._woken.clear()

    def once(self) -> tuple[bool, int]:
        """One run: whether it brought news, and for how long the server asks to be left alone."""
        try:
            done = self._mirrored()
        except SafeconductError as error:
            self._failed(error)
            return False, int(getattr(error, "after_s", 0))
        except Exception as error:  # noqa: BLE001 - a defect of one run must not end those that come
            self._failed(_defect(error))
            return False, 0
        self._done(done)
        return done.outcome is Outcome.NEW, 0

    def _mirrored(self) -> Mirrored:
        spool = self.folder / SPOOL
        with writing(spool):
            shutil.rmtree(spool, ignore_errors=True)  # of a run that was killed
            spool.mkdir(mode=0o700)
        with open_source(self.corridor, spool) as source:
            return mirror(source, self.shelf, corridor=self.corridor.identifier, reporter=Silent())

    @property
    def shelf(self) -> MirrorFolder:
        """Where the archive is."""
        return mirror_folder(self.folder / ARCHIVE)

    def _done(self, done: Mirrored) -> None:
        now, head, served = self.clock.now(), done.head.checkpoint, done.served
        match done.outcome:
            case Outcome.SPLIT if served is not None:
                evidence = tuple(str(self.shelf.beside / name) for name in done.evidence)
                split = Split(now, served.size, served.root.hex(), evidence)
                self._remember(self.memory.split_by(split, now))
                self.tell("split", kept=head.size, served=served.size, root=served.root.hex())
            case Outcome.OLDER if served is not None:
                said = f"an older head of {served.size} entries is served"
                self._remember(self.memory.troubled(OLDER, said, now))
                self.tell("older", kept=head.size, served=served.size)
            case _:
                was_troubled = self.memory.trouble is not None
                self._remember(self.memory.well(now))
                if done.outcome is Outcome.NEW or was_troubled:
                    self.tell("mirrored", size=head.size, new=head.size - done.before, files=done.files)

    def _failed(self, error: SafeconductError) -> None:
        self._remember(self.memory.failed(error, self.clock.now()))
        kind, rule = type(error).__name__, error.rule
        self.tell("not mirrored", kind=kind, rule=rule, said=str(error.faults[0])[:500])

    def _remember(self, memory: MirrorMemory) -> None:
        self.memory = memory
        try:
            memory.keep(self.folder / MIRRORED)
        except SafeconductError as error:
            self.tell("not remembered", said=str(error))


def _defect(error: Exception) -> Unavailable:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = "" if last is None else f" in {last.tb_frame.f_globals.get('__name__')}, line {last.tb_lineno}"
    step = "Report it with this line; the archive is as it was"
    return Unavailable(f"this is a defect of safeconduct: {type(error).__name__}{place}", next_step=step)
