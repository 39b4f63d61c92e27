from __future__ import annotations

import hashlib
import hmac

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.tag import canonical_value, equality_tag

KEY = bytes(range(32))
COR = "c0" * 32


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("AB 123", "AB123"),
        ("ab-123", "AB123"),
        ("ＡＢ　１２３", "AB123"),  # full width
        ("ab\u00a0123", "AB123"),
        ("ab\u200b\u00ad\u2011\u2013\u2212123", "AB123"),
        ("straße", "STRASSE"),
        ("ŉ", "ʼN"),
        ("ⅳ", "IV"),
        ("кв 77", "КВ77"),
    ],
)
def test_two_spellings_of_one_plate_have_one_canonical_value(written: str, canonical: str) -> None:
    assert canonical_value(written, {}) == canonical


def test_look_alikes_are_folded_after_upper_case() -> None:
    assert canonical_value("ком 0", {"К": "K", "О": "O", "М": "M", "0": "O"}) == "KOMO"


@pytest.mark.parametrize("text", ["", " ", "- –", "\u200b"])
def test_nothing_left_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="nothing is left to compare"):
        canonical_value(text, {}, where="plate")


def test_a_letter_newer_than_unicode_14_has_no_tag_and_a_newer_capital_is_none() -> None:
    with pytest.raises(Malformed, match=r"^plate: U\+16D63 is not in Unicode 14\.0"):
        canonical_value("A\U00016d63", {}, where="plate")
    assert canonical_value("\u0264 1", {}) == "\u02641"


def test_the_tag_is_the_hmac_of_the_length_prefixed_parts() -> None:
    message = b"\x00\x12safeconduct/v1/tag\x00\x40" + COR.encode() + b"\x00\x05plate\x00\x05AB123"
    expected = hmac.digest(KEY, message, hashlib.sha256)[:16].hex()
    assert equality_tag(KEY, COR, "plate", "AB123") == expected


def test_field_and_value_cannot_run_into_each_other() -> None:
    assert equality_tag(KEY, COR, "plat", "eAB") != equality_tag(KEY, COR, "plate", "AB")


def test_a_key_of_another_length_and_a_value_beyond_its_prefix_are_refused() -> None:
    with pytest.raises(Malformed, match="Draw 32 random bytes"):
        equality_tag(KEY[:31], COR, "plate", "AB123")
    with pytest.raises(Malformed, match="too long"):
        equality_tag(KEY, COR, "plate", "A" * 65_536)
