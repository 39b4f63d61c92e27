from __future__ import annotations

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import (
    decode_base64url,
    length_prefixed,
    parse_base64,
    parse_base64url,
    parse_decimal,
    parse_hex,
    print_base64,
    print_base64url,
    sha256,
)


def test_decimals_are_ascii_digits_without_leading_zeros() -> None:
    assert [parse_decimal(text) for text in ("0", "7", "9223372036854775807")] == [0, 7, 2**63 - 1]
    for text in ("", "01", "+1", "-1", " 1", "1_0", "١", "1\n", "9223372036854775808", "1" * 5000):
        with pytest.raises(Malformed, match="is not a number"):
            parse_decimal(text)
    with pytest.raises(Malformed, match="is not a number"):
        parse_decimal("256", below=256)


def test_hexadecimal_is_lower_case_and_of_its_length() -> None:
    assert parse_hex("00ff", length=2) == b"\x00\xff"
    for text in ("", "00FF", "00f", "00ffff", "0x00", "00fg", "٠٠ff"):
        with pytest.raises(Malformed, match="is not 2 bytes in hexadecimal"):
            parse_hex(text, length=2)


def test_base64_is_padded_and_canonical() -> None:
    for value in (b"", b"\xfb", b"\xfb\xff", b"\xfb\xff\xbf"):
        assert parse_base64(print_base64(value)) == value
    for text in ("+w", "+x==", "-w==", "+w==\n", " +w==", "+w==+w==", "=", "+w=", "é"):
        with pytest.raises(Malformed, match="not canonical base64"):
            parse_base64(text)


def test_base64url_is_unpadded_and_canonical() -> None:
    for value in (b"", b"\xfb", b"\xfb\xff", b"\xfb\xff\xbf"):
        assert parse_base64url(print_base64url(value)) == value
        assert decode_base64url(print_base64url(value).encode()) == value
    for text in ("-w==", "-x", "+w", "/w", "-", "-w\n", " -w", "-w=", "é", "\ud800", "-w!", "AAAAA"):
        with pytest.raises(Malformed, match="not canonical base64url"):
            parse_base64url(text)


def test_a_length_prefix_counts_bytes() -> None:
    assert length_prefixed("é") == b"\x00\x02\xc3\xa9"
    assert length_prefixed("x" * 65_535)[:2] == b"\xff\xff"
    with pytest.raises(Malformed, match="too long"):
        length_prefixed("x" * 65_536)
    with pytest.raises(Malformed, match="half a character"):
        length_prefixed("\ud800")


def test_sha256_is_that_of_fips_180_4() -> None:
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
