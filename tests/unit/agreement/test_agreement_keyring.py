from __future__ import annotations

from typing import Any

import pytest

from safeconduct.core.agreement.enrolment import consents_in_words
from safeconduct.core.agreement.founding import SERVICE_HOLDER
from safeconduct.core.agreement.govern import keyring_of
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.record.entry import Entry
from tests.unit.agreement.agreement_samples import (
    FOUNDING,
    MINIMAL,
    ROUTE,
    Desk,
    Key,
    Log,
    desk,
    founding,
    key_claims,
    patched,
    root_claims,
)

PASSAGE = "a5" * 16


class Corridor:
    """A log of governing records, with the desks that write into it."""

    def __init__(self) -> None:
        self.log = Log()
        self.mission = desk("mission", "mission/root")
        self.mission.seq, self.mission.prev = 1, FOUNDING.leaf
        self.orva = desk("orva", "orva/root")

    def add(self, who: Desk, evt: str, clear: dict[str, Any], **claims: Any) -> tuple[int, Entry]:
        entry = who.record(evt, clear, **claims)
        return self.log.add(entry), entry

    def enrol(self, by: Desk, name: str, holder: str, **more: Any) -> Desk:
        self.add(by, "key", key_claims(Key(name), holder, **more))
        return desk(name, holder)

    def revoke(self, by: Desk, name: str, last: dict[str, Any] | None, reason: str = "lost") -> str:
        clear = {"kid": Key(name).kid, "last": last, "reason": reason}
        return self.add(by, "revocation", clear)[1].leaf.hex()

    def ring(self) -> Keyring:
        return keyring_of(FOUNDING, self.log.entries)


def rules_of(ring: Keyring) -> list[str]:
    return [finding.rule for finding in ring.findings]


def passed(ring: Keyring, entry: Entry, index: int, seen: int | None = None) -> tuple[str, ...]:
    return ring.broken_by(entry, index, seen=seen)


@pytest.fixture
def corridor() -> Corridor:
    return Corridor()


def arrival(who: Desk, **claims: Any) -> Entry:
    clear = {"post": "north-gate", "direction": "in", "class": "relief"}
    return who.record("arrival", clear, psg=PASSAGE, **claims)


def test_the_founding_enrols_the_roots_of_filled_seats_and_the_service() -> None:
    ring = Keyring(FOUNDING)
    assert ring.holder_of(Key("mission").kid) == "mission/root"
    assert ring.holder_of(Key("service").kid, 1) == SERVICE_HOLDER
    assert ring.roots.keys() == {"mission", "orva"}
    assert ring.holder_of(Key("nobody").kid) is None
    assert ring.policy() == FOUNDING.policy()


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
    assert ring.may_sign(orva, "lapse", 1, 4, iss="orva/root", seq=0, leaf="") == ()
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


# Revocation


