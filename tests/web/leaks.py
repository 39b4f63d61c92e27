"""Looks for planted values in bytes: as they are, and as an encoding would hide them, one inside another."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote_to_bytes

_PACKED = re.compile(rb"[A-Za-z0-9_+/-]{8,}={0,2}")
_DEPTH = 3


def leaks(surfaces: Mapping[str, bytes], planted: Iterable[str]) -> list[tuple[str, str]]:
    """Which value is where."""
    wanted = {value: tuple(spellings(value)) for value in planted}
    found = []
    for name, data in surfaces.items():
        seen = tuple(opened(data))
        found += [
            (name, value)
            for value, forms in wanted.items()
            if any(form in one for one in seen for form in forms)
        ]
    return found


def spellings(value: str) -> Iterator[bytes]:
    """The value as somebody may write it."""
    yield value.encode()
    yield value.replace(" ", "").encode()
    yield value.lower().encode()
    yield quote(value).encode()
    yield quote_plus(value).encode()
    yield html.escape(value).encode()
    yield json.dumps(value)[1:-1].encode()
    yield value.encode().hex().encode()
    yield value.encode("utf-16-le")


def opened(data: bytes, depth: int = _DEPTH) -> Iterator[bytes]:
    """The bytes themselves, and what is packed in them."""
    yield data
    if not depth:
        return
    if data[:2] == b"\x1f\x8b":
        yield from opened(zlib.decompress(data, 31), depth - 1)
    if b"%" in data:
        yield unquote_to_bytes(data)
    inner = b"\n".join(_decoded(data))
    if inner:
        yield from opened(inner, depth - 1)


def _decoded(data: bytes) -> Iterator[bytes]:
    for part in _PACKED.findall(data):
        text = part.rstrip(b"=")
        if len(text) % 4 == 1:
            text = text[:-1]
        try:
            yield base64.b64decode(text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4))
        except binascii.Error:  # nothing was packed here
            continue
