"""A stage's log is beyond repair, and another one goes on for it: honestly, or as a story needs it.

successor = succeed(stage, kept=stage.archive())
reports = successor.audit(stage.archive())
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.agreement.succession import CONSENTS
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey
from safeconduct.core.tlog.proofs import consistency_proof
from safeconduct.service.archive_store import open_copy
from safeconduct.service.export import export
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.service.succession import Ending, NewLog, consent, draft_succession
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.hand import sign_anything
from safeconduct.sim.stage import Stage
from safeconduct.sim.witnesses import SimulatedWitness
from safeconduct.verify.audit import Options
from safeconduct.verify.chain_of_logs import audit_chain
from safeconduct.verify.kept import Kept
from safeconduct.verify.report import Report

ORIGIN = "second.corridor.example"


@dataclass(slots=True)
class Successor:
    """The new log, in the same hands."""

    entry: bytes
    log: Sequencer
    stage: Stage

    def archive(self, reader: str = "mission") -> MemoryArchive:
        """What a reader of it is given now."""
        (archive,) = export(self.log, [reader], now=self.stage.clock.now())
        return MemoryArchive(dict(archive.files()))

    def audit(
        self,
        *before: MemoryArchive,
        corridor: str | None = None,
        heads: Iterable[bytes] = (),
        receipts: Iterable[bytes] = (),
    ) -> tuple[Report, ...]:
        """What the auditor says of it and of the archives of the logs before it, newest first."""
        kept = {
            name: tuple(Kept(f"{name}-{number}", data) for number, data in enumerate(contents, 1))
            for name, contents in (("head", heads), ("receipt", receipts))
        }
        options = Options(corridor, kept["head"], kept["receipt"])
        return audit_chain([self.archive(), *before], workers=SerialWorkers(), options=options)


def drafted(
    stage: Stage,
    kept: MemoryArchive,
    *,
    head: bytes | None = None,
    receipts: Iterable[str] = (),
    cause: str = "entries.lost",
    name: str = "",
    **other: Any,
) -> dict[str, Any]:
    """The payload that every seat is shown; `head`: the last witnessed one, if not that of what is kept.

    `other`: what differs in its witnesses (`NewLog`).
    """
    copy = open_copy(kept, where="what is kept")
    ending = Ending(copy, Note.parse(copy.note if head is None else head), cause, tuple(receipts))
    new = NewLog(
        f"{name}{ORIGIN}",
        stage.key(f"{name}second/log").public_key,
        stage.key(f"{name}second/service").public_key,
        **other,
    )
    return draft_succession(ending, new, clock=stage.clock, chance=stage.chance)


def signed(stage: Stage, payload: dict[str, Any], agreeing: Iterable[str] = ("orva", "tessin")) -> bytes:
    """The record, with the consents of these seats; nobody looks at what it says."""
    consents = [consent(payload, seat, stage.key(f"{seat}/root")) for seat in agreeing]
    return sign_anything({**payload, CONSENTS: consents}, stage.key("mission/root"))


def begin(stage: Stage, entry: bytes, name: str = "") -> Successor:
    """The new log, with this entry 0; the same witnesses follow it."""
    key = VerifierKey.of(f"{name}{ORIGIN}", KeyType.ED25519, stage.key(f"{name}second/log").public_key)

    def prove(old: int, new: int) -> list[bytes]:
        return consistency_proof(log.hashes.read, old=old, new=new)

    log = Sequencer(
        MemoryStore(),
        log=stage.key(f"{name}second/log"),
        service=stage.key(f"{name}second/service"),
        clock=stage.clock,
        chance=stage.chance,
        witnesses=[
            SimulatedWitness(each.seat, each.key, stage.clock, key, prove) for each in stage.witnesses
        ],
    )
    log.submit([Submission(entry)])
    return Successor(entry, log, stage)


def succeed(
    stage: Stage,
    kept: MemoryArchive,
    *,
    agreeing: Iterable[str] = ("orva", "tessin"),
    name: str = "",
    **told: Any,
) -> Successor:
    """All of it, in one go; `name` keeps the successor of a successor apart."""
    return begin(stage, signed(stage, drafted(stage, kept, name=name, **told), agreeing), name)
