"""A corridor and its door."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from safeconduct.core.record.entry import parse_entry
from safeconduct.service.admission import Admission, Outcome
from safeconduct.service.sequence import Submission
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage


@dataclass
class Door:
    """A corridor, and its door. What its people sign goes through the door at once, one by one."""

    stage: Stage = field(default_factory=lambda: Stage(seed="door"))
    said: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        stage = self.stage
        self.admission = Admission(stage.log, service=stage.key("service"), clock=stage.clock)
        for hand in stage.hands.values():
            hand.hand_in = self.hand_in

    def hand_in(self, written: Written) -> None:
        """To the door; everybody then holds the head that came of it."""
        self.said += self.admit(written)
        self.stage.clock.tick(60)
        self.stage.publish()

    def admit(self, *written: Written) -> list[Outcome]:
        return self.admission.admit([Submission(one.entry, one.disclosures) for one in written])

    def answer(self, written: Written) -> Outcome:
        (outcome,) = self.admit(written)
        return outcome

    def kinds(self) -> list[str]:
        return [parse_entry(text).evt for text in self.stage.store.entries()]


@pytest.fixture
def door() -> Door:
    return Door()


def rules(outcome: Outcome) -> list[str]:
    assert outcome.receipt is None
    assert outcome.error is not None
    return [fault.rule for fault in outcome.error.faults]


def check(door: Door, outcome: Outcome, written: Written) -> None:
    """It has a receipt, and the receipt holds."""
    assert outcome.error is None, outcome.error
    assert outcome.receipt is not None
    assert outcome.receipt.check(written.entry, door.stage.log.policy) == "cosigned"


def offer(door: Door, digit: str = "0", **claims: Any) -> Written:
    return door.stage.hand("mission/officer").write("offered", clear={"leaf": digit * 64}, **claims)
