"""What a mirror needs from outside: somebody who serves a log, and a place for the archive."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol


class Source(Protocol):
    """An archive that is served by somebody whom nobody has to trust.

    1. No answer is longer than a file of its name can be, nor waits for ever; no redirect is followed.
    2. `head` gives None only where the server says that it is still the version that the shelf keeps.
    """

    def head(self, *, unless: str) -> bytes | None:
        """The signed head, if it is not that of the version `unless`; of an empty one it always is."""
        ...

    def version(self) -> str:
        """What names the head that came last."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is none."""
        ...

    @property
    def discloses(self) -> bool:
        """Whether it is a party's archive."""
        ...

    def disclosures(self) -> Iterator[bytes] | None:
        """The lines of what is disclosed to this reader; None where nothing is."""
        ...


class Shelf(Protocol):
    """The archive of this machine, and what is made ready beside it.

    1. Until `replace`, the archive is as it was, to the byte. `replace` exchanges it as a whole: whenever the program
       ends, a whole archive is there, the old one or the new one.
    2. Once `replace` returns, the new archive survives a power cut, and the old one is gone.
    3. What was staged or kept beside is there again after any end of the program, in whole or in part.
    4. In an `alone` block no other process is in one; nothing waits for it.
    """

    def alone(self) -> AbstractContextManager[None]:
        """Promise 4."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file of the archive; None where there is none. Conflict where something else lies in its place."""
        ...

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a file of the archive, without their ends; none where there is no such file."""
        ...

    def staged(self, path: str) -> bytes | None:
        """A file that was made ready."""
        ...

    def stage(self, path: str, data: bytes) -> None:
        """Makes a file ready."""
        ...

    def stage_lines(self, path: str, lines: Iterable[bytes]) -> int:
        """The same, line by line, for what is too large to hold; how many there were. None of them: no file."""
        ...

    def replace(self, paths: Collection[str], *, last: str) -> None:
        """Promises 1 and 2: the archive is exactly these files, staged or kept; `last` is written last."""
        ...

    def note(self, name: str) -> bytes | None:
        """What is kept beside the archive under this name."""
        ...

    def keep_note(self, name: str, data: bytes) -> None:
        """Keeps it, durably; nothing: takes it away."""
        ...

    def set_apart(self, name: str) -> None:
        """Keeps all that is staged, under this name, as evidence; it is staged no longer."""
        ...
