"""A signer and records to take apart; everything derives from fixed names, so that a failure repeats."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.draft import Draft, draft
from safeconduct.core.record.entry import Entry, Seen, parse_entry, print_header
from safeconduct.core.record.signature import jwk_of, thumbprint

COR = "c0" * 32
LEAF = "1e" * 32
PASSAGE = "a5" * 16
TAG = "7a" * 16
JTI = "01890a5d-ac96-774b-bcce-b302099a8057"


class SampleSigner:
    """A key that comes from its name."""

    def __init__(self, name: str = "post") -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public_key = self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


SIGNER = SampleSigner()


def salt(name: str) -> bytes:
    return hashlib.sha256(f"salt of {name}".encode()).digest()[:16]


VKEY = "log.example+5f1c1e0f+AdmGXVyMTsh7Kzkmj8EsSEtEMVKAjPyTM1UqLVuFCsWR"
JWK = jwk_of(SIGNER.public_key)
CROSSING = {"post": "north-gate", "direction": "in"}

CLEAR: dict[str, dict[str, Any]] = {
    "founding": {
        "agreement": "title = 'Straße'\n",
        "route": "{}",
        "nature": "simulated",
        "seats": [
            {"seat": "mission", "role": "guarantor", "jwk": JWK},
            {"seat": "orva", "role": "party"},
        ],
        "log": {"origin": "log.example/corridor", "vkey": VKEY},
        "service": {"jwk": JWK},
        "witnesses": [VKEY],
        "quorum": 1,
    },
    "succession": {
        "agreement": "title = 'Straße'\n",
        "route": "{}",
        "nature": "simulated",
        "seats": [{"seat": "mission", "role": "guarantor", "jwk": JWK}],
        "log": {"origin": "log.example/second", "vkey": VKEY},
        "service": {"jwk": JWK},
        "witnesses": [],
        "quorum": 0,
        "cause": "entries.lost",
        "consents": [{"seat": "orva", "signature": "A" * 86}],
        "note": "log.example\n3\n" + "A" * 43 + "=\n\n— log.example AAAA\n",
        "kept": 2,
        "receipts": [LEAF],
    },
    "amendment": {"agreement": "x", "route": "y", "version": 2},
    "closing": {
        "archives": [{"holder": "orva", "place": "archive.orva.example/corridor"}, {"holder": "tessin"}],
        "counts": [{"kind": "founding", "count": 1}, {"kind": "head", "count": 2}],
        "reason": "agreed",
        "runs_on": ["answers", "medical-transit"],
    },
    "consent": {"of": LEAF, "until": 1_700_086_400},
    "lapse": {"of": LEAF, "runs_on": []},
    "refusal": {"of": LEAF, "reason": "not-final"},
    "key": {"cnf": {"jwk": JWK}, "holder": "north-gate/inspector"},
    "revocation": {"kid": thumbprint(SIGNER.public_key), "last": {"seq": 3, "leaf": LEAF}, "reason": "lost"},
    "head": {"note": "log.example\n0\n…\n"},
    "offered": {"leaf": LEAF},
    "countersign": {"of": LEAF, "verdict": "agrees"},
    "correction": {"of": LEAF, "admits": True},
    "withdrawal": {"runs_on": ["answers"]},
    "watch-start": {"post": "north-gate", "kinds": ["entered", "exited"], "present": ["mission", "orva"]},
    "watch-end": {"post": "north-gate", "start": LEAF},
    "declaration": {
        "direction": "in",
        "class": "aid",
        "trip": "round",
        "trip_tag": TAG,
        "imo": "9074729",
        "plate_tag": TAG,
        "people": 2,
        "notice": {"from": 1_700_000_000, "until": 1_700_086_400},
        "departs_from": "UAODS",
    },
    "acknowledgement": {"of": LEAF},
    "pass": {
        "declaration": LEAF,
        "valid_from": 1_700_000_000,
        "valid_until": 1_700_086_400,
        "conditions": ["escort"],
        "refused": [{"line": 1, "rule": "goods.prohibited"}],
        "digest": "d1" * 32,
    },
    "pass-refusal": {
        "declaration": LEAF,
        "reasons": [{"rule": "goods.prohibited", "line": 0}, {"rule": "late"}],
    },
    "pass-revocation": {"pass": LEAF, "reason": "closed"},
    "account": {"what": "searched", "post": "north-gate"},
    "arrival": {**CROSSING, "class": "aid"},
    "inspection": {"post": "north-gate", "depth": "full", "cause": "drawn"},
    "seal": {"post": "north-gate", "act": "affixed", "condition": "intact", "seal_tag": TAG},
    "entered": {**CROSSING, "pass": LEAF, "people": 2, "plate_tag": TAG},
    "exited": CROSSING,
    "turned-back": {"post": "north-gate", "reason": "no-pass"},
    "restriction": {
        "state": "restricted",
        "from": 1_700_000_000,
        "until": 1_700_086_400,
        "class": "aid",
        "direction": "in",
        "where": {"from": "north-gate", "to": "south-gate"},
        "ordered_by": "orva",
        "reason": "repairs",
        "conditions": ["daylight-only"],
    },
    "disclosure": {"reader": "orva", "digest": "d1" * 32, "batches": []},
    "erased": {"of": "0" * 64},
    "erasure": {"digests": [print_base64url(bytes(32))]},
}
"""Clear claims of one good record of each kind."""

LINES: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {
    "declaration": [
        (
            {"hs": "1001", "quantity": 20_000, "unit": "KGM", "to": "TR"},
            {"description": "Wheat", "consignor": "Orva Grain"},
        ),
        ({"hs": "none", "quantity": 1, "unit": "C62"}, {}),
    ],
    "inspection": [({"line": 0, "result": "match"}, {"remark": "as declared"})],
}


def sample(evt: str, **claims: Any) -> Draft:
    """A good record of a kind; `claims` go to `draft`."""
    first = evt in ("founding", "succession")
    standard: dict[str, Any] = {
        "iss": "mission/root" if first else "north-gate/inspector",
        "iat": 1_700_000_000,
        "seq": 0 if first else 4,
        "prev": "" if first else LEAF,
        "cor": None if evt == "founding" else COR,
        "agr": 1,
        "jti": JTI,
        "psg": None if first else PASSAGE,
        "salt": salt,
        "clear": CLEAR[evt],
        "lines": LINES.get(evt),
        "withdraws": LEAF if evt == "withdrawal" else None,
        "seen": Seen(3, LEAF) if evt == "closing" else None,
    }
    return draft(evt, **(standard | claims))


def spell(payload: Any, *, signer: SampleSigner = SIGNER) -> bytes:
    """An entry with any payload at all, signed."""
    return spell_bytes(canonical(payload), signer=signer)


def spell_bytes(payload: bytes, *, signer: SampleSigner = SIGNER, header: str | None = None) -> bytes:
    """An entry with any bytes as payload, signed."""
    head = print_header(thumbprint(signer.public_key)) if header is None else header
    message = f"{head}.{print_base64url(payload)}".encode()
    return message + b"." + print_base64url(signer.sign(message)).encode()


def payload_of(kind: str = "entered", /, **claims: Any) -> dict[str, Any]:
    """The payload of a good record with some claims replaced; `...` removes one."""
    changed = sample(kind).payload | claims
    return {name: value for name, value in changed.items() if value is not ...}


def faults_of(entry: bytes) -> list[tuple[str, str]]:
    """What is wrong with it: place and rule of each fault; empty if nothing is."""
    try:
        parse_entry(entry)
    except Malformed as error:
        return [(fault.where, fault.rule) for fault in error.faults]
    return []


def entry_of(kind: str = "entered", /, **claims: Any) -> Entry:
    return parse_entry(spell(payload_of(kind, **claims)))
