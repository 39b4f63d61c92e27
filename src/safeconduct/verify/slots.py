"""A hash table of record numbers in one flat array: what it is searched by stands in a column of the index."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

NONE = 0xFFFF_FFFF
"""No record: the largest number of four bytes."""

_MIX = 0x9E37_79B9_7F4A_7C15  # odd; spreads what neighbours share over the upper bits
_WORD = 0xFFFF_FFFF_FFFF_FFFF


def words(size: int, code: str = "I", fill: int = NONE) -> array[int]:
    """An array of `size` equal numbers."""
    return array(code, [fill]) * size


class Slots:
    """Record numbers by the value that they have in `column`; several may have the same."""

    __slots__ = ("_column", "_mask", "_shift", "_slots")

    def __init__(self, column: Sequence[int], expected: int) -> None:
        """Room for `expected` numbers, at most two thirds full."""
        bits = max(4, (expected + (expected >> 1)).bit_length())
        self._column = column
        self._slots = words(1 << bits)
        self._mask = (1 << bits) - 1
        self._shift = 64 - bits

    def add(self, number: int) -> bool:
        """Puts a number beside the others of its value; whether there were any."""
        slots, mask, column = self._slots, self._mask, self._column
        value, others = column[number], False
        at = (value * _MIX & _WORD) >> self._shift
        while (found := slots[at]) != NONE:
            others = others or column[found] == value
            at = (at + 1) & mask
        slots[at] = number
        return others

    def having(self, value: int) -> Iterator[int]:
        """The numbers of this value, in the order in which they came."""
        slots, mask, column = self._slots, self._mask, self._column
        at = (value * _MIX & _WORD) >> self._shift
        while (number := slots[at]) != NONE:
            if column[number] == value:
                yield number
            at = (at + 1) & mask

    def replace(self, number: int) -> int:
        """Puts a number in the place of the one of its value, and gives that one; NONE if there was none."""
        slots, mask, column = self._slots, self._mask, self._column
        value = column[number]
        at = (value * _MIX & _WORD) >> self._shift
        while (found := slots[at]) != NONE and column[found] != value:
            at = (at + 1) & mask
        slots[at] = number
        return found
