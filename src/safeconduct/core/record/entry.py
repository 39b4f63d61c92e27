"""One record as the log holds it: a compact JWS in exactly one spelling (RECORD §1 to §3).

Rules, in the order of the code:
 1. At most 60 KiB.
 2. Three parts of canonical base64url, joined by dots: header, payload, a signature of 64 bytes.
 3. The header is `{"alg":"Ed25519","kid":"…","typ":"safeconduct-record+sd-jwt"}`; the kid spells 32 bytes.
 4. The payload is an object in JCS that prints back to the same bytes (kernel/canonical).
 5. It has the envelope, and the claims and private fields of its kind (kinds); others are kept.
 6. `at` and `via` stand together; only a key's first record may have an empty `prev`.
 7. No digest stands twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from safeconduct.core.kernel.canonical import parse_canonical
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.spelling import decode_base64url, print_base64url
from safeconduct.core.record.disclosure import digests_in, private_fields
from safeconduct.core.record.kind import UNKNOWN_KIND
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.schema import SCHEMA, Form
from safeconduct.core.tlog.signature import verify_ed25519
from safeconduct.core.tlog.tree import leaf_hash

MAX_BYTES = 60 * 1024
TYP = "safeconduct-record+sd-jwt"

_SIGNATURE_CHARACTERS = 1 + 86
"""The last dot, and 64 bytes in base64url."""
_BEFORE_KID = b'{"alg":"Ed25519","kid":"'
_AFTER_KID = b'","typ":"%s"}' % TYP.encode()


class Seen(NamedTuple):
    """The newest head that the signer held."""

    size: int
    root: str


class At(NamedTuple):
    """When it happened, where that is not when it was signed; an instant has equal ends."""

    begin: int
    until: int
    via: str


class Entry(NamedTuple):
    """A record whose spelling and schema hold. Whether anyone signed it: `verify_entry`."""

    text: bytes
    kid: str
    payload: dict[str, Any]
    signature: bytes
    leaf: bytes

    @property
    def evt(self) -> str:
        """The kind."""
        kind: str = self.payload["evt"]
        return kind

    @property
    def iss(self) -> str:
        """Who signs, as a post or organisation and a role."""
        issuer: str = self.payload["iss"]
        return issuer

    @property
    def iat(self) -> int:
        """Device time, POSIX seconds."""
        seconds: int = self.payload["iat"]
        return seconds

    @property
    def seq(self) -> int:
        """This key's running number."""
        number: int = self.payload["seq"]
        return number

    @property
    def prev(self) -> str:
        """Leaf of this key's previous record, or an empty string."""
        leaf: str = self.payload["prev"]
        return leaf

    @property
    def cor(self) -> str | None:
        """The corridor; None in its founding record."""
        return self.payload.get("cor")

    @property
    def agr(self) -> int:
        """The agreement's version."""
        version: int = self.payload["agr"]
        return version

    @property
    def psg(self) -> str | None:
        """The passage, where there is one."""
        return self.payload.get("psg")

    @property
    def jti(self) -> str:
        """What makes a repeat harmless."""
        identifier: str = self.payload["jti"]
        return identifier

    @property
    def seen(self) -> Seen | None:
        """The head that the signer held."""
        seen = self.payload.get("seen")
        return None if seen is None else Seen(seen["size"], seen["root"])

    @property
    def at(self) -> At | None:
        """When it happened, where that is claimed apart from `iat`."""
        at = self.payload.get("at")
        if at is None:
            return None
        begin, until = (at, at) if type(at) is int else (at["from"], at["until"])
        return At(begin, until, self.payload["via"])


def parse_entry(data: bytes, *, where: str = "") -> Entry:
    """The record that `data` spells; all faults of its schema in one error."""
    if len(data) > MAX_BYTES:  # 1
        hint = f"Keep a record below {MAX_BYTES} bytes: simplify the line, shorten the list"
        raise Malformed("this record is too long", where=where, next_step=hint, rule="record.too_long")
    parts = data.split(b".")
    signature = decode_base64url(parts[2]) if len(parts) == 3 else None
    text = decode_base64url(parts[1]) if signature is not None else None
    if text is None or signature is None or len(signature) != 64:  # 2
        hint = "Write header.payload.signature, each part unpadded canonical base64url"
        raise Malformed("this is not a compact JWS", where=where, next_step=hint, rule="record.spelling")
    kid = _kid_of(parts[0])
    if kid is None:  # 3
        hint = f'Write {{"alg":"Ed25519","kid":"…","typ":"{TYP}"}} and nothing else'
        raise Malformed("the header has another form", where=where, next_step=hint, rule="record.header")
    payload = _parse_payload(text, where)
    if not _holds(payload, text):
        raise Malformed.of(list(_faults(payload, where)))
    return Entry(data, kid, payload, signature, leaf_hash(data))


