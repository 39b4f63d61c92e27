"""Bytes spoilt, lines moved about: by chance, seeded."""

from __future__ import annotations

from random import Random

_ALPHABET = b"AZaz09+/-_=~. \n\t\r\0\x7f\x80\xc3\xff\"'\\{}[],:" + "—".encode()


def spoil(data: bytes, chance: Random) -> bytes:
    """A few bytes replaced, put in, taken out, or exchanged; never the same as before."""
    spoilt = data
    while spoilt == data:
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            at = chance.randrange(max(len(spoilt), 1))
            match chance.randrange(6):
                case 0:
                    flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in spoilt[at : at + 1])
                    spoilt = spoilt[:at] + flipped + spoilt[at + 1 :]
                case 1:
                    spoilt = spoilt[:at] + bytes([chance.choice(_ALPHABET)]) + spoilt[at + 1 :]
                case 2:
                    spoilt = spoilt[:at] + bytes([chance.choice(_ALPHABET)]) + spoilt[at:]
                case 3:
                    spoilt = spoilt[:at] + spoilt[at + chance.choice((1, 1, 2, 32)) :]
                case 4:
                    spoilt = spoilt[:at] + spoilt[at + 1 : at + 2] + spoilt[at : at + 1] + spoilt[at + 2 :]
                case _:
                    spoilt = spoilt[: at + 1]
    return spoilt


def shuffle(data: bytes, chance: Random) -> bytes:
    """A line moved, repeated or dropped: what is left may be good."""
    lines = data.splitlines(keepends=True)
    line = lines.pop(chance.randrange(len(lines)))
    for _ in range(chance.randrange(3)):
        lines.insert(chance.randrange(len(lines) + 1), line)
    return b"".join(lines)
