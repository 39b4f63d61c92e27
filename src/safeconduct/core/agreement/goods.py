"""Which goods may pass, by heading of the Harmonized System.

Rules:
 1. A rule for a heading goes before one for its chapter, and that before the default.
 2. A rule for an `item` is about some goods under its codes only. The code cannot tell them from the rest:
    where it says something else than the heading's own rule, the heading becomes a condition, and a human
    looks.
 3. A bare chapter, or `none`, is coarser than the list: it is a condition where a rule inside it says
    something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from safeconduct.core.agreement.source import Source

Outcome = Literal["allow", "condition", "deny"]


@dataclass(frozen=True, slots=True)
class GoodsRule:
    """One line of the list: what it says of these codes (two digits a chapter, four a heading)."""

    id: str
    verdict: Outcome
    codes: tuple[str, ...]
    item: str | None
    source: Source

    def names(self, code: str) -> bool:
        """Whether its heading or its chapter is listed."""
        return code[:4] in self.codes or code[:2] in self.codes

    def is_inside(self, code: str) -> bool:
        """Whether it lists something that a code coarser than a heading may stand for."""
        return any(one.startswith(code) for one in self.codes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the agreement says of one code, by which of its rules (`goods.default` where none names it)."""

    outcome: Outcome
    rule: str
    source: Source


@dataclass(frozen=True, slots=True)
class GoodsRules:
    """The list and what holds for everything that it does not name."""

    default: Literal["allow", "deny"]
    rules: tuple[GoodsRule, ...]
    source: Source

    def verdict(self, hs: str) -> Verdict:
        """What holds for a code of an even number of digits, or `none`."""
        code = "" if hs == "none" else hs
        plain = self._plain(code)
        for rule in self.rules:
            hidden = (rule.item is not None and rule.names(code)) or (len(code) < 4 and rule.is_inside(code))
            if hidden and plain.outcome not in ("condition", rule.verdict):
                return Verdict("condition", rule.id, rule.source)  # 2, 3
        return plain

    def _plain(self, code: str) -> Verdict:
        for part in (code[:4], code[:2]):  # 1
            for rule in self.rules:
                if rule.item is None and part in rule.codes:
                    return Verdict(rule.verdict, rule.id, rule.source)
        return Verdict(self.default, "goods.default", self.source)
