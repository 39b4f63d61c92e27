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
from typing import NamedTuple

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
    return encode_base64url(value).decode("ascii")


def encode_base64url(value: bytes) -> bytes:
    """The same in bytes, for where much is written."""
    return binascii.b2a_base64(value, newline=False).translate(_TO_URL, b"=")


def parse_base64url(text: str, *, where: str = "") -> bytes:
    """The bytes that `text` spells in the URL alphabet, unpadded and canonical."""
    value = decode_base64url(text.encode("utf-8", "replace"))
    if value is None:
        raise Malformed(
            "this is not canonical base64url", where=where, next_step="Write base64url without padding"
        )
    return value


def decode_base64url(data: bytes) -> bytes | None:
    """The same on bytes, for where much is read: None instead of an error."""
    padding = _PADDING[len(data) % 4]
    if data[-1:] not in padding.last:  # a set bit that no byte holds; the decoder ignores it
        return None
    try:
        return binascii.a2b_base64(data.translate(_TO_STANDARD) + padding.text, strict_mode=True)
    except binascii.Error:
        return None


class _Padding(NamedTuple):
    """What follows so many digits beyond whole groups of four, and which digits can be the last of them."""

    text: bytes
    last: bytes


_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PADDING = (
    _Padding(b"", _DIGITS),
    _Padding(b"===", b""),  # one digit is six bits: no byte
    _Padding(b"==", _DIGITS[::16]),
    _Padding(b"=", _DIGITS[::4]),
)
_TO_URL = bytes.maketrans(b"+/", b"-_")
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")


def length_prefixed(text: str, *, where: str = "") -> bytes:
    """`LP(s)`: u16 big-endian byte length, then the UTF-8 bytes (RECORD, head)."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        hint = "Remove the lone surrogate"
        raise Malformed("a string holds half a character", where=where, next_step=hint) from error
    if len(encoded) > 0xFFFF:
        raise Malformed("a string is too long", where=where, next_step="Keep it below 65536 bytes")
    return len(encoded).to_bytes(2, "big") + encoded


def sha256(value: bytes) -> bytes:
    """SHA-256, 32 bytes (FIPS 180-4)."""
    return hashlib.sha256(value).digest()
