from __future__ import annotations

import hashlib
from typing import Any

import pytest

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.disclosure import (
    Disclosure,
    digest_of,
    digests_in,
    disclose,
    parse_disclosure,
    private_fields,
    reveal,
)
from safeconduct.core.record.draft import sign
from safeconduct.core.record.entry import parse_entry
from tests.unit.record.record_samples import SIGNER, payload_of, sample, spell

SALT = bytes(range(16))


def test_a_disclosure_is_base64url_of_salt_name_and_value() -> None:
    text = disclose(SALT, "AB 123")
    assert text == print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","value","AB 123"]')
    assert parse_disclosure(text) == Disclosure(SALT, "AB 123")


def test_its_digest_is_over_its_own_characters() -> None:
    text = disclose(SALT, 7)
    assert digest_of(text) == print_base64url(hashlib.sha256(text.encode()).digest())


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(Malformed, match="Draw 16 random bytes"):
        disclose(SALT[:15], 1)


@pytest.mark.parametrize("value", [{"_sd": ["A" * 43]}, [1, {"x": [{"...": "A" * 43}]}], {"_sd_alg": "x"}])
def test_a_value_that_would_open_into_another_one_is_refused(value: Any) -> None:
    """An SD-JWT tool opens digests wherever they stand: two readers could be shown two plates."""
    with pytest.raises(Malformed, match="holds another one"):
        disclose(SALT, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "é",
        "\ud800",
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","value","AB 123"]') + "=",
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw", "value","AB 123"]'),
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","plate","AB 123"]'),
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","AB 123"]'),
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODx","value","AB 123"]'),
        print_base64url(b'["AAECAwQFBgcICQoLDA0O","value","AB 123"]'),
        print_base64url(b'[1,"value","AB 123"]'),
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","value",1.5]'),
        print_base64url(b'{"value":1}'),
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","value",{"_sd":["%s"]}]' % (b"A" * 43)),
        print_base64url(b'["AAECAwQFBgcICQoLDA0ODw","value",[{"...":"%s"}]]' % (b"A" * 43)),
        print_base64url(b"\xff"),
    ],
)
def test_any_other_spelling_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_disclosure(text, where="line 3")
    assert caught.value.rule == "disclosures.spelling"
    assert "AB 123" not in str(caught.value)


def test_disclosures_open_the_fields_they_belong_to_in_lines_too() -> None:
    made = sample("declaration", private={"plate": "AB 123", "driver": {"name": "A. Driver"}})
    entry = parse_entry(sign(made.payload, SIGNER))
    assert reveal(entry, made.disclosures) == {
        "plate": "AB 123",
        "driver": {"name": "A. Driver"},
        (0, "description"): "Wheat",
        (0, "consignor"): "Orva Grain",
    }
    assert reveal(entry, ()) == {}


def test_empty_fields_have_digests_like_the_others() -> None:
    made = sample("declaration")
    digests = [digest for _, digest in private_fields(made.payload)]
    assert len(digests) == len(set(digests)) == 7 + 2 * 4
    assert {len(digest) for digest in digests} == {43}


def test_a_disclosure_of_another_value_belongs_to_no_field() -> None:
    made = sample("entered", private={"plate": "AB 123"})
    entry = parse_entry(sign(made.payload, SIGNER))
    with pytest.raises(Malformed) as caught:
        reveal(entry, [disclose(parse_disclosure(made.disclosures[0]).salt, "AB 124")], where="entry 4")
    assert caught.value.rule == "disclosures.false"


def test_digests_are_found_in_the_text_and_nothing_that_only_looks_like_one() -> None:
    looks = '":{"_sd":["' + "A" * 43 + '"]}'
    payload = payload_of("account", **{looks: looks, 'x"': {"_sd": [print_base64url(bytes(32))]}})
    entry = parse_entry(spell(payload))
    found = digests_in(canonical(entry.payload))
    assert sorted(found) == sorted(digest.encode() for _, digest in private_fields(entry.payload))
    assert print_base64url(bytes(32)).encode() in found
