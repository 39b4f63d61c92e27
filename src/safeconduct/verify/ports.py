"""What the auditor needs from outside: bytes, processors, somebody to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

_Context = TypeVar("_Context")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class ArchiveBytes(Protocol):
    """An archive as a set of files.

    1. `paths` names every file once, with `/` between its parts, and nothing outside the archive.
    2. `read` gives a file's whole content, the same at every call and in every process.
    3. `chunks` gives the same content piece by piece, for a file that is too large to hold.
    4. A file that is not there, or cannot be read, is `Unavailable`; what no archive can hold is `Malformed`.
    """

    def paths(self) -> Iterable[str]:
        """Every file's path."""
        ...

    def read(self, path: str) -> bytes:
        """A file's content."""
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's content, in its order."""
        ...


class Workers(Protocol):
    """Processors.

    1. `map` gives `function(context, task)` for each task, in the order of the tasks, however many work.
    2. An error of the function is raised here, at its task's turn; no later result is given.
    3. The context is not copied for each task: it may be large. The function does not change it.
    4. A worker that ends without an answer is `Unavailable`; nothing waits for ever.
    5. Tasks are taken as they are needed: they may be more than memory holds.
    """

    def map(
        self, function: Callable[[_Context, _Task], _Result], tasks: Iterable[_Task], context: _Context
    ) -> Iterator[_Result]:
        """The results, as they come."""
        ...


class Reporter(Protocol):
    """Whoever wants to know how far the audit is."""

    def step(self, name: str, done: int, total: int) -> None:
        """`done` of `total` parts of the step called `name`."""
        ...


class Silent:
    """Tells nobody."""

    def step(self, name: str, done: int, total: int) -> None:
        """Nothing."""
