"""The check digit of an IMO ship number (IMO resolution A.1117(30)): seven digits, the last one computed.

The first six, times 7 to 2, are added up; the last digit of the sum is the seventh. It catches most slips,
not all.
"""

from __future__ import annotations


def imo_check_digit_fits(number: str) -> bool:
    """Whether these seven digits could be an IMO number: 9074729 gives 63 + 0 + 35 + 16 + 21 + 4 = 139."""
    if len(number) != 7 or not (number.isascii() and number.isdigit()):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(range(7, 1, -1), number[:6], strict=True))
    return total % 10 == int(number[6])
