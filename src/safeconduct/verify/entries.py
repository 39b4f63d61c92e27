"""Single entries out of bundles, where most wanted next are in bundles read before."""

from __future__ import annotations

import json
from binascii import a2b_base64
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from safeconduct.core.tlog.tiles import WIDTH, split_bundle, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.ports import ArchiveBytes

_KEPT_BUNDLES = 8
_READ = json.JSONDecoder().raw_decode
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


class Told(NamedTuple):
    """What a record says, read again."""

    leaf: str
    kid: str
    payload: dict[str, Any]


@dataclass(slots=True)
class Entries:
    """The entries of a log that is proved: what was checked before is not checked again."""

    archive: ArchiveBytes
    size: int
    _bundles: OrderedDict[int, tuple[list[bytes], bytes]] = field(default_factory=OrderedDict)

    def read(self, index: int) -> bytes:
        """The bytes of one entry."""
        return self._bundle(index // WIDTH)[0][index % WIDTH]

    def told(self, index: int) -> Told:
        """What an entry says that is a record."""
        entries, leaves = self._bundle(index // WIDTH)
        place = index % WIDTH
        header, payload, _ = entries[place].split(b".")
        claims, _ = _READ(_decode(payload).decode())
        return Told(leaves[place * HASH_BYTES : (place + 1) * HASH_BYTES].hex(), _kid(header), claims)

    def payload_text(self, index: int) -> str:
        """What an entry says that is a record, in its canonical text."""
        return _decode(self.read(index).split(b".")[1]).decode()

    def _bundle(self, number: int) -> tuple[list[bytes], bytes]:
        """A bundle's entries and their hashes."""
        bundle = self._bundles.get(number)
        if bundle is None:
            tile = tile_at(None, number, self.size)
            hashes = self.archive.read(tile_at(0, number, self.size).path)
            bundle = split_bundle(self.archive.read(tile.path), tile.width, tile.path), hashes
            self._bundles[number] = bundle
            if len(self._bundles) > _KEPT_BUNDLES:
                self._bundles.popitem(last=False)
        return bundle


def _decode(text: bytes) -> bytes:
    return a2b_base64(text.translate(_TO_STANDARD) + b"==")


@lru_cache(maxsize=4096)
def _kid(header: bytes) -> str:
    """A key's header is the same in all its records."""
    kid: str = json.loads(_decode(header))["kid"]
    return kid
