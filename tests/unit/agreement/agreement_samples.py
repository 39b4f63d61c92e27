"""A minimal agreement, a founding and desks that sign records; all keys derive from names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safeconduct.core.agreement.enrolment import rotation_message
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.signature import jwk_of, thumbprint
from safeconduct.core.tlog.note import KeyType, VerifierKey

MINIMAL = """\
version = 1
title = "A road between two sides"
vehicle_identifier = "plate"

[text]
title = "Protocol of the two sides"

[[signatories]]
seat = "mission"
name = "The mission"
role = "guarantor"
source = { from = "text", article = "1" }

[[signatories]]
seat = "orva"
name = "Orva"
role = "party"
source = { from = "text", article = "1" }

[[signatories]]
seat = "tessin"
name = "Tessin"
role = "party"
source = { from = "text", article = "1" }

[[posts]]
id = "north-gate"
name = "North gate"
source = { from = "practice" }

[consent]
needed = 2
of = ["mission", "orva", "tessin"]
source = { from = "text", article = "2" }

[powers]
key = ["root", "officer"]
revocation = ["root", "officer"]
amendment = ["root", "officer"]
pass = ["mission/officer"]
arrival = ["post"]
declaration = ["declarant"]
source = { from = "proposed" }
"""

ROUTE = (
    '{"type":"Feature","properties":{"name":"A line","source":"drawn for tests","schematic":true},'
    '"geometry":{"type":"LineString","coordinates":[[46.5,39.5],[46.6,39.6]]}}'
)

_TOP = re.compile(r"(?m)^(?:\[+[ ]*)?([A-Za-z_]+)")


def patched(block: str, base: str = MINIMAL) -> str:
    """`base` with every top-level key or table that `block` writes taken from it."""
    ours, theirs = _chunks(base), _chunks(block)
    kept = {name: text for name, text in ours.items() if name not in theirs}
    parts = kept | theirs
    plain = [text for text in parts.values() if not text.lstrip().startswith("[")]
    tables = [text for text in parts.values() if text.lstrip().startswith("[")]
    return "".join((*plain, *tables))


def _chunks(text: str) -> dict[str, str]:
    """Top-level name → all its lines; what stands under a header belongs to the header's first name."""
    found: dict[str, str] = {}
    name = ""
    in_table = False
    for line in text.splitlines(keepends=True):
        header = line.startswith("[")
        if header or not in_table:
            in_table = in_table or header
            top = _TOP.match(line)
            name = top[1] if top else name or line.strip()
        found[name] = found.get(name, "") + line
    return found


class Key:
    """A private key that comes from its name."""

    def __init__(self, name: str) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public_key = self.private.public_key().public_bytes_raw()
        self.kid = thumbprint(self.public_key)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def salt(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:16]


def vkey(name: str, kind: KeyType) -> VerifierKey:
    return VerifierKey.of(name, kind, Key(name).public_key)


LOG = vkey("log.example", KeyType.ED25519)
WITNESS = vkey("orva.example", KeyType.COSIGNATURE)
SEATS: list[dict[str, Any]] = [
    {"seat": "mission", "role": "guarantor", "jwk": jwk_of(Key("mission").public_key)},
    {"seat": "orva", "role": "party", "jwk": jwk_of(Key("orva").public_key)},
    {"seat": "tessin", "role": "party"},
]


def founding_claims(**changes: Any) -> dict[str, Any]:
    return {
        "agreement": MINIMAL,
        "route": ROUTE,
        "nature": "simulated",
        "seats": SEATS,
        "log": {"origin": LOG.name, "vkey": str(LOG)},
        "service": {"jwk": jwk_of(Key("service").public_key)},
        "witnesses": [str(WITNESS)],
        "quorum": 1,
    } | changes


@dataclass
class Desk:
    """Whoever signs with one key: keeps the chain."""

    key: Key
    iss: str
    cor: str | None
    seq: int = 0
    prev: str = ""

    def record(
        self, evt: str, clear: Mapping[str, Any], *, seq: int | None = None, agr: int = 1, **claims: Any
    ) -> Entry:
        number = self.seq if seq is None else seq
        drawn = draft(
            evt,
            iss=self.iss,
            iat=1_772_000_000 + number,
            seq=number,
            prev=self.prev,
            cor=self.cor,
            agr=agr,
            jti=f"01890a5d-ac96-774b-bcce-{number:012x}",
            salt=salt,
            clear=clear,
            **claims,
        )
        entry = parse_entry(sign(drawn.payload, self.key))
        self.seq, self.prev = number + 1, entry.leaf.hex()
        return entry


def founding_entry(**changes: Any) -> Entry:
    return Desk(Key("mission"), "mission/root", cor=None).record("founding", founding_claims(**changes))


def founding(**changes: Any) -> Founding:
    return Founding.parse(founding_entry(**changes))


FOUNDING = founding()


def desk(name: str, iss: str) -> Desk:
    return Desk(Key(name), iss, FOUNDING.cor)


@dataclass
class Log:
    """Records in their order; index 0 is the founding."""

    entries: list[tuple[int, Entry]] = field(default_factory=list)

    def add(self, entry: Entry) -> int:
        self.entries.append((len(self.entries) + 1, entry))
        return len(self.entries)


def key_claims(key: Key, holder: str, **more: Any) -> dict[str, Any]:
    return {"cnf": {"jwk": jwk_of(key.public_key)}, "holder": holder, **more}


def root_claims(key: Key, seat: str, old: str = "", **more: Any) -> dict[str, Any]:
    proof = key.sign(rotation_message(FOUNDING.cor, seat, old, key.kid))
    return key_claims(key, f"{seat}/root", proof=print_base64url(proof), **more)
