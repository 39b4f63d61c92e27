"""A corridor of governing records, and what its keyring makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.core.agreement.govern import keyring_of
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.record.entry import Entry
from tests.unit.agreement.agreement_samples import (
    FOUNDING,
    Desk,
    Key,
    Log,
    desk,
    key_claims,
)

PASSAGE = "a5" * 16


class Corridor:
    """A log of governing records, with the desks that write into it."""

    def __init__(self) -> None:
        self.log = Log()
        self.mission = desk("mission", "mission/root")
        self.mission.seq, self.mission.prev = 1, FOUNDING.leaf
        self.orva = desk("orva", "orva/root")

    def add(self, who: Desk, evt: str, clear: dict[str, Any], **claims: Any) -> tuple[int, Entry]:
        entry = who.record(evt, clear, **claims)
        return self.log.add(entry), entry

    def enrol(self, by: Desk, name: str, holder: str, **more: Any) -> Desk:
        self.add(by, "key", key_claims(Key(name), holder, **more))
        return desk(name, holder)

    def revoke(self, by: Desk, name: str, last: dict[str, Any] | None, reason: str = "lost") -> str:
        clear = {"kid": Key(name).kid, "last": last, "reason": reason}
        return self.add(by, "revocation", clear)[1].leaf.hex()

    def ring(self) -> Keyring:
        return keyring_of(FOUNDING, self.log.entries)


def rules_of(ring: Keyring) -> list[str]:
    return [finding.rule for finding in ring.findings]


def passed(ring: Keyring, entry: Entry, index: int, seen: int | None = None) -> tuple[str, ...]:
    return ring.broken_by(entry, index, seen=seen)


@pytest.fixture
def corridor() -> Corridor:
    return Corridor()


def arrival(who: Desk, **claims: Any) -> Entry:
    clear = {"post": "north-gate", "direction": "in", "class": "relief"}
    return who.record("arrival", clear, psg=PASSAGE, **claims)
