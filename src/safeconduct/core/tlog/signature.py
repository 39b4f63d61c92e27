"""Is this signature one that every verifier accepts? Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204).

Ed25519 libraries disagree on odd inputs, so a hostile signer could split two auditors. Our rule is checked on
the bytes before any library is asked, the same here and in a browser:
 1. The key is 32 bytes: the canonical encoding of a point of the curve that is not of low order.
 2. The signature is 64 bytes: R, then S with S < L (the group order).
 3. R is canonical and not of low order.
 4. The cofactorless equation holds: R = [S]B - [k]A.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

MLDSA44_KEY_BYTES = 1312
MLDSA44_SIGNATURE_BYTES = 2420

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_TOP_OF_L = _L >> 248
_D = -121665 * pow(121666, -1, _P) % _P
_WITHOUT_SIGN = 2**255 - 1
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_LOW_ORDER = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y)
    for sign in (0, 1)
)
"""The eight points of order 1, 2, 4 and 8, and the two with y = ±1 whose sign bit says that 0 is negative."""


def acceptable_key(key: bytes) -> bool:
    """Rule 1."""
    return _verifier(key) is not None


def verify_ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """Rules 1 to 4."""
    verifier = _verifier(key)
    if verifier is None or len(signature) != 64:
        return False
    point = signature[:32]
    # The top byte decides for nearly every signature: below 2**252, and below the last 2**248 of the field.
    if signature[63] >= _TOP_OF_L and int.from_bytes(signature[32:], "little") >= _L:  # 2
        return False
    if point in _LOW_ORDER or (
        point[31] & 0x7F == 0x7F and int.from_bytes(point, "little") & _WITHOUT_SIGN >= _P
    ):  # 3
        return False
    try:
        verifier(signature, message)  # 4
    except InvalidSignature:
        return False
    return True


def verify_mldsa44(key: bytes, message: bytes, signature: bytes) -> bool:
    """Pure ML-DSA-44 with an empty context; FIPS 204 leaves its verifiers nothing to disagree on."""
    if len(key) != MLDSA44_KEY_BYTES or len(signature) != MLDSA44_SIGNATURE_BYTES:
        return False
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=4096)
def _verifier(key: bytes) -> Callable[[bytes, bytes], None] | None:
    """The library's check for an acceptable key; kept, since a log has few keys and many signatures."""
    if len(key) != 32 or key in _LOW_ORDER or not _is_point(int.from_bytes(key, "little") & _WITHOUT_SIGN):
        return None
    return Ed25519PublicKey.from_public_bytes(key).verify


def _is_point(y: int) -> bool:
    """Whether `y` is reduced and belongs to a point: x² = (y² - 1) / (dy² + 1) is a square."""
    square = (y * y - 1) * (_D * y * y + 1)  # a quotient is a square where the product is
    return y < _P and pow(square, (_P - 1) // 2, _P) == 1


class SeedSigner:
    """A private Ed25519 key, given as its 32-byte seed: the same bytes in, the same signature out."""

    __slots__ = ("public_key", "sign")

    def __init__(self, seed: bytes) -> None:
        private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key: bytes = private.public_key().public_bytes_raw()
        self.sign: Callable[[bytes], bytes] = private.sign


def mldsa44_public_key(seed: bytes) -> bytes:
    """The public key that belongs to a 32-byte seed (FIPS 204 §5.1)."""
    return MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
