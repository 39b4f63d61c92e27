from __future__ import annotations

from typing import Any

import pytest

from safeconduct.core.agreement.founding import SERVICE_HOLDER, Founding
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.note import KeyType
from safeconduct.core.tlog.policy import Policy
from tests.unit.agreement.agreement_samples import (
    FOUNDING,
    LOG,
    MINIMAL,
    ROUTE,
    SEATS,
    WITNESS,
    Desk,
    Key,
    desk,
    founding,
    founding_claims,
    founding_entry,
    patched,
    vkey,
)


def test_a_founding_is_named_by_the_digest_of_its_bytes() -> None:
    entry = founding_entry()
    assert FOUNDING.cor == sha256(entry.text).hex()
    assert FOUNDING.leaf == entry.leaf.hex()
    assert FOUNDING.origin == "log.example"
    assert FOUNDING.guarantor_key == Key("mission").public_key
    assert FOUNDING.service_kid == Key("service").kid
    assert [seat.kid for seat in FOUNDING.seats] == [Key("mission").kid, Key("orva").kid, None]
    assert (FOUNDING.agreement_text, FOUNDING.route_text) == (MINIMAL, ROUTE)
    assert SERVICE_HOLDER == "log/service"


def test_its_policy_has_one_spelling_and_is_one() -> None:
    second = vkey("tessin.example", KeyType.COSIGNATURE)
    policy = founding(witnesses=[str(WITNESS), str(second)], quorum=2).policy()
    assert policy == (
        f"log {LOG}\nwitness orva.example {WITNESS}\nwitness tessin.example {second}\n"
        "group witnesses 2 orva.example tessin.example\nquorum witnesses\n"
    )
    assert Policy.parse(policy.encode()).print() == policy
    alone = founding(witnesses=[], quorum=0).policy()
    assert alone == f"log {LOG}\nquorum none\n"
    assert Policy.parse(alone.encode()).print() == alone


def faults_of(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        founding(**changes)
    return [(fault.rule, str(fault)) for fault in caught.value.faults]


def jwk(name: str) -> dict[str, str]:
    return jwk_of(Key(name).public_key)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"agreement": patched("version = 2\n")}, ["founding.agreement"]),
        ({"agreement": "x = 1"}, ["agreement.unknown_key", *["agreement.missing"] * 7]),
        ({"route": "{}"}, ["route.shape"] * 5 + ["route.properties"] * 3),
        ({"seats": SEATS[:2]}, ["founding.seats"]),
        ({"seats": [SEATS[1], SEATS[0], SEATS[2]]}, ["founding.seats"]),
        ({"seats": [{"seat": "mission", "role": "guarantor"}, *SEATS[1:]]}, ["founding.signer"]),
        ({"seats": [{**SEATS[0], "jwk": jwk("thief")}, *SEATS[1:]]}, ["founding.signer"]),
        ({"seats": SEATS[1:]}, ["founding.seats", "founding.signer"]),
        ({"service": {"jwk": jwk("mission")}}, ["founding.keys"]),
        ({"service": {"jwk": {**jwk("service"), "x": "A" * 43}}}, [""]),
        ({"log": {"origin": "other.example", "vkey": str(LOG)}}, ["founding.keys"]),
        ({"log": {"origin": "log.example", "vkey": str(LOG).replace("+", "+0", 1)[:-1]}}, ["record.schema"]),
        (
            {"log": {"origin": "log.example", "vkey": "log.example+00000000+" + str(LOG).split("+", 2)[2]}},
            [""],
        ),
        (
            {"log": {"origin": WITNESS.name, "vkey": str(WITNESS)}, "witnesses": [], "quorum": 0},
            ["founding.keys"],
        ),
        ({"witnesses": [str(LOG)]}, ["founding.keys", "founding.keys"]),
        ({"quorum": 2}, ["founding.quorum"]),
        ({"quorum": 0}, ["founding.quorum"]),
        ({"witnesses": [], "quorum": 1}, ["founding.quorum"]),
        ({"witnesses": [str(vkey("witnesses", KeyType.COSIGNATURE))]}, ["founding.quorum"]),
        ({"witnesses": [str(vkey(f"w{n}", KeyType.COSIGNATURE)) for n in range(64)]}, ["founding.quorum"]),
    ],
)
def test_each_rule_of_the_founding_is_named(changes: dict[str, Any], rules: list[str]) -> None:
    assert sorted(rule for rule, _ in faults_of(**changes)) == sorted(rules)


def test_the_guarantor_signs_under_its_own_name() -> None:
    entry = Desk(Key("mission"), "orva/root", None).record("founding", founding_claims())
    with pytest.raises(Malformed, match="root did not sign"):
        Founding.parse(entry)


def test_a_founding_that_the_guarantor_did_not_sign_founds_nothing() -> None:
    entry = founding_entry()
    other = founding_entry(nature="replay").text.rpartition(b".")[2]
    forged = parse_entry(entry.text.rpartition(b".")[0] + b"." + other)
    with pytest.raises(Disproved) as caught:
        Founding.parse(forged)
    assert caught.value.rule == "founding.signer"


def test_another_record_is_no_founding() -> None:
    with pytest.raises(Malformed) as caught:
        Founding.parse(desk("orva", "orva/root").record("consent", {"of": "1e" * 32}))
    assert caught.value.rule == "founding.place"
