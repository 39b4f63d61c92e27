from __future__ import annotations

import re

from safeconduct.core.record.finding import Finding
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.rules import LOG_ALONE, RULES, Rule


def test_rule_names_are_distinct_and_have_a_sentence() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", rule.id) and rule.sentence.endswith(".") for rule in RULES)
    assert Rule("a.b", "room", "It holds.").assumption == LOG_ALONE


def test_findings_sort_by_rule_then_place() -> None:
    one, two = (Finding("seen.wrong", (n,), "", "", (), "north-gate/post", LOG_ALONE) for n in (1, 2))
    assert sorted([two, one]) == [one, two]


def test_every_kind_says_what_it_is() -> None:
    assert all(kind.about.endswith(".") for kind in KINDS.values())


def test_every_claim_says_what_to_write() -> None:
    kind = KINDS["entered"]
    assert str(kind.clear["post"]) == "an identifier of a-z, 0-9 and hyphens"
    assert str(kind.clear["people"]) == "a whole number from 0; may be absent"


def test_every_reference_is_a_claim_of_its_kind() -> None:
    for kind in KINDS.values():
        assert set(kind.references) <= kind.clear.keys()
