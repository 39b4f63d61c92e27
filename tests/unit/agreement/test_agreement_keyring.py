"""Who may sign: enrolment, powers, and the roots of the seats."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.core.agreement.founding import SERVICE_HOLDER
from safeconduct.core.agreement.keyring import Keyring
from tests.unit.agreement.agreement_samples import (
    FOUNDING,
    Key,
    desk,
    key_claims,
    root_claims,
)
from tests.unit.agreement.keyring_scene import PASSAGE, Corridor, arrival, corridor, passed, rules_of

__all__ = ["corridor"]


def test_the_founding_enrols_the_roots_of_filled_seats_and_the_service() -> None:
    ring = Keyring(FOUNDING)
    assert ring.holder_of(Key("mission").kid) == "mission/root"
    assert ring.holder_of(Key("service").kid, 1) == SERVICE_HOLDER
    assert ring.roots.keys() == {"mission", "orva"}
    assert ring.holder_of(Key("nobody").kid) is None


def test_an_enrolled_key_may_sign_above_its_enrolment_and_not_before(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    ring, entry = corridor.ring(), arrival(post)
    assert passed(ring, entry, 2) == ()
    assert passed(ring, entry, 1) == ("key.early",)
    assert ring.holder_of(post.key.kid, 1) is None
    assert ring.holder_of(post.key.kid, 2) == "north-gate/post"


def test_a_key_that_nobody_enrolled_is_unknown(corridor: Corridor) -> None:
    assert passed(corridor.ring(), arrival(desk("phone", "north-gate/post")), 5) == ("key.unknown",)


def test_an_issuer_that_differs_in_a_byte_is_another(corridor: Corridor) -> None:
    corridor.enrol(corridor.mission, "phone", "north-gate/post")
    other = desk("phone", "north-gates/post")
    assert passed(corridor.ring(), arrival(other), 2) == ("key.issuer",)


def test_a_role_without_the_power_is_named_and_a_full_issuer_is_exact(corridor: Corridor) -> None:
    ours = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    theirs = corridor.enrol(corridor.orva, "o-officer", "orva/officer")
    leaf = "1e" * 32
    clear = {"declaration": leaf, "valid_from": 1, "valid_until": 2, "conditions": [], "refused": []}
    ring = corridor.ring()
    assert passed(ring, ours.record("pass", clear, psg=PASSAGE), 3) == ()
    assert passed(ring, theirs.record("pass", clear, psg=PASSAGE), 3) == ("key.power",)
    assert passed(ring, arrival(ours), 3) == ("key.power",)


def test_a_post_tells_of_itself_alone_whoever_enrolled_it(corridor: Corridor) -> None:
    ours = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    theirs = corridor.enrol(corridor.orva, "o-phone", "orva/post")
    ring = corridor.ring()
    assert passed(ring, arrival(ours), 3) == ()
    assert passed(ring, arrival(theirs), 3) == ("key.power",)
    assert passed(ring, theirs.record("offered", {"leaf": "1e" * 32}), 3) == ()


@pytest.mark.parametrize(
    ("name", "iss", "evt", "clear", "broken"),
    [
        ("service", SERVICE_HOLDER, "head", {"note": "x"}, ()),
        ("mission", "mission/root", "head", {"note": "x"}, ("key.power",)),
        ("orva", "orva/root", "consent", {"of": FOUNDING.leaf}, ()),
        ("service", SERVICE_HOLDER, "consent", {"of": FOUNDING.leaf}, ("key.power",)),
        ("service", SERVICE_HOLDER, "offered", {"leaf": "1e" * 32}, ()),
    ],
)
def test_who_signs_the_fixed_kinds_is_not_for_the_agreement(
    name: str, iss: str, evt: str, clear: dict[str, Any], broken: tuple[str, ...]
) -> None:
    entry = desk(name, iss).record(evt, clear)
    assert passed(Keyring(FOUNDING), entry, 1) == broken


def test_a_kind_of_a_newer_version_is_not_judged_and_a_second_founding_is() -> None:
    ring = Keyring(FOUNDING)
    orva = Key("orva").kid
    assert ring.may_sign(orva, "meeting", 1, 4, iss="orva/root", seq=0, leaf="") == ()
    mission = Key("mission").kid
    assert ring.may_sign(mission, "founding", 1, 0, iss="mission/root", seq=0, leaf="") == ()
    assert ring.may_sign(mission, "founding", 1, 4, iss="mission/root", seq=4, leaf="") == ("key.power",)


@pytest.mark.parametrize(
    ("by", "holder", "named"),
    [
        ("mission", "north-gate/post", []),
        ("orva", "north-gate/post", ["key.enroller"]),
        ("mission", "mission/officer", []),
        ("orva", "mission/officer", ["key.enroller"]),
        ("mission", "orva/liaison", ["key.enroller"]),
        ("orva", "orva/liaison", []),
        ("orva", "relief-one/declarant", []),
        ("mission", "relief-one/officer", ["key.enroller"]),
        ("mission", "log/service", []),
        ("orva", "log/service", ["key.enroller"]),
    ],
)
def test_each_enrols_its_own_and_the_guarantor_the_posts(
    corridor: Corridor, by: str, holder: str, named: list[str]
) -> None:
    corridor.enrol({"mission": corridor.mission, "orva": corridor.orva}[by], "new", holder)
    ring = corridor.ring()
    assert ring.holder_of(Key("new").kid) == (None if named else holder)
    assert rules_of(ring) == named


def test_whoever_lacks_the_power_enrols_nobody_and_the_record_itself_is_named(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    index, entry = corridor.add(post, "key", key_claims(Key("other"), "relief-one/declarant"))
    ring = corridor.ring()
    assert ring.holder_of(Key("other").kid) is None
    assert passed(ring, entry, index) == ("key.power",)


def test_a_key_has_one_holder_and_must_be_acceptable(corridor: Corridor) -> None:
    corridor.enrol(corridor.mission, "phone", "north-gate/post")
    corridor.enrol(corridor.mission, "phone", "mission/officer")
    bad = {"cnf": {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": "A" * 43}}, "holder": "mission/officer"}
    corridor.add(corridor.mission, "key", bad)
    ring = corridor.ring()
    assert rules_of(ring) == ["key.enroller", "key.enroller"]
    assert ring.holder_of(Key("phone").kid) == "north-gate/post"


# Roots


def test_a_root_is_rotated_by_the_old_with_a_proof_of_the_new(corridor: Corridor) -> None:
    new = Key("orva-2")
    index, entry = corridor.add(
        corridor.orva, "key", root_claims(new, "orva", Key("orva").kid, replaces=Key("orva").kid)
    )
    later = corridor.orva.record("consent", {"of": FOUNDING.leaf})
    ring = corridor.ring()
    assert ring.roots["orva"] == new.kid
    assert passed(ring, entry, index) == ()
    assert passed(ring, later, 9) == ("key.revoked",)
    assert ring.first_prevs(new.kid) == (entry.leaf.hex(),)


@pytest.mark.parametrize(
    "claims",
    [
        key_claims(Key("orva-2"), "orva/root", replaces=Key("orva").kid),
        key_claims(Key("orva-2"), "orva/root", replaces=Key("orva").kid, proof="A" * 86),
        root_claims(Key("orva-2"), "orva", "", replaces=Key("orva").kid),
        root_claims(Key("orva-2"), "orva", Key("orva").kid),
        root_claims(Key("nowhere"), "nowhere"),
    ],
)
def test_a_root_without_its_proof_or_its_seat_is_refused(corridor: Corridor, claims: dict[str, Any]) -> None:
    corridor.add(corridor.orva, "key", claims)
    ring = corridor.ring()
    assert rules_of(ring) == ["key.enroller"]
    assert ring.roots["orva"] == Key("orva").kid


def test_an_empty_seat_is_filled_by_the_guarantor_alone(corridor: Corridor) -> None:
    corridor.add(corridor.orva, "key", root_claims(Key("tessin"), "tessin"))
    assert rules_of(corridor.ring()) == ["key.enroller"]
    corridor.add(corridor.mission, "key", root_claims(Key("tessin"), "tessin"))
    assert corridor.ring().roots["tessin"] == Key("tessin").kid


def test_an_officer_enrols_no_root(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    corridor.add(officer, "key", root_claims(Key("tessin"), "tessin"))
    assert rules_of(corridor.ring()) == ["key.enroller"]


def test_a_lost_root_is_replaced_when_the_consent_rule_is_met(corridor: Corridor) -> None:
    corridor.add(corridor.mission, "key", root_claims(Key("tessin"), "tessin"))
    new = Key("orva-2")
    _, asked = corridor.add(corridor.mission, "key", root_claims(new, "orva", Key("orva").kid))
    assert corridor.ring().roots["orva"] == Key("orva").kid
    assert corridor.ring().missing(asked.leaf.hex()) == ("orva", "tessin")
    tessin = desk("tessin", "tessin/root")
    index, _ = corridor.add(tessin, "consent", {"of": asked.leaf.hex()})
    ring = corridor.ring()
    assert ring.roots["orva"] == new.kid
    before, after = corridor.orva.record("consent", {"of": FOUNDING.leaf}), 9
    assert passed(ring, before, index - 1) == (), "what was logged before stands"
    assert passed(ring, before, after) == ("key.revoked",)
    assert ring.holder_of(new.kid, index) is None


def test_a_root_that_revoked_itself_is_not_good_again_because_it_is_replaced(corridor: Corridor) -> None:
    corridor.add(corridor.mission, "key", root_claims(Key("tessin"), "tessin"))
    good = corridor.orva.record("offered", {"leaf": "1e" * 32})
    bad = corridor.orva.record("offered", {"leaf": "2e" * 32})
    corridor.revoke(corridor.orva, "orva", {"seq": 0, "leaf": good.leaf.hex()})
    _, asked = corridor.add(corridor.mission, "key", root_claims(Key("orva-2"), "orva", Key("orva").kid))
    corridor.add(desk("tessin", "tessin/root"), "consent", {"of": asked.leaf.hex()})
    ring = corridor.ring()
    assert ring.roots["orva"] == Key("orva-2").kid
    assert passed(ring, good, 1) == ()
    assert passed(ring, bad, 1) == ("key.revoked",)
