"""Each rule of the files stands on its page with an accepted and a refused example, and both run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safeconduct.core.agreement.fit import require_fit
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.agreement.rules import FILE_RULES
from safeconduct.core.kernel.errors import Malformed
from tests.unit.agreement.agreement_samples import MINIMAL, ROUTE, patched

PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "agreement.md").read_text()
SURVEYED = ROUTE.replace('"schematic":true', '"schematic":false')
EXAMPLES = re.findall(r"(?ms)^```(toml|json) (accepted|refused) ([a-z_.]+)\n(.*?)^```$", PAGE)


def spelled_out(block: str) -> str:
    """`⟨U+202E⟩` as that character, a line that ends in `(× 300)` as often."""
    block = re.sub(r"⟨U\+([0-9A-F]{4})⟩", lambda found: chr(int(found[1], 16)), block)
    return re.sub(r"(?m)^(.*) \(× ([0-9]+)\)$\n", lambda found: f"{found[1]}\n" * int(found[2]), block)


def rules_broken(language: str, block: str) -> set[str]:
    text = spelled_out(block)
    try:
        if language == "json":
            parse_route(text)
        else:
            agreement = patched(text)
            parse_agreement(agreement)
            require_fit(agreement, SURVEYED)
    except Malformed as error:
        return {fault.rule for fault in error.faults}
    return set()


@pytest.mark.parametrize(
    ("language", "verdict", "rule", "block"),
    EXAMPLES,
    ids=[f"{rule}-{verdict}" for _, verdict, rule, _ in EXAMPLES],
)
def test_an_example_of_the_page_says_what_the_code_says(
    language: str, verdict: str, rule: str, block: str
) -> None:
    assert rules_broken(language, block) == ({rule} if verdict == "refused" else set())


@pytest.mark.parametrize("rule", [rule.id for rule in FILE_RULES if not rule.id.startswith("founding.")])
def test_each_rule_of_the_files_is_on_the_page(rule: str) -> None:
    assert {verdict for _, verdict, name, _ in EXAMPLES if name == rule} == {"accepted", "refused"}


def test_the_smallest_agreement_of_the_page_is_the_one_that_the_examples_change() -> None:
    found = re.search(r"(?ms)^```toml minimal\n(.*?)^```$", PAGE)
    assert found is not None
    assert found[1] == MINIMAL
