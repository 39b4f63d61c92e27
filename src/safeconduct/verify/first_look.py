"""What every worker must know before it starts: the corridor's identifier, and every public key in the log.

A key's name is the thumbprint of the key: which bytes verify a signature is known before anybody asks who
may sign.
Keys are found without parsing records: `"evt":"key"` shows in base64url in one of three ways, by its place.
"""

from __future__ import annotations

from collections.abc import Iterator

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.core.tlog.tiles import split_bundle, tile_at
from safeconduct.verify.ports import ArchiveBytes


def marks_of(kind: str) -> tuple[bytes, ...]:
    """What stands in every entry of this kind: one of three."""
    claim = f'"evt":"{kind}"'.encode()
    found = []
    for lead in range(3):
        text = print_base64url(bytes(lead) + claim + bytes(3))
        first = (0, 2, 3)[lead]  # digits that the bytes before share in
        found.append(text[first : (lead + len(claim)) * 8 // 6].encode())
    return tuple(found)


KEY_MARKS = marks_of("key")


def keys_in(look: tuple[ArchiveBytes, int], bundles: range) -> dict[str, bytes]:
    """The keys in the `key` records of these bundles, by name, right or wrong."""
    archive, size = look
    keys = {}
    for number in bundles:
        bundle = tile_at(None, number, size)
        data = archive.read(bundle.path)
        if any(mark in data for mark in KEY_MARKS):
            for entry in _records(data, bundle.width):
                keys.update(_key_of(entry))
    return keys


def _records(data: bytes, width: int) -> Iterator[Entry]:
    try:
        texts = split_bundle(data, width)
    except Malformed:
        return  # named when the bundle is checked
    for text in texts:
        if any(mark in text for mark in KEY_MARKS):
            try:
                yield parse_entry(text)
            except Malformed:
                continue


def _key_of(entry: Entry) -> dict[str, bytes]:
    if entry.evt != "key":
        return {}
    try:
        key = public_key_of(entry.payload["cnf"]["jwk"])
    except Malformed:
        return {}
    return {thumbprint(key): key}


def founding_keys(founding: Founding) -> dict[str, bytes]:
    """The keys that the corridor starts with."""
    keys = [seat.public_key for seat in founding.seats if seat.public_key is not None]
    return {thumbprint(key): key for key in (*keys, founding.service_key)}
