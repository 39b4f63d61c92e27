"""Chance from the operating system, and chance that a seed decides, for simulations and replays."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True)
class SystemChance:
    """The operating system's generator."""

    def bytes(self, name: str, n: int) -> bytes:  # noqa: ARG002 - the system needs no names
        """`n` bytes."""
        return secrets.token_bytes(n)


@dataclass(frozen=True, slots=True)
class SeededChance:
    """HMAC-SHA256(seed, name), and for more than 32 bytes HMAC(seed, name ‖ 00 ‖ n) for n = 1, 2 and so on.

    Openly predictable: whoever knows the seed knows every salt. Never for a live corridor.
    """

    seed: bytes

    def bytes(self, name: str, n: int) -> bytes:
        """The first `n` bytes that the seed gives for `name`."""
        made = bytearray(hmac.digest(self.seed, name.encode(), "sha256"))
        blocks = count(1)
        while len(made) < n:
            made += hmac.digest(self.seed, name.encode() + b"\0%d" % next(blocks), "sha256")
        return bytes(made[:n])
