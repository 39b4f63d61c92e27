"""Anyone's JOSE and SD-JWT tools accept our records (RECORD §1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from sd_jwt.verifier import JWK, SDJWTVerifier

from safeconduct.core.record.draft import sign
from safeconduct.core.record.entry import TYP
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.signature import jwk_of
from tests.unit.record.record_samples import SIGNER, sample


def every_private_field(evt: str) -> dict[str, str]:
    return {name: f"value of {name}" for name in KINDS[evt].private}


@pytest.mark.parametrize("evt", KINDS)
def test_joserfc_verifies_a_record_of_every_kind(evt: str) -> None:
    payload = sample(evt).payload
    key = OKPKey.import_key({**jwk_of(SIGNER.public_key)})
    found = jws.deserialize_compact(sign(payload, SIGNER), key, algorithms=["Ed25519"])
    assert json.loads(found.payload) == payload
    assert found.headers()["typ"] == TYP


@pytest.mark.parametrize("evt", KINDS)
def test_sd_jwt_opens_every_private_field_of_every_kind(evt: str) -> None:
    made = sample(evt, private=every_private_field(evt))
    presented = "~".join((sign(made.payload, SIGNER).decode(), *made.disclosures, ""))
    key = JWK(**jwk_of(SIGNER.public_key))

    def issuer_key(_issuer: str, _header: dict[str, Any]) -> JWK:
        return key

    opened = SDJWTVerifier(presented, issuer_key).get_verified_payload()
    for name, value in every_private_field(evt).items():
        assert opened[name] == {"value": value}
    clear = {name: value for name, value in made.payload.items() if name not in ("_sd_alg", "lines")}
    assert {name: opened[name] for name in clear if name not in KINDS[evt].private} == {
        name: value for name, value in clear.items() if name not in KINDS[evt].private
    }
    if evt == "declaration":
        assert opened["lines"][0]["description"] == {"value": "Wheat"}
