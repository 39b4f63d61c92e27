"""Identifiers that nobody hands out: `jti` (UUIDv7, RFC 9562 §5.7) and passages."""

from __future__ import annotations

from safeconduct.service.ports import Chance


def new_jti(seconds: int, chance: Chance, name: str) -> str:
    """A UUIDv7 of this second: 48 bits of milliseconds, version 7, variant 10, 74 bits of chance."""
    drawn = int.from_bytes(chance.bytes(f"{name}/jti", 10), "big")
    value = (
        max(seconds, 0) * 1000 % 2**48 << 80
        | 7 << 76
        | (drawn >> 62 & 0xFFF) << 64
        | 2 << 62
        | drawn & 2**62 - 1
    )
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def new_passage(chance: Chance, name: str) -> str:
    """16 bytes of chance, in hexadecimal."""
    return chance.bytes(f"{name}/psg", 16).hex()
