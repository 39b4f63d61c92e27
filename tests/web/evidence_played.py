"""Every evidence file that the tests of `evidence check` look at: their scenes are played again, and listened to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from types import ModuleType
from typing import Any

import pytest

from safeconduct.core.tlog.policy import Policy
from safeconduct.verify.evidence.check import Evidence
from safeconduct.verify.evidence.shown import Shown
from tests.stories import test_evidence_stories
from tests.unit.verify import test_verify_evidence

MODULES = (test_verify_evidence, test_evidence_stories)


def played(monkeypatch: pytest.MonkeyPatch) -> set[tuple[bytes, bytes | None]]:
    """Files, each with the policy that was brought to it, if one was."""
    heard: set[tuple[bytes, bytes | None]] = set()
    check, parse = Evidence.check, Evidence.parse

    def checked(self: Evidence, policy: Policy | None = None) -> Shown:
        heard.add((self.print(), None if policy is None else policy.print().encode()))
        return check(self, policy)

    def parsed(_: type[Evidence], data: bytes, *, where: str = "evidence") -> Evidence:
        heard.add((data, None))
        return parse(data, where=where)

    with monkeypatch.context() as listening:
        listening.setattr(Evidence, "check", checked)
        listening.setattr(Evidence, "parse", classmethod(parsed))
        for module in MODULES:
            for act, arguments in _calls(module):
                act(**arguments)
    return heard


def _calls(module: ModuleType) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each test of the module, with each of its parameters; those that need a fixture are not among them."""
    for name, act in vars(module).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(act, "pytestmark", ()) if mark.name == "parametrize"]
            for values in product(*(_rows(*mark.args) for mark in marks)):
                yield act, {name: value for row in values for name, value in row.items()}


def _rows(names: str | tuple[str, ...], values: Any) -> Iterator[dict[str, Any]]:
    """What `parametrize` gives, row by row."""
    for value in values:
        plain = getattr(value, "values", value)
        plain = plain() if callable(plain) else plain
        yield {names: plain} if isinstance(names, str) else dict(zip(names, plain, strict=True))
