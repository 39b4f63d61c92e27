"""Keys as records name them: JWK (RFC 8037) and its thumbprint (RFC 7638). Verification is the log's.

Rules:
 1. A key is `{"crv":"Ed25519","kty":"OKP","x":…}`, exactly: a private part or an `alg` beside it is refused.
 2. `x` is canonical base64url of 32 bytes that the acceptance rule allows: canonical, not of low order.
 3. A key's name, `kid`, is base64url of the SHA-256 of that object in JCS: it vouches for itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_base64url, print_base64url, sha256
from safeconduct.core.tlog.note import Signer
from safeconduct.core.tlog.signature import acceptable_key

__all__ = ["Signer", "jwk_of", "public_key_of", "thumbprint"]

_MEMBERS = {"crv", "kty", "x"}


def jwk_of(public_key: bytes) -> dict[str, str]:
    """The JWK of a public key."""
    return {"crv": "Ed25519", "kty": "OKP", "x": print_base64url(public_key)}


def public_key_of(jwk: Any, *, where: str = "") -> bytes:
    """The 32 bytes of a JWK; refuses every other spelling and every key that is not acceptable."""
    hint = 'Write {"crv":"Ed25519","kty":"OKP","x":"…"} and nothing else'
    if type(jwk) is not dict or jwk.keys() != _MEMBERS or type(jwk["x"]) is not str:  # 1
        raise Malformed("this is not an Ed25519 JWK", where=where, next_step=hint)
    if jwk["crv"] != "Ed25519" or jwk["kty"] != "OKP":  # 1
        raise Malformed("this is not an Ed25519 JWK", where=where, next_step=hint)
    key = parse_base64url(jwk["x"], where=where)
    if not acceptable_key(key):  # 2
        raise Malformed("this key is not acceptable", where=where, next_step="Make a new key pair")
    return key


@lru_cache(maxsize=65536)
def thumbprint(public_key: bytes) -> str:
    """The `kid` of a public key."""
    return print_base64url(sha256(canonical(jwk_of(public_key))))  # 3
