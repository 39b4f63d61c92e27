"""One spelling for what is signed: decimals, hexadecimal, base64, length-prefixed strings.

Every reader has its printer beside it and refuses what the printer would not have written: `int()` takes
`+1`, ` 1`, `1_0` and `١`; `b64decode` drops junk and ignores set trailing bits. Two readers that disagree on
one spelling are two records.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from safeconduct.core.kernel.errors import Malformed

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2)."""

_DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


def parse_decimal(text: str, *, where: str = "", below: int = 2**63) -> int:
    """The number that `text` spells: ASCII digits, no sign, no leading zero, less than `below`."""
    if not _DECIMAL.fullmatch(text) or len(text) > 19 or int(text) >= below:
        raise Malformed(
            f"{text[:40]!r} is not a number",
            where=where,
            next_step="Write digits only, without leading zeros",
        )
    return int(text)


def parse_hex(text: str, *, length: int, where: str = "") -> bytes:
    """`length` bytes in lower-case hexadecimal."""
    if len(text) != 2 * length or not _HEX.fullmatch(text):
        raise Malformed(
            f"{text[:80]!r} is not {length} bytes in hexadecimal",
            where=where,
            next_step=f"Write {2 * length} of 0-9a-f",
        )
    return bytes.fromhex(text)


def print_base64(value: bytes) -> str:
    """Standard alphabet, padded (RFC 4648 §4)."""
    return base64.b64encode(value).decode("ascii")


def parse_base64(text: str, *, where: str = "") -> bytes:
    """The bytes that `text` spells in the standard alphabet, padded and canonical."""
    try:
        value = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        value = None
    if value is None or print_base64(value) != text:
        raise Malformed(
            "this is not canonical base64", where=where, next_step="Write standard base64 with padding"
        )
    return value


def print_base64url(value: bytes) -> str:
    """URL alphabet, unpadded (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def parse_base64url(text: str, *, where: str = "") -> bytes:
    """The bytes that `text` spells in the URL alphabet, unpadded and canonical."""
    padded = text.translate(_TO_STANDARD) + "=" * (-len(text) % 4)
    try:
        value = binascii.a2b_base64(padded.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        value = None
    if value is None or print_base64url(value) != text:
        raise Malformed(
            "this is not canonical base64url", where=where, next_step="Write base64url without padding"
        )
    return value


_TO_STANDARD = str.maketrans({"-": "+", "_": "/", "+": "!", "/": "!"})


def length_prefixed(text: str) -> bytes:
    """`LP(s)`: u16 big-endian byte length, then the UTF-8 bytes (RECORD, head)."""
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def sha256(value: bytes) -> bytes:
    """SHA-256, 32 bytes (FIPS 180-4)."""
    return hashlib.sha256(value).digest()
