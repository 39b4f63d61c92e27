from __future__ import annotations

import pytest

from safeconduct.core.agreement.goods import GoodsRule, GoodsRules
from safeconduct.core.agreement.hs import CHAPTERS, HEADINGS, known_heading
from safeconduct.core.agreement.imo import imo_check_digit_fits
from safeconduct.core.agreement.source import Source
from safeconduct.core.agreement.units import UNITS, known_unit

SOURCE = Source("proposed")


def rule(name: str, verdict: str, *codes: str, item: str | None = None) -> GoodsRule:
    return GoodsRule(name, verdict, codes, item, SOURCE)  # type: ignore[arg-type]


ALLOW = GoodsRules(
    "allow",
    (
        rule("arms", "deny", "93"),
        rule("bows", "allow", "9304"),
        rule("fuel", "condition", "2710"),
        rule("nitrate", "deny", "3102", item="ammonium nitrate"),
        rule("spirits", "allow", "2710", item="medical spirits"),
    ),
    SOURCE,
)
DENY = GoodsRules(
    "deny",
    (
        rule("grain", "allow", "10"),
        rule("insulin", "allow", "3004", item="insulin"),
        rule("seed", "deny", "1001", item="seed"),
        rule("known-bad", "deny", "3102", item="nitrate"),
    ),
    SOURCE,
)


@pytest.mark.parametrize(
    ("rules", "code", "outcome", "by"),
    [
        (ALLOW, "0101", "allow", "goods.default"),
        (ALLOW, "9301", "deny", "arms"),
        (ALLOW, "930110", "deny", "arms"),
        (ALLOW, "9304", "allow", "bows"),
        (ALLOW, "2710", "condition", "fuel"),
        (ALLOW, "3102", "condition", "nitrate"),
        (ALLOW, "31", "condition", "nitrate"),
        (ALLOW, "93", "condition", "bows"),
        (ALLOW, "none", "condition", "arms"),
        (ALLOW, "01", "allow", "goods.default"),
        (DENY, "0101", "deny", "goods.default"),
        (DENY, "1005", "allow", "grain"),
        (DENY, "1001", "condition", "seed"),
        (DENY, "3004", "condition", "insulin"),
        (DENY, "3102", "deny", "goods.default"),
        (DENY, "none", "condition", "grain"),
    ],
)
def test_the_nearest_rule_decides_and_what_a_code_cannot_tell_is_a_condition(
    rules: GoodsRules, code: str, outcome: str, by: str
) -> None:
    verdict = rules.verdict(code)
    assert (verdict.outcome, verdict.rule) == (outcome, by)


def test_the_headings_are_those_of_the_list() -> None:
    assert (len(HEADINGS), len(CHAPTERS)) == (1229, 97)
    assert known_heading("1001")
    assert known_heading("100199")
    for code in ("1009", "10", "none", "", "१००१", "10O1"):
        assert not known_heading(code)


def test_the_units_are_the_active_ones() -> None:
    assert len(UNITS) == 1756
    assert known_unit("TNE")
    assert not known_unit("05"), "deleted"
    assert not known_unit("tne")


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("9074729", True),
        ("9422348", False),
        ("9728908", False),
        ("9146874", False),
        ("907472", False),
        ("90747290", False),
        ("९०७४७२९", False),
        ("907472X", False),
    ],
)
def test_an_imo_number_carries_its_check_digit(number: str, fits: bool) -> None:  # noqa: FBT001
    assert imo_check_digit_fits(number) is fits
