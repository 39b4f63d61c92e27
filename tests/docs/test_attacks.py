"""What the page on attacks names is there: each rule, each test, each kind that is played."""

from __future__ import annotations

import re
from pathlib import Path

from safeconduct.verify.rules import ALL
from tests.stories.operators import KINDS

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reference" / "attacks.md").read_text(encoding="utf-8")


def test_every_rule_and_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z_0-9]+)`", PAGE))
    assert named <= {*ALL}
    played = {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(re.findall(r"`(test_\w+)`", PAGE)) <= played


def test_the_kinds_that_the_page_lists_are_those_that_are_played() -> None:
    listed = dict(re.findall(r"^\| ([^|]+) \| (`[^|]+`) \| [^|]+ \|$", PAGE, re.MULTILINE))
    for kind in KINDS:
        assert {*re.findall(r"`([^`]+)`", listed[kind.name])} == kind.rules, kind.name
