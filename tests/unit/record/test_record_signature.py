from __future__ import annotations

import hashlib
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.signature import jwk_of, public_key_of, thumbprint
from tests.unit.record.record_samples import SIGNER

GOOD: dict[str, Any] = dict(jwk_of(SIGNER.public_key))


def test_a_key_survives_its_jwk() -> None:
    assert public_key_of(jwk_of(SIGNER.public_key)) == SIGNER.public_key


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    # RFC 8037, appendix A.3
    key = public_key_of({"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_another_library_gives_the_same_thumbprint() -> None:
    assert OKPKey.import_key(GOOD).thumbprint() == thumbprint(SIGNER.public_key)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        "x",
        {},
        {**GOOD, "d": GOOD["x"]},
        {**GOOD, "alg": "Ed25519"},
        {**GOOD, "crv": "X25519"},
        {**GOOD, "kty": "EC"},
        {**GOOD, "x": 1},
        {**GOOD, "x": GOOD["x"] + "="},
        {**GOOD, "x": print_base64url(SIGNER.public_key[:31])},
        {**GOOD, "x": print_base64url(bytes(32))},  # low order
        {**GOOD, "x": print_base64url(b"\x01" + bytes(31))},  # the identity
        {**GOOD, "x": print_base64url(b"\xff" * 32)},  # not canonical
        {**GOOD, "x": print_base64url(hashlib.sha256(b"no point").digest())},  # no point at all
    ],
)
def test_any_other_jwk_is_refused(jwk: Any) -> None:
    with pytest.raises(Malformed, match=r"^here: "):
        public_key_of(jwk, where="here")
