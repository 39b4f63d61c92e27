"""Amendments: which version is in force, who consented."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.core.agreement.enrolment import consents_in_words
from safeconduct.core.agreement.keyring import Keyring
from tests.unit.agreement.agreement_samples import (
    FOUNDING,
    MINIMAL,
    ROUTE,
    founding,
    patched,
)
from tests.unit.agreement.keyring_scene import PASSAGE, Corridor, arrival, corridor, passed, rules_of

__all__ = ["corridor"]


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
