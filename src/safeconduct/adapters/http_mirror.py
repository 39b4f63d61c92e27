"""A log that is served over HTTP, for a mirror: `service.mirror_ports.Source`."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from safeconduct.adapters.archives import largest
from safeconduct.adapters.files import writing
from safeconduct.adapters.http_archive import cut
from safeconduct.adapters.http_get import HttpFiles, Unchanged
from safeconduct.adapters.mirror_folder import file_lines
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.tlog.tiles import WIDTH, Tile
from safeconduct.verify.files import CHECKPOINT, DISCLOSURES

_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})


@dataclass(slots=True)
class HttpSource:
    """The archive below one address. `spool`: a folder of our own for what is too large to hold."""

    files: HttpFiles
    spool: Path
    _version: str = ""

    @property
    def discloses(self) -> bool:
        """Whether we ask as a party."""
        return self.files.authorize is not None

    def head(self, *, unless: str) -> bytes | None:
        """The signed head, unless it is that of this version."""
        try:
            data = self._fetch(CHECKPOINT, _conditions(unless))
        except Unchanged:
            return None
        if data is None:
            raise Unavailable(
                "there is no archive here", where=str(self.files.address), next_step="Check the address"
            )
        self._version = json.dumps(dict(self.files.version), sort_keys=True)
        return data

    def version(self) -> str:
        """The `ETag` and the date of that head."""
        return self._version

    def read(self, path: str) -> bytes | None:
        """A file; of a partial tile that went away the beginning of its full one (C2SP tlog-tiles, *Partial Tiles*)."""
        data = self._fetch(path, {})
        if data is None and path.startswith("tile/"):
            tile = Tile.parse(path)
            full = Tile(tile.level, tile.index)
            whole = self._fetch(full.path, {}) if tile.width < WIDTH else None
            return None if whole is None else cut(whole, full, tile.width)
        return data

    def disclosures(self) -> Iterator[bytes] | None:
        """The lines of the file, which may be larger than memory."""
        with writing(self.spool):
            place = Path(tempfile.mkdtemp(dir=self.spool)) / DISCLOSURES
        with writing(place), place.open("wb") as into:
            there = self.files.fetch(DISCLOSURES, into, most=largest(DISCLOSURES) or 0)
        return file_lines(place) if there else None

    def _fetch(self, path: str, unless: dict[str, str]) -> bytes | None:
        into: IO[bytes] = _Memory()
        return into.read() if self._into(path, into, unless) else None

    def _into(self, path: str, into: IO[bytes], unless: dict[str, str]) -> bool:
        there = self.files.fetch(path, into, most=largest(path) or 0, unless=unless)
        into.seek(0)
        return there


class _Memory(io.BytesIO):
    """Named as a file is: errors say where something could not be written."""

    name = "memory"


def _conditions(version: str) -> dict[str, str]:
    """What was kept of an earlier answer; anything else asks for no condition."""
    with suppress(ValueError, RecursionError):
        told = json.loads(version) if version else {}
        if isinstance(told, dict) and told.keys() <= _CONDITIONS:
            return {name: value for name, value in told.items() if isinstance(value, str) and value.isascii()}
    return {}
