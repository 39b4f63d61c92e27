"""What an example of the specification may use, and which rules it broke."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.passage.decide import GrantPass, Refused, decide
from safeconduct.core.record.entry import parse_entry
from safeconduct.sim.hand import sign_anything
from safeconduct.sim.stage import Stage
from safeconduct.sim.successor import begin, drafted, signed, succeed
from safeconduct.verify.report import Report
from tests.unit.passage.told import AGREEMENT, NOON, Passage


@dataclass(slots=True)
class Scope:
    """A fresh corridor, a passage that nobody declared, and the rules that were cited in answers."""

    stage: Stage = field(default_factory=lambda: Stage(seed="specification"))
    passage: Passage = field(default_factory=Passage)
    cited: set[str] = field(default_factory=set)
    answered: bool = False

    def names(self) -> dict[str, Any]:
        """What an example finds under which name."""
        return {
            "stage": self.stage,
            "payload": parse_entry(self.stage.entries()[0]).payload,
            "refound": self.refound,
            "drafted": partial(drafted, self.stage),
            "signed": partial(signed, self.stage),
            "begin": partial(begin, self.stage),
            "succeed": partial(succeed, self.stage),
            "read": self.read,
            "passage": self.passage,
            "ask": self.ask,
            "NOON": NOON,
            "NOTICE": {"from": NOON + 7_200, "until": NOON + 9_000},
        }

    def refound(self, *, by: str = "mission/root", entry: bytes | None = None, **claims: Any) -> None:
        """The founding record with other claims, signed; or another entry in its place. Then read."""
        payload = {**parse_entry(self.stage.entries()[0]).payload, **claims}
        self.read(entry or sign_anything(payload, self.stage.key(by)))

    def read(self, entry: bytes) -> None:
        """An entry 0 is read."""
        self.answered = True
        try:
            Founding.parse(parse_entry(entry))
        except SafeconductError as error:
            self.cited |= {fault.rule for fault in error.faults}

    def ask(self, passage: Passage, declared: str, *, signed_by: Iterable[str] = (), **told: int) -> None:
        """A pass is asked for."""
        self.answered = True
        agreement = replace(AGREEMENT, countersign={"declaration": frozenset(signed_by)})
        validity = {"now": NOON + 600, "valid_from": NOON + 7_200, "valid_until": NOON + 14_400, **told}
        decision = decide(passage.report().state, GrantPass(declared, **validity), agreement)
        if isinstance(decision, Refused):
            self.cited |= {reason.rule for reason in decision.reasons}

    def rules(self, report: object) -> set[str]:
        """The rules broken: in answers, else in this report, else in the corridor's own."""
        if self.answered:
            return self.cited
        found = report or self.stage.audit()
        assert isinstance(found, Report)
        return set(found.rules)
