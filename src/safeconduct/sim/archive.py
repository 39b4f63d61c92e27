"""An archive held in memory, as a reader has it in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safeconduct.core.kernel.errors import Unavailable


@dataclass(slots=True)
class MemoryArchive:
    """Paths and contents. Stories change them, as somebody could who has the folder."""

    files: dict[str, bytes] = field(default_factory=dict)

    def paths(self) -> Iterable[str]:
        """Every file's path."""
        return tuple(self.files)

    def read(self, path: str) -> bytes:
        """A file's content."""
        if path not in self.files:
            raise Unavailable(f"{path} is not there", where=path, next_step="Ask for another copy")
        return self.files[path]

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's content, in one piece."""
        yield self.read(path)