def test_the_last_good_record_stands_and_what_comes_later_does_not(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    good, bad = arrival(post), arrival(post)
    corridor.revoke(corridor.mission, "phone", {"seq": good.seq, "leaf": good.leaf.hex()})
    ring = corridor.ring()
    assert passed(ring, good, 9) == ()
    assert passed(ring, bad, 9) == ("key.revoked",)
    assert passed(ring, bad, 2) == ("key.revoked",), "logged before, but past the last good one"
    revocation = ring.revoked_by(post.key.kid, seq=1, leaf=bad.leaf.hex(), index=2)
    assert revocation is not None
    assert revocation.last == (0, good.leaf.hex())
    assert not ring.is_revoked(Key("orva").kid)


def test_a_thief_who_logs_first_under_the_last_good_number_is_past_it(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    thief = desk("m-officer", "mission/officer")
    corridor.add(thief, "key", key_claims(Key("thief's"), "relief-one/declarant"))
    good = officer.record("offered", {"leaf": "1e" * 32})
    corridor.revoke(corridor.mission, "m-officer", {"seq": 0, "leaf": good.leaf.hex()})
    ring = corridor.ring()
    assert passed(ring, good, 3) == ()
    assert passed(ring, corridor.log.entries[1][1], 2) == ("key.revoked",)
    assert ring.holder_of(Key("thief's").kid) is None, "what it governed with has no effect either"


def test_an_earlier_record_that_comes_in_late_needs_to_be_admitted(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    early, good = arrival(post), arrival(post)
    corridor.revoke(corridor.mission, "phone", {"seq": good.seq, "leaf": good.leaf.hex()})
    assert passed(corridor.ring(), early, 9) == ("key.revoked",)
    assert passed(corridor.ring(), early, 1) == ("key.early",)
    claims = {"of": early.leaf.hex(), "admits": True}
    corridor.add(corridor.orva, "correction", claims)
    assert passed(corridor.ring(), early, 9) == ("key.revoked",), "not by somebody else"
    corridor.add(corridor.mission, "correction", claims)
    assert passed(corridor.ring(), early, 9) == ()


def test_an_ordinary_correction_admits_nothing(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    entry = arrival(post)
    corridor.revoke(corridor.mission, "phone", None)
    corridor.add(corridor.mission, "correction", {"of": entry.leaf.hex()})
    assert passed(corridor.ring(), entry, 9) == ("key.revoked",)


def test_another_of_the_seat_may_admit_too(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    entry = arrival(post)
    corridor.revoke(officer, "phone", None)
    corridor.add(officer, "correction", {"of": entry.leaf.hex(), "admits": True})
    assert passed(corridor.ring(), entry, 9) == ()


def test_only_who_may_enrol_the_holder_revokes_and_a_root_only_itself(corridor: Corridor) -> None:
    corridor.enrol(corridor.mission, "phone", "north-gate/post")
    corridor.revoke(corridor.orva, "phone", None)
    corridor.revoke(corridor.mission, "orva", None)
    corridor.revoke(corridor.mission, "nobody", None)
    ring = corridor.ring()
    assert rules_of(ring) == ["key.enroller"] * 3
    assert not ring.revocations
    corridor.revoke(corridor.orva, "orva", {"seq": 0, "leaf": "1e" * 32})
    assert corridor.ring().is_revoked(Key("orva").kid)


def test_a_second_revocation_may_only_reach_further_back(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    first, second = (arrival(post), arrival(post))
    lasts = [{"seq": entry.seq, "leaf": entry.leaf.hex()} for entry in (first, second)]
    corridor.revoke(corridor.mission, "phone", lasts[0])
    corridor.revoke(corridor.mission, "phone", lasts[1])
    assert passed(corridor.ring(), first, 2) == ()
    assert passed(corridor.ring(), second, 2) == ("key.revoked",)
    assert corridor.ring().last_good(first.kid) == first.seq
    corridor.revoke(corridor.mission, "phone", None)
    corridor.revoke(corridor.mission, "phone", lasts[0])
    assert passed(corridor.ring(), first, 2) == ("key.revoked",)
    assert corridor.ring().last_good(first.kid) == -1
    assert corridor.ring().last_good(Key("orva").kid) is None


def test_what_came_after_the_first_revocation_stays_revoked_after_the_second(corridor: Corridor) -> None:
    post, copied = (
        corridor.enrol(corridor.mission, "phone", "north-gate/post"),
        desk("phone", "north-gate/post"),
    )
    first, second = (arrival(post), arrival(post))
    corridor.revoke(corridor.mission, "phone", {"seq": 1, "leaf": second.leaf.hex()})
    between = arrival(copied)
    index = corridor.log.add(between)
    corridor.revoke(corridor.mission, "phone", {"seq": 0, "leaf": first.leaf.hex()})
    assert passed(corridor.ring(), between, index) == ("key.revoked",)


def test_a_key_stolen_before_it_enrolled_another_takes_the_other_with_it(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    good = officer.record("offered", {"leaf": "1e" * 32})
    stolen = corridor.enrol(officer, "phone", "north-gate/post")
    corridor.revoke(corridor.mission, "m-officer", {"seq": good.seq, "leaf": good.leaf.hex()})
    ring = corridor.ring()
    assert ring.holder_of(stolen.key.kid) is None
    assert passed(ring, arrival(stolen), 9) == ("key.unknown",)
    assert passed(ring, corridor.log.entries[1][1], 2) == ("key.revoked",)


def test_what_a_stolen_key_revoked_stands_again_when_it_is_revoked_itself(corridor: Corridor) -> None:
    thief = corridor.enrol(corridor.mission, "thief", "mission/officer")
    honest = corridor.enrol(corridor.mission, "honest", "mission/officer")
    corridor.enrol(honest, "phone", "north-gate/post")
    corridor.revoke(thief, "honest", None)
    assert corridor.ring().holder_of(Key("phone").kid) is None
    corridor.revoke(corridor.mission, "thief", None)
    ring = corridor.ring()
    assert ring.holder_of(Key("phone").kid) == "north-gate/post"
    assert not ring.is_revoked(honest.key.kid)


def test_a_replacement_starts_at_the_leaf_that_the_revocation_names(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    good = arrival(post)
    corridor.revoke(corridor.mission, "phone", {"seq": 0, "leaf": good.leaf.hex()})
    corridor.enrol(corridor.mission, "phone-2", "north-gate/post", replaces=post.key.kid)
    corridor.enrol(corridor.mission, "phone-3", "north-gate/post", replaces=Key("nobody").kid)
    ring = corridor.ring()
    assert ring.first_prevs(Key("phone-2").kid) == (good.leaf.hex(),)
    assert ring.first_prevs(Key("phone-3").kid) == ("",)
    assert ring.first_prevs(Key("phone").kid) == ("",)
    assert ring.first_prevs(Key("nobody").kid) == ("",)


def test_a_replacement_keeps_the_start_that_was_right_when_it_began(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    first, second = (arrival(post).leaf.hex(), arrival(post).leaf.hex())
    corridor.enrol(corridor.mission, "phone-2", "north-gate/post", replaces=post.key.kid)
    corridor.revoke(corridor.mission, "phone", {"seq": 1, "leaf": second})
    corridor.enrol(corridor.mission, "phone-3", "north-gate/post", replaces=post.key.kid)
    corridor.revoke(corridor.mission, "phone", {"seq": 0, "leaf": first})
    ring = corridor.ring()
    assert ring.first_prevs(Key("phone-2").kid) == ("", second, first), "it was there before"
    assert ring.first_prevs(Key("phone-3").kid) == (second, first)


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


# Versions and consent

SECOND = patched("version = 2\n")


def amendment(text: str = SECOND, version: int = 2) -> dict[str, Any]:
    return {"agreement": text, "route": ROUTE, "version": version}


def test_an_amendment_is_in_force_when_enough_have_signed(corridor: Corridor) -> None:
    _, asked = corridor.add(corridor.mission, "amendment", amendment())
    ring = corridor.ring()
    assert ring.version.agreement.version == 1
    assert ring.missing(asked.leaf.hex()) == ("orva", "tessin")
    assert ring.agreement_of(2) is None
    index, _ = corridor.add(corridor.orva, "consent", {"of": asked.leaf.hex()})
    ring = corridor.ring()
    assert (index, ring.version.agreement.version) == (2, 2)
    assert ring.missing(asked.leaf.hex()) == ()
    assert ring.version_at(2).agreement.version == 1
    assert ring.version_at(3).agreement.version == 2
    agreement = ring.agreement_of(2)
    assert agreement is not None
    assert agreement.version == 2


def test_a_record_cites_the_version_in_the_prefix_that_it_saw(corridor: Corridor) -> None:
    _, asked = corridor.add(corridor.mission, "amendment", amendment())
    corridor.add(corridor.orva, "consent", {"of": asked.leaf.hex()})
    ring = corridor.ring()
    first = corridor.orva.record("offered", {"leaf": "1e" * 32}, agr=1)
    second = corridor.orva.record("offered", {"leaf": "1e" * 32}, agr=2)
    third = corridor.orva.record("offered", {"leaf": "1e" * 32}, agr=3)
    assert passed(ring, first, 9, seen=2) == ()
    assert passed(ring, second, 9, seen=2) == ("agreement.version",)
    assert passed(ring, second, 9, seen=3) == ()
    assert passed(ring, first, 9, seen=3) == ("agreement.version",)
    assert passed(ring, first, 9) == (), "without seen, any that was in force before"
    assert passed(ring, second, 9) == ()
    assert passed(ring, second, 2) == ("agreement.version",)
    assert passed(ring, third, 9) == ("agreement.version",)


def test_powers_are_those_of_the_version_that_a_record_cites(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    narrower = patched('version = 2\n[powers]\npass = ["mission/officer"]\nsource = { from = "proposed" }\n')
    _, asked = corridor.add(corridor.mission, "amendment", amendment(narrower))
    corridor.add(corridor.orva, "consent", {"of": asked.leaf.hex()})
    ring = corridor.ring()
    assert passed(ring, arrival(post, agr=1), 9) == ()
    assert passed(ring, arrival(post, agr=2), 9) == ("key.power",)


def test_a_version_gives_no_power_before_it_is_in_force(corridor: Corridor) -> None:
    agency = corridor.enrol(corridor.mission, "agency", "relief-one/declarant")
    wider = patched('version = 2\n[powers]\npass = ["declarant"]\nsource = { from = "proposed" }\n')
    _, asked = corridor.add(corridor.mission, "amendment", amendment(wider))
    corridor.add(corridor.orva, "consent", {"of": asked.leaf.hex()})
    clear = {"declaration": "1e" * 32, "valid_from": 1, "valid_until": 2, "conditions": [], "refused": []}
    given = agency.record("pass", clear, psg=PASSAGE, agr=2)
    ring = corridor.ring()
    assert passed(ring, given, 3) == ("key.power", "agreement.version")
    assert passed(ring, given, 4) == ()


def test_an_amendment_cannot_lower_the_bar_that_it_must_pass(corridor: Corridor) -> None:
    alone = '[consent]\nneeded = 1\nof = ["mission"]\nsource = { from = "proposed" }\n'
    corridor.add(corridor.mission, "amendment", amendment(patched(f"version = 2\n{alone}")))
    assert corridor.ring().version.agreement.version == 1


def test_an_officer_may_propose_and_consents_by_that_to_nothing(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    _, asked = corridor.add(officer, "amendment", amendment())
    corridor.add(corridor.orva, "consent", {"of": asked.leaf.hex()})
    assert corridor.ring().missing(asked.leaf.hex()) == ("mission", "tessin")


@pytest.mark.parametrize(
    ("clear", "found"),
    [
        (amendment("no toml"), "agreement and a route"),
        (amendment(MINIMAL, 1), "above 1"),
        (amendment(SECOND, 3), "the same"),
    ],
)
def test_an_amendment_that_is_none_is_named(corridor: Corridor, clear: dict[str, Any], found: str) -> None:
    corridor.add(corridor.mission, "amendment", clear)
    ring = corridor.ring()
    assert rules_of(ring) == ["agreement.amendment"]
    assert found in ring.findings[0].expected


def test_of_two_versions_with_one_number_the_first_to_be_met_counts(corridor: Corridor) -> None:
    other = patched('version = 2\ntitle = "Another"\n')
    _, first = corridor.add(corridor.mission, "amendment", amendment())
    _, second = corridor.add(corridor.mission, "amendment", amendment(other))
    corridor.add(corridor.orva, "consent", {"of": second.leaf.hex()})
    corridor.add(corridor.orva, "consent", {"of": first.leaf.hex()})
    ring = corridor.ring()
    assert ring.version.agreement.title == "Another"
    assert ring.proposals[first.leaf.hex()].in_force_from is None


def words(ring: Keyring, leaf: str | None = None) -> dict[str, str]:
    return {one.seat: one.state for one in ring.consents(leaf)}


def test_everybody_sees_who_consented_refused_withdrew_or_was_silent(corridor: Corridor) -> None:
    assert words(corridor.ring()) == {"mission": "consented", "orva": "silent", "tessin": "empty"}
    _, consent = corridor.add(corridor.orva, "consent", {"of": FOUNDING.leaf})
    assert words(corridor.ring())["orva"] == "consented"
    corridor.add(corridor.mission, "withdrawal", {}, withdraws=consent.leaf.hex())
    assert words(corridor.ring())["orva"] == "consented", "only its own"
    corridor.add(corridor.orva, "withdrawal", {}, withdraws="1e" * 32)
    corridor.add(corridor.orva, "withdrawal", {}, withdraws=consent.leaf.hex())
    assert words(corridor.ring())["orva"] == "withdrawn"
    corridor.add(corridor.orva, "refusal", {"of": FOUNDING.leaf, "reason": "no-time"})
    ring = corridor.ring()
    assert words(ring)["orva"] == "refused"
    assert consents_in_words(ring.consents()) == (
        "The mission (guarantor): consented by record 0",
        "Orva (party): refused by record 5, reason no-time",
        "Tessin (party): empty seat",
    )


def test_a_consent_to_nothing_is_named(corridor: Corridor) -> None:
    corridor.add(corridor.orva, "consent", {"of": "1e" * 32})
    assert rules_of(corridor.ring()) == ["agreement.consent_to"]


def test_a_founding_by_the_guarantor_alone_says_whose_consent_is_missing() -> None:
    ring = Keyring(founding())
    assert ring.missing(FOUNDING.leaf) == ("orva", "tessin")
    assert ring.version.agreement.consent.missing(["mission", "orva"]) == ()


def test_the_fold_ends_whatever_revokes_whatever(corridor: Corridor) -> None:
    officers = [corridor.enrol(corridor.mission, f"o{n}", "mission/officer") for n in range(3)]
    for by, target in ((0, 1), (1, 2), (2, 0), (1, 0), (0, 2)):
        corridor.revoke(officers[by], f"o{target}", None)
    corridor.revoke(corridor.mission, "o0", None)
    assert isinstance(corridor.ring(), Keyring)
