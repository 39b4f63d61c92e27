"""Every durable system call of one submission's way into the log and its files; and a fault at each.

strace is attached to one thread of the running server, so that the n-th call is the n-th of that thread: while it opens
what a kill left behind (`start`), while it commits (`commit`), while files, erasures and projections follow (`follow`).
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.after import check
from tests.faults.processes import begin, fresh
from tests.faults.scene import Scene, high_water
from tests.faults.victim import cycle

DURABLE = (
    "pwrite64", "pwritev", "write", "writev", "fsync", "fdatasync", "ftruncate", "fallocate", "openat", "mkdir",
    "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat",
)  # fmt: skip
WAYS = {
    "killed before the call": "signal=KILL:when={}",
    "killed after the call": "signal=TERM:when={}",
    "disk full from the call on": "error=ENOSPC:when={}+",
    "input/output error": "error=EIO:when={}",
}
"""SIGTERM, which nobody handles here, is delivered after the call that it meets, SIGKILL before."""
_NEEDS_NO_ROOM = {"unlink", "unlinkat", "rmdir"}
_KILLED = (-signal.SIGKILL, -signal.SIGTERM)
_WAIT_S = 90


@dataclass(frozen=True, order=True)
class Point:
    """The `number`-th `call` of a thread."""

    thread: str
    call: str
    number: int
    what: str = field(default="", compare=False)


@dataclass
class Trial:
    """What came of one fault."""

    point: Point
    way: str
    fired: bool
    broken: list[str]
    told: list[str]
    needs_restart: bool
    """It stayed up, said why, and took nothing more before it was started again."""


def is_here() -> bool:
    return shutil.which("strace") is not None


class Run:
    """One server, from its start to its end, with one of its threads watched."""

    def __init__(self, scene: Scene, folder: Path, watched: str, inject: str | None) -> None:
        self.scene, self.folder = scene, folder
        self.watched, self.inject = watched, inject
        self.trace = folder.with_name("trace")
        self.acknowledged: dict[bytes, bytes] = {}
        self.told: list[str] = []
        self.ended_by: int | None = None
        self.needs_restart = False
        self._tracer: subprocess.Popen[str] | None = None

    def run(self) -> bool:
        """Whether it lived to the end."""
        args = (self.folder, None, high_water(self.folder), self.scene.batch, self.scene.later)
        process, self._pipe = begin(cycle, *args)
        try:
            return self._steps()
        except (EOFError, ConnectionError):
            return False
        finally:
            process.join(10)
            self.ended_by = process.exitcode
            process.kill()
            process.join()
            self._leave()
            self._pipe.close()

    def _steps(self) -> bool:
        self._attach(self._recv())
        self._pipe.send("go")
        threads = self._recv()
        if isinstance(threads, str):  # it said why it does not open, or does not sequence
            self.told.append(threads)
            self._pipe.send("end")
            return True
        if self.watched == "start":
            self._leave()
        self._attach(threads)
        self._pipe.send("go")
        self._keep(self.scene.batch, self._recv())
        behind = self._recv()
        if behind:
            self.told.append(behind)
        self._leave()  # there is room again
        self._pipe.send("go")
        self._keep((*self.scene.batch, *self.scene.later), self._recv())
        missing = [
            one for one in (*self.scene.batch, *self.scene.later) if one.entry not in self.acknowledged
        ]
        end = self._recv()
        self.needs_restart = bool(missing or end)
        assert self.told or not self.needs_restart, "it takes no record again, and does not say why"
        return True

    def _recv(self) -> Any:
        assert self._pipe.poll(_WAIT_S), "the server does not answer"
        return self._pipe.recv()

    def _keep(self, batch: Sequence[Any], outcomes: Sequence[tuple[bytes | None, str]]) -> None:
        for one, (receipt, why) in zip(batch, outcomes, strict=True):
            if receipt is not None:
                assert self.acknowledged.setdefault(one.entry, receipt) == receipt, "another receipt"
            else:
                self.told.append(why)

    def _attach(self, threads: dict[str, int]) -> None:
        if self.watched not in threads:
            return
        words = ["strace", "-y", "-e", f"trace={','.join(DURABLE)}", "-o", str(self.trace)]
        if self.inject:
            words += ["-e", f"inject={self.inject}"]
        words += ["-p", str(threads[self.watched])]
        self._tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert self._tracer.stderr is not None
        line = self._tracer.stderr.readline()
        assert "attached" in line, line

    def _leave(self) -> None:
        tracer, self._tracer = self._tracer, None
        if tracer is not None:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(20)
            assert tracer.stderr is not None
            tracer.stderr.close()


@contextmanager
def place() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="fault-"))
    try:
        yield found
    finally:
        shutil.rmtree(found, ignore_errors=True)


def _copied(scene: Scene, there: Path, killed: Path | None) -> Path:
    source = killed or scene.folder
    shutil.copytree(source, there / "corridor")
    if high_water(source).exists():
        shutil.copy(high_water(source), high_water(there / "corridor"))
    return there / "corridor"


def points(scene: Scene, thread: str, killed: Path | None = None) -> list[Point]:
    """The durable calls of a run without a fault."""
    with place() as there:
        run = Run(scene, _copied(scene, there, killed), thread, None)
        assert run.run(), run.told
        return list(_points(run.trace.read_text(), thread, str(there)))


def _points(trace: str, thread: str, folder: str) -> Iterator[Point]:
    counted: Counter[str] = Counter()
    for line in trace.splitlines():
        call = re.match(r"(\w+)\(", line)
        if call is None:
            continue
        counted[call[1]] += 1
        if folder in line and (call[1] != "openat" or "O_CREAT" in line):
            what = re.search(re.escape(folder) + r'([^>"]*)', line)
            yield Point(thread, call[1], counted[call[1]], what[1] if what else "")


def meaningful(point: Point, way: str) -> bool:
    return way != "disk full from the call on" or point.call not in _NEEDS_NO_ROOM


def trial(scene: Scene, point: Point, way: str, killed: Path | None = None) -> Trial:
    """The fault, then what must hold after it."""
    with place() as there:
        folder = _copied(scene, there, killed)
        run = Run(scene, folder, point.thread, f"{point.call}:{WAYS[way].format(point.number)}")
        broken = []
        try:
            lived = run.run()
            if lived != ("killed" not in way):
                broken.append("it lived on" if lived else "it ended")
        except AssertionError as error:
            broken.append(str(error))
        fired = run.ended_by in _KILLED or "(INJECTED)" in run.trace.read_text()
        sent = [*scene.batch, *scene.later]
        args = (folder, None, high_water(folder), sent, run.acknowledged, scene.erased, scene.verdict)
        broken += fresh(check, *args)
        return Trial(point, way, fired, broken, run.told, run.needs_restart)


def left_by_a_kill(scene: Scene, there: Path) -> Path:
    """A folder whose newest batch is committed, and nothing has followed."""
    folder = _copied(scene, there, None)
    first = next(point for point in points(scene, "follow") if point.call == "openat")
    run = Run(scene, folder, "follow", f"openat:signal=KILL:when={first.number}")
    assert not run.run()
    return folder
