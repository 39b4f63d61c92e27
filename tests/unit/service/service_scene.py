"""A small corridor with hands on everything, for the service's tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from safeconduct.adapters.chance import SeededChance
from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.record.draft import Draft, draft, sign
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import Note, Signature, VerifierKey
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.found import Plan, found
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Store
from safeconduct.service.sequence import Sequencer, Submission

START = 1_772_344_800
CHANCE = SeededChance(b"sequence")
AGREEMENT = """
version = 1
title = "A road"
vehicle_identifier = "plate"

[text]
title = "A text"

[[signatories]]
seat = "mission"
name = "Mission"
role = "guarantor"
source = { from = "proposed" }

[[signatories]]
seat = "orva"
name = "Orva"
role = "party"
source = { from = "proposed" }

[[signatories]]
seat = "watcher"
name = "Watcher"
role = "observer"
source = { from = "proposed" }

[consent]
needed = 2
of = ["mission", "orva"]
source = { from = "proposed" }

[powers]
source = { from = "proposed" }
key = ["root"]
erasure = ["root"]
"""
ROUTE = """{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[1.5, 2.5], [1.6, 2.6]]},
 "properties": {"name": "The road", "source": "invented", "schematic": true}}"""


def key(name: str) -> Ed25519Key:
    return Ed25519Key(CHANCE.bytes(name, 32))


@dataclass
class Witness:
    """Cosigns what it is shown, unless it is silent; remembers nothing."""

    name: str
    clock: FixedClock
    silent: bool = False
    lies: bool = False
    ahead_s: int = 0
    asked: int = 0

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey.of(f"{self.name}.example", 4, key(self.name).public_key)

    def cosign(self, note: Note) -> Signature | None:
        self.asked += 1
        if self.silent:
            return None
        time = self.clock.now() + self.ahead_s
        line = cosign(note.text, self.verifier, key(self.name), time=time)
        return Signature(line.name, line.key_id, line.blob[:-1] + b"\0") if self.lies else line


@dataclass
class Scene:
    """A corridor with hands on everything."""

    store: Store
    witnesses: list[Witness] = field(default_factory=list)
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    agreement: str = AGREEMENT
    sent: int = 1
    prev: str = ""

    def __post_init__(self) -> None:
        for witness in self.witnesses:
            witness.clock = self.clock
        self.log = self.opened()
        plan = Plan(
            agreement=self.agreement,
            route=ROUTE,
            nature="simulated",
            origin="log.example/road",
            log_key=key("log").public_key,
            service_key=key("service").public_key,
            seats={"orva": key("orva").public_key},
            witnesses=[witness.verifier for witness in self.witnesses],
            quorum=min(2, len(self.witnesses)),
        )
        self.founding = found(plan, key("root"), clock=self.clock, chance=CHANCE)
        self.prev = leaf_hash(self.founding).hex()

    def opened(self, store: Store | None = None) -> Sequencer:
        return Sequencer(
            store or self.store,
            log=key("log"),
            service=key("service"),
            clock=self.clock,
            chance=CHANCE,
            witnesses=self.witnesses,
        )

    def record(self, evt: str = "offered", clear: dict[str, Any] | None = None, **private: Any) -> Submission:
        """The root's next record: what it is about is of no matter to the sequencer."""
        name = f"root/{self.sent}"
        drafted: Draft = draft(
            evt,
            iss="mission/root",
            iat=self.clock.now(),
            seq=self.sent,
            prev=self.prev,
            cor=self.log.founding.cor,
            agr=1,
            jti=new_jti(self.clock.now(), CHANCE, name),
            clear={"leaf": "0" * 64} if clear is None else clear,
            private=private,
            salt=lambda field: CHANCE.bytes(f"{name}/{field}", 16),
        )
        entry = sign(drafted.payload, key("root"))
        self.sent, self.prev = self.sent + 1, leaf_hash(entry).hex()
        return Submission(entry, drafted.disclosures)

    def words(self, text: str) -> Submission:
        """A record with one private field, `words`, and an empty one."""
        return self.record("countersign", {"of": "0" * 64, "verdict": "agrees"}, words=text)

    def kinds(self) -> list[str]:
        return [parse_entry(entry).evt for entry in self.store.entries()]