@lru_cache(maxsize=65536)
def _kid_of(header: bytes) -> str | None:
    """The kid in an encoded header, or None; a key's header is the same in all its records."""
    text = decode_base64url(header) or b""
    kid = text.removeprefix(_BEFORE_KID).removesuffix(_AFTER_KID)
    good = (
        len(text) == len(kid) + len(_BEFORE_KID) + len(_AFTER_KID) and len(decode_base64url(kid) or b"") == 32
    )
    return kid.decode("ascii") if good else None


def print_header(kid: str) -> str:
    """The encoded header of a key's records."""
    return print_base64url(_BEFORE_KID + kid.encode() + _AFTER_KID)


def _parse_payload(text: bytes, where: str) -> dict[str, Any]:
    try:
        payload = parse_canonical(text, where=where)  # 4
    except Malformed as error:
        first = error.faults[0]
        raise Malformed(
            first.message, where=first.where, next_step=first.next_step, rule="record.spelling"
        ) from error
    if type(payload) is not dict:
        raise Malformed("the payload is not an object", where=where, next_step="Write an object", rule=SCHEMA)
    return payload


def _form_of(payload: dict[str, Any]) -> Form:
    name = payload.get("evt")
    kind = KINDS.get(name) if type(name) is str else None
    return UNKNOWN_KIND if kind is None else kind.form


def _holds(payload: dict[str, Any], text: bytes) -> bool:
    """Rules 5 to 7: whether `_faults` has nothing to say."""
    if not _form_of(payload).holds(payload):  # 5
        return False
    if ("at" in payload) is not ("via" in payload) or (not payload["prev"] and payload["seq"]):  # 6
        return False
    digests = digests_in(text)
    return len(set(digests)) == len(digests)  # 7


def _faults(payload: dict[str, Any], where: str) -> Iterator[Fault]:
    form = _form_of(payload)
    if not form.holds(payload):  # 5
        yield from form.faults(payload, _top(where))
        return  # what follows reads claims that hold
    if ("at" in payload) is not ("via" in payload):  # 6
        yield Fault("at and via stand together", _top(where), "Write both or neither", SCHEMA)
    if not payload["prev"] and payload["seq"]:  # 6
        yield Fault(
            "only a key's first record has no prev", f"{_top(where)}.prev", "Name the previous leaf", SCHEMA
        )
    digests = [digest for _, digest in private_fields(payload)]
    if len(set(digests)) != len(digests):  # 7
        hint = "Draw a new salt for each field"
        yield Fault("two fields have one digest", _top(where), hint, "private.repeated_digest")


def _top(where: str) -> str:
    return f"{where} $".lstrip()


def signed_part(entry: Entry) -> tuple[bytes, bytes]:
    """What was signed, and the signature."""
    return entry.text[:-_SIGNATURE_CHARACTERS], entry.signature


def verify_entry(entry: Entry, public_key: bytes) -> bool:
    """Whether the holder of `public_key` signed this entry."""
    message, signature = signed_part(entry)
    return verify_ed25519(public_key, message, signature)


def references(entry: Entry) -> tuple[str, ...]:
    """Leaves of the records that this one names, `prev` apart. What it only offers need not be in the log."""
    payload = entry.payload
    names = _NAMING.get(payload["evt"], _ALWAYS_NAMING)
    values = [payload[name] for name in names if name in payload]
    return tuple([value["leaf"] if type(value) is dict else value for value in values if value])


_ALWAYS_NAMING = ("corrects", "withdraws")
_NAMING = {name: (*kind.references, *_ALWAYS_NAMING) for name, kind in KINDS.items()}
