"""Equality tags: that two private values of one passage agree, without the values (RECORD §3).

Rules:
 1. Canonical value: NFKC, upper case, spaces and hyphens out, look-alikes folded by the agreement; NFKC once
    more after upper case and after what goes out, for each may part or join what was one letter or two.
 2. Nothing left is refused: two empty values would agree. So are letters newer than Unicode 14.0, and a letter
    whose capital is newer has none: two readers with other tables would not agree.
 3. Tag: HMAC-SHA256(key, LP("safeconduct/v1/tag") ‖ LP(cor) ‖ LP(field) ‖ LP(value)), its first 16 bytes.
 4. The key is 32 random bytes, one per passage and field.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.letters import capitals, refuse_newer
from safeconduct.core.kernel.spelling import length_prefixed

KEY_BYTES = 32
TAG_BYTES = 16

# Named one by one, so that every language removes the same ones: the white space and the hyphens, dashes and
# zero-width characters that NFKC leaves (no-break and ideographic spaces have become U+0020 by then).
_REMOVED = (
    "\t\n\v\f\r \x85\u1680\u2028\u2029\u200b\u200c\u200d\u2060\ufeff-\xad\u2010\u2012\u2013\u2014\u2015\u2212"
)
_WITHOUT = str.maketrans("", "", _REMOVED)


def canonical_value(text: str, look_alikes: Mapping[str, str], *, where: str = "") -> str:
    """The spelling of `text` under which two people who read one plate agree."""
    refuse_newer(text, where=where)  # 2
    upper = _nfkc(capitals(_nfkc(text)))  # 1
    value = "".join([look_alikes.get(letter, letter) for letter in _nfkc(upper.translate(_WITHOUT))])
    if not value:  # 2
        raise Malformed(
            "nothing is left to compare", where=where, next_step="Write the letters and digits that were read"
        )
    return value


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def equality_tag(key: bytes, cor: str, field: str, value: str) -> str:
    """The tag of a canonical value, hexadecimal."""
    if len(key) != KEY_BYTES:  # 4
        raise Malformed("a tag's key has another length", next_step=f"Draw {KEY_BYTES} random bytes")
    message = _before_value(cor, field) + length_prefixed(value)  # 3
    return hmac.digest(key, message, "sha256")[:TAG_BYTES].hex()


@lru_cache(maxsize=16)
def _before_value(cor: str, field: str) -> bytes:
    """Rule 3: a corridor has few fields and many values."""
    return b"".join(map(length_prefixed, ("safeconduct/v1/tag", cor, field)))
