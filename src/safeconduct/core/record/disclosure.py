"""Private fields: one salted digest in the entry, the value beside the log (RFC 9901; RECORD §3).

Rules:
 1. A disclosure is base64url of `[salt, "value", v]` in JCS; the salt spells 16 bytes. The value holds no
    digests: an SD-JWT tool would open them in turn, and two readers could be shown two values.
 2. Its digest is base64url of the SHA-256 of the disclosure's own characters.
 3. It belongs to the field that holds this digest, and to no other.
 4. Fields stand at the top of a payload or in an element of `lines`; nowhere deeper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import decode_base64url, print_base64url, sha256
from safeconduct.core.record.schema import is_clear

SALT_BYTES = 16

Place: TypeAlias = str | tuple[int, str]
"""A field's name, or the number of a line and the name of its field."""


class HoldsPayload(Protocol):
    """An entry, as far as this module reads it."""

    @property
    def payload(self) -> dict[str, Any]:
        """The claims, well formed."""
        ...


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A private value with the salt that hid it."""

    salt: bytes
    value: Any


def disclose(salt: bytes, value: Any) -> str:
    """The disclosure of `value`."""
    if len(salt) != SALT_BYTES:
        raise Malformed("a salt has another length", next_step=f"Draw {SALT_BYTES} random bytes")
    if not is_clear(value):
        hint = "Leave out _sd, _sd_alg and ... in it"
        raise Malformed("a private value holds another one", next_step=hint)
    return print_base64url(canonical([print_base64url(salt), "value", value]))  # 1


def parse_disclosure(text: str, *, where: str = "") -> Disclosure:
    """The value in a disclosure; refuses every spelling but that of `disclose`."""
    data = decode_base64url(text.encode("ascii", "replace"))
    try:
        parts: Any = None if data is None else parse_canonical(data)
    except Malformed:
        parts = None
    well_formed = type(parts) is list and len(parts) == 3 and parts[1] == "value" and is_clear(parts[2])
    spelled = parts[0] if well_formed else None
    salt = decode_base64url(spelled.encode("ascii", "replace")) if type(spelled) is str else None
    if salt is None or len(salt) != SALT_BYTES:
        hint = 'Write base64url of ["salt","value",v] in JCS, the salt 16 bytes, v without digests'
        raise Malformed("this is not a disclosure", where=where, next_step=hint, rule="disclosures.spelling")
    return Disclosure(salt, parts[2])


def disclosed_value(text: bytes, *, where: str = "") -> Any:
    """The value alone, refused as `parse_disclosure` does: a plain text has one spelling, and needs no reader."""
    data = decode_base64url(text)
    plain = None if data is None else _PLAIN(data)
    if plain is None:
        return parse_disclosure(text.decode("ascii", "replace"), where=where).value
    return plain[1].decode("ascii")


_PLAIN = re.compile(rb'\["[A-Za-z0-9_-]{21}[AQgw]","value","([ !#-\[\]-~]*)"\]').fullmatch
"""A salt of 16 bytes, and ASCII without what JSON escapes."""


def digest_of(disclosure: str) -> str:
    """The digest that stands for `disclosure` in its entry."""
    return print_base64url(sha256(disclosure.encode("ascii", "replace")))  # 2


def private_fields(payload: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Each private field of a well-formed payload with its digest: the top ones, then line by line."""
    for name, value in payload.items():
        if type(value) is dict and "_sd" in value:
            yield name, value["_sd"][0]
    for number, line in enumerate(payload.get("lines", ())):  # 4
        for name, value in line.items():
            if type(value) is dict and "_sd" in value:
                yield (number, name), value["_sd"][0]


def digests_in(text: bytes) -> list[bytes]:
    """The digests of the private fields of a well-formed payload, by its canonical text alone.

    No string holds what a field begins with: its quotes would be escaped there.
    """
    return [part[:_DIGEST_LENGTH] for part in text.split(_FIELD)[1:]]


_FIELD = b'":{"_sd":["'
_DIGEST_LENGTH = 43


def reveal(entry: HoldsPayload, disclosures: Iterable[str], *, where: str = "") -> dict[Place, Any]:
    """The private values that `disclosures` open, each under its field's place."""
    places = {digest: place for place, digest in private_fields(entry.payload)}
    values: dict[Place, Any] = {}
    for text in disclosures:
        disclosure = parse_disclosure(text, where=where)
        place = places.get(digest_of(text))  # 3
        if place is None:
            hint = "Ask its sender for the value that was signed"
            raise Malformed(
                "a disclosure belongs to no field here", where=where, next_step=hint, rule="disclosures.false"
            )
        values[place] = disclosure.value
    return values
