from __future__ import annotations

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import At, Seen, parse_entry
from tests.unit.record.record_samples import SIGNER, payload_of, salt, sample


def test_each_private_field_has_its_own_salt_and_only_filled_ones_a_disclosure() -> None:
    asked: list[str] = []

    def drawn(name: str) -> bytes:
        asked.append(name)
        return salt(name)

    made = sample("inspection", private={"by": "A. Person", "words": None}, salt=drawn)
    assert asked == ["by", "words", "lines.0.remark"]
    assert len(made.disclosures) == 2


def test_the_optional_parts_of_the_envelope_stand_where_they_belong() -> None:
    seen = Seen(9, "5e" * 32)
    made = sample("entered", seen=seen, at=(3, 5), via="source", corrects="1e" * 32)
    entry = parse_entry(sign(made.payload, SIGNER))
    assert (entry.seen, entry.at) == (seen, At(3, 5, "source"))
    assert entry.payload["corrects"] == "1e" * 32
    assert parse_entry(sign(sample("entered", at=3, via="paper").payload, SIGNER)).at == At(3, 3, "paper")


def test_a_kind_or_field_that_is_not_known_is_named_with_the_nearest() -> None:
    with pytest.raises(Malformed, match="Did you mean 'plate'"):
        sample("entered", private={"plat": "AB 123"})
    with pytest.raises(Malformed, match=r"lines\.0\.remarks .* Did you mean 'remark'"):
        sample("inspection", lines=[({"line": 0, "result": "match"}, {"remarks": "x"})])
    with pytest.raises(Malformed, match="is not a kind"):
        draft("entry", iss="", iat=0, seq=0, prev="", cor=None, agr=1, jti="", salt=salt)


def test_nothing_is_signed_that_would_be_refused() -> None:
    with pytest.raises(Malformed) as caught:
        sign(payload_of(post="North Gate"), SIGNER)
    assert caught.value.rule == "record.schema"
