"""Each rule of the code stands in docs/spec with one accepted and one refused example, and both run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeconduct.core.agreement.rules import FILE_RULES
from safeconduct.core.passage.rules import PERMISSION_RULES
from safeconduct.verify.rules import ALL
from tests.docs.spec_scope import Scope

SPEC = Path(__file__).parents[2] / "docs" / "spec"
BLOCK = re.compile(r"^```python (accepted|refused) ([a-z_.]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RULES = {
    *ALL,
    *(rule.id for rule in PERMISSION_RULES),
    *(rule.id for rule in FILE_RULES if rule.id.startswith("founding.")),
}
"""The rules of the two files themselves have their examples in TOML and JSON: test_spec_agreement.py."""


@dataclass(frozen=True, slots=True)
class Example:
    page: str
    verdict: str
    rule: str
    code: str


def examples() -> Iterator[Example]:
    for page in sorted(SPEC.glob("*.md")):
        for found in BLOCK.finditer(page.read_text()):
            yield Example(page.name, found[1], found[2], found[3])


EXAMPLES = tuple(examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}-{example.verdict}")
def test_an_example_of_the_specification_says_what_the_code_says(example: Example) -> None:
    scope = Scope()
    names = scope.names()
    exec(compile(example.code, f"docs/spec/{example.page}", "exec"), names)  # noqa: S102 - our own pages
    broken = scope.rules(names.get("report"))
    assert (example.rule in broken) == (example.verdict == "refused"), broken


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_has_an_accepted_and_a_refused_example(rule: str) -> None:
    assert {example.verdict for example in EXAMPLES if example.rule == rule} == {"accepted", "refused"}


def test_no_example_is_of_a_rule_that_does_not_exist() -> None:
    assert {example.rule for example in EXAMPLES} <= RULES
