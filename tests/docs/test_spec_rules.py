"""Each rule of the code stands in docs/spec with one accepted and one refused example, and both run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.record.disclosure import disclose
from safeconduct.core.tlog.tiles import Tile, pack_bundle, split_bundle
from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report
from safeconduct.verify.rules import ALL

SPEC = Path(__file__).parents[2] / "docs" / "spec"
BLOCK = re.compile(r"^```python (accepted|refused) ([a-z_.]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ELSEWHERE = ("agreement.format.", "goods.format.")  # rules of the agreement's text: test_spec_agreement.py


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
IN_SCOPE = {
    "Tile": Tile,
    "canonical": canonical,
    "disclose": disclose,
    "json": json,
    "pack_bundle": pack_bundle,
    "split_bundle": split_bundle,
}
"""What an example may use beside `stage`."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}-{example.verdict}")
def test_an_example_of_the_specification_says_what_the_auditor_says(example: Example) -> None:
    stage = Stage(seed="specification")
    scope: dict[str, object] = {"stage": stage, **IN_SCOPE}
    exec(compile(example.code, f"docs/spec/{example.page}", "exec"), scope)  # noqa: S102 - our own pages
    report = scope.get("report") or stage.audit()
    assert isinstance(report, Report)
    named = {finding.rule for finding in report.findings} | {fault.rule for fault in report.faults}
    assert (example.rule in named) == (example.verdict == "refused"), named


@pytest.mark.parametrize("rule", [rule for rule in ALL if not rule.startswith(ELSEWHERE)])
def test_each_rule_has_an_accepted_and_a_refused_example(rule: str) -> None:
    assert {example.verdict for example in EXAMPLES if example.rule == rule} == {"accepted", "refused"}


def test_no_example_is_of_a_rule_that_does_not_exist() -> None:
    assert {example.rule for example in EXAMPLES} <= set(ALL)
