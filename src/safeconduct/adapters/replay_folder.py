"""A replay's source as a folder: the agreement, the route, `replay.toml` and three tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safeconduct.adapters.files import reading
from safeconduct.core.kernel.errors import Malformed
from safeconduct.service.table import MAX_BYTES


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """One folder; a file is read whole, and only if it is not too long."""

    folder: Path

    def text(self, name: str) -> str:
        """A file in UTF-8."""
        try:
            return self.data(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("this is not UTF-8", where=name, next_step="Save it as UTF-8") from error

    def data(self, name: str) -> bytes:
        """A file's bytes."""
        path = self.folder / name
        with reading(path), path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Malformed(f"{name} is too long", where=str(path), next_step="Give at most 16 MiB")
        return data
