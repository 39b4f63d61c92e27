"""A refusal that its receiver can show to others: what was refused, when, by which rule, under the service's key.

Rules:
 1. A compact JWS in one spelling: header `{"alg":"Ed25519","kid":"…","typ":"safeconduct-refusal"}`, payload in JCS
    with `aud` (the corridor), `iat` (POSIX seconds), `leaf` (of the record that was refused), `rule`, `why`.
 2. It names the record by its leaf and repeats nothing of it: it holds no private value.
 3. The reader takes it from the corridor's service key only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import decode_base64url, print_base64url
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.note import Signer
from safeconduct.core.tlog.signature import verify_ed25519

TYP = "safeconduct-refusal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rule 1."""

    aud: str
    leaf: str
    iat: int
    rule: str
    why: str


def sign_refusal(refusal: Refusal, service: Signer) -> str:
    """Rule 1, written."""
    body = print_base64url(canonical(asdict(refusal)))
    message = f"{_header(service.public_key)}.{body}"
    return f"{message}.{print_base64url(service.sign(message.encode('ascii')))}"


def read_refusal(text: str, service_key: bytes, *, where: str = "refusal") -> Refusal:
    """What a refusal says; Disproved where this service did not sign it."""
    parts = text.encode("ascii", "replace").split(b".")
    decoded = [decode_base64url(part) for part in parts]
    if len(parts) != 3 or parts[0].decode("ascii") != _header(service_key) or None in decoded:
        raise Malformed(
            "this is not a refusal of this corridor's service", where=where, next_step="Give it as it came"
        )
    if not verify_ed25519(service_key, b".".join(parts[:2]), decoded[2] or b""):
        raise Disproved(
            "the service did not sign this refusal", where=where, next_step="Trust nothing that it says"
        )
    claims = parse_canonical(decoded[1] or b"", where=where)
    if type(claims) is not dict or {name: type(value) for name, value in claims.items()} != _TYPES:
        raise Malformed("a refusal has other claims", where=where, next_step="Give it as it came")
    return Refusal(**claims)


_TYPES = {"aud": str, "iat": int, "leaf": str, "rule": str, "why": str}


def _header(public_key: bytes) -> str:
    return print_base64url(canonical({"alg": "Ed25519", "kid": thumbprint(public_key), "typ": TYP}))
