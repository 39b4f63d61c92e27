"""Single entries out of bundles, where most wanted next are in bundles read before."""

from __future__ import annotations

import json
from binascii import a2b_base64
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from json.scanner import make_scanner
from typing import Any, NamedTuple

from safeconduct.core.tlog.tiles import WIDTH, split_bundle, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.ports import ArchiveBytes

_KEPT_BUNDLES = 16
_READ = make_scanner(json.JSONDecoder())  # type: ignore[arg-type]  # whatever has its hooks will do
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


class Told(NamedTuple):
    """What a record says, read again."""

    leaf: str
    kid: str
    payload: dict[str, Any]


class _Bundle(NamedTuple):
    """A bundle's entries, their hashes, and what those say that were asked for, by place."""

    entries: list[bytes]
    hashes: bytes
    texts: dict[int, bytes]


@dataclass(slots=True)
class Entries:
    """The entries of a log that is proved: what was checked before is not checked again."""

    archive: ArchiveBytes
    size: int
    _bundles: OrderedDict[int, _Bundle] = field(default_factory=OrderedDict)

    def read(self, index: int) -> bytes:
        """The bytes of one entry."""
        return self._bundle(index // WIDTH).entries[index % WIDTH]

    def told(self, index: int) -> Told:
        """What an entry says that is a record."""
        bundle, place = self._bundle(index // WIDTH), index % WIDTH
        header, payload, _ = bundle.entries[place].split(b".")
        text = bundle.texts[place] = _decode(payload)
        claims, _ = _READ(text.decode(), 0)
        return Told(bundle.hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES].hex(), _kid(header), claims)

    def payload_text(self, index: int) -> bytes:
        """What an entry says that is a record, in its canonical text."""
        bundle, place = self._bundle(index // WIDTH), index % WIDTH
        text = bundle.texts.get(place)
        return _decode(bundle.entries[place].split(b".")[1]) if text is None else text

    def _bundle(self, number: int) -> _Bundle:
        bundle = self._bundles.get(number)
        if bundle is None:
            tile = tile_at(None, number, self.size)
            hashes = self.archive.read(tile_at(0, number, self.size).path)
            entries = split_bundle(self.archive.read(tile.path), tile.width, tile.path)
            bundle = self._bundles[number] = _Bundle(entries, hashes, {})
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
