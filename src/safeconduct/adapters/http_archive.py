"""An archive that is served over HTTP, as a set of files: `verify.ports.ArchiveBytes`.

Rules, in the order of the code:
 1. The head is fetched once; of a log that goes on meanwhile, everything is read at this head. Disclosures come
    before it: what is disclosed to a party is recorded first, and the head must cover that record.
 2. Which files there are follows from the signed size; no list is asked for.
 3. A partial tile that went away is the beginning of its full one (C2SP tlog-tiles, *Partial Tiles*).
 4. A file is kept in a folder of our own once it was fetched, and read from there: it cannot become another one
    between two readings. Two processes that fetch it at once must get the same bytes.
 5. A party's archive is asked for with a token for each request (`service.access`), and over no open line.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from safeconduct.adapters.archives import check_path, largest
from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.files import reading, writing
from safeconduct.adapters.http_get import Address, Authorize, HttpFiles
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, Signer
from safeconduct.core.tlog.tiles import WIDTH, Tile, pack_bundle, split_bundle, split_hashes, tiles_of
from safeconduct.service.access import access_token
from safeconduct.service.identifiers import new_jti

_MOST_FILES = 2**20
_PIECE = 2**20
_FIRST = ("disclosures.jsonl", "checkpoint", "policy")


@dataclass(slots=True)
class HttpArchive:
    """Files fetched when they are first read. Made by `open_http_archive`."""

    files: HttpFiles
    kept: Path
    _paths: frozenset[str] | None = field(default=None, repr=False)

    def begin(self) -> None:
        """Rule 1."""
        for path in _FIRST:
            self._fetch(path)
        if not (self.kept / "checkpoint").exists():
            raise Unavailable(
                "there is no archive here", where=str(self.files.address), next_step="Check the address"
            )

    def paths(self) -> Iterable[str]:
        """Rule 2."""
        return sorted(self._known())

    def _known(self) -> frozenset[str]:
        if self._paths is None:
            first = [path for path in _FIRST if (self.kept / path).exists()]
            note = Note.parse(self.read("checkpoint"), where="checkpoint")
            size = Checkpoint.parse(note.text, where="checkpoint").size
            tiles = [tile.path for tile in islice(tiles_of(size), _MOST_FILES + 1)]
            if len(tiles) > _MOST_FILES:
                hint = "Ask for this archive as a folder"
                raise Malformed(f"more than {_MOST_FILES} files", where="checkpoint", next_step=hint)
            self._paths = frozenset((*first, *tiles))
        return self._paths

    def read(self, path: str) -> bytes:
        """A file's content."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's content, piece by piece."""
        check_path(path, str(self.files.address))
        file = self.kept / path
        if not file.exists() and (path in _FIRST or path not in self._known() or not self._fetch(path)):
            raise Unavailable(
                "there is no such file",
                where=f"{self.files.address}{path}",
                next_step="Repeat later; the head is kept",
            )
        with reading(file), file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                yield piece

    def _fetch(self, path: str) -> bool:
        """Brings a file here; whether it is there."""
        if self._bring(path, path):
            return True
        tile = None if path in _FIRST else Tile.parse(path)
        if tile is None or tile.width == WIDTH:
            return False
        full = Tile(tile.level, tile.index)
        if not self._bring(full.path, f"full/{full.path}"):
            return False
        with reading(self.kept / "full" / full.path):
            data = (self.kept / "full" / full.path).read_bytes()
        beside = self._beside()
        with writing(beside):
            beside.write_bytes(cut(data, full, tile.width))  # 3
        self._keep(beside, path)
        return True

    def _bring(self, path: str, name: str) -> bool:
        beside = self._beside()
        try:
            with writing(beside), beside.open("wb") as into:
                there = self.files.fetch(path, into, most=largest(path) or 0)
            if there:
                self._keep(beside, name)
        finally:
            beside.unlink(missing_ok=True)
        return there

    def _beside(self) -> Path:
        return self.kept / f".{os.getpid()}"

    def _keep(self, beside: Path, name: str) -> None:
        """Rule 4."""
        place = self.kept / name
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(beside, place)  # never over another one
            except FileExistsError as error:
                if beside.read_bytes() != place.read_bytes():
                    raise Disproved(
                        "this file was fetched twice, and was not the same",
                        where=f"{self.files.address}{name}",
                        next_step="Trust none of it; ask another party for theirs",
                    ) from error


def cut(data: bytes, full: Tile, width: int) -> bytes:
    """Rule 3: the beginning of a full tile, as it was when it had this width."""
    if full.level is None:
        return pack_bundle(split_bundle(data, full.width, full.path)[:width])
    return b"".join(split_hashes(data, full.width, full.path)[:width])


@contextmanager
def open_http_archive(
    url: str, *, key: Signer | None = None, corridor: str | None = None
) -> Iterator[HttpArchive]:
    """The archive at this address, at its newest head; what is fetched is thrown away at the end."""
    with writing(tempfile.gettempdir()):
        kept = Path(tempfile.mkdtemp(prefix="safeconduct-"))
    try:
        with open_files(url, key=key, corridor=corridor) as files:
            archive = HttpArchive(files, kept)
            archive.begin()
            yield archive
    finally:
        shutil.rmtree(kept, ignore_errors=True)


@contextmanager
def open_files(url: str, *, key: Signer | None = None, corridor: str | None = None) -> Iterator[HttpFiles]:
    """The files at this address: a party's with a key, else the public's."""
    address = Address.parse(url)
    files = HttpFiles(address, None if key is None else _authorize(address, key, corridor))
    try:
        yield files
    finally:
        files.close()


def _authorize(address: Address, key: Signer, corridor: str | None) -> Authorize:
    """Rule 5."""
    if corridor is None:
        raise Malformed(
            "a key opens the archive of one corridor", where="--key", next_step="Name it too: --corridor ID"
        )
    if not address.is_private:
        raise Malformed(
            "a party's archive is not fetched over an open line",
            where=str(address),
            next_step="Write https://",
        )
    clock, chance = SystemClock(), SystemChance()

    def authorize(path: str) -> str:
        now = clock.now()
        return access_token(key, cor=corridor, path=path, now=now, jti=new_jti(now, chance, "access"))

    return authorize
