"""Replays a source's voyages into a corridor whose every key is simulated, openly, from the source's seed.

The same source gives the same log to the byte: chance is HMAC(seed, name), and the clock stands on the day of
the source's file, a minute later for each batch. In order: the founding; the keys; all watches and voyages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from safeconduct.adapters.chance import SeededChance
from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.note import KeyType, VerifierKey
from safeconduct.core.tlog.proofs import consistency_proof
from safeconduct.service.found import Plan, found
from safeconduct.service.identifiers import new_passage
from safeconduct.service.ports import Store
from safeconduct.service.replay import Shift, Told, records_of, shifts
from safeconduct.service.replay_source import Replayable
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.sim.clock import HandClock
from safeconduct.sim.hand import Hand, Written
from safeconduct.sim.witnesses import SimulatedWitness

ORIGIN = "replay.example/log"


@dataclass(slots=True)
class Replay:
    """A corridor being replayed: its source, its clock, its log, and what waits for the next batch."""

    source: Replayable
    clock: HandClock
    chance: SeededChance
    sequencer: Sequencer
    witnesses: tuple[SimulatedWitness, ...]
    waiting: list[Submission] = field(default_factory=list)

    def take(self, written: Written) -> None:
        """Keeps a signed record for the next batch."""
        self.waiting.append(Submission(written.entry, written.disclosures))

    def submit(self) -> None:
        """Everything that waits becomes one batch, and its head is cosigned."""
        batch, self.waiting = self.waiting, []
        self.sequencer.submit(batch)
        self.clock.advance(minutes=1)

    def hand(self, iss: str) -> Hand:
        """A new device for this issuer."""
        cor = self.sequencer.founding.cor
        return Hand(iss, key_of(self.chance, iss), cor, self.clock, self.chance, self.take)


def replay(source: Replayable, store: Store) -> Replay:
    """The whole source in an empty store."""
    watches = shifts(source.voyages, source.source)
    _check_powers(source, watches)
    corridor = _founded(source, store)
    hands = _hands(corridor, watches)
    starts = {watch.post: _start(hands[watch.iss], watch) for watch in watches}
    for voyage in source.voyages:
        passage = new_passage(corridor.chance, f"voyage/{voyage.number}")
        for told in records_of(voyage, source.source, source.agreement):
            _sign(hands[told.iss], told, passage)
    for watch in watches:
        claims = {"post": watch.post, "start": starts[watch.post].leaf}
        hands[watch.iss].record("watch-end", clear=claims, at=dict(watch.ends), via="source")
    corridor.submit()
    return corridor


def key_of(chance: SeededChance, whose: str) -> Ed25519Key:
    """The simulated key of a seat, a post, the log: whoever knows the seed knows it."""
    return Ed25519Key(chance.bytes(f"key/{whose}", 32))


def kept_keys(source: Replayable) -> dict[str, Ed25519Key]:
    """The keys that stay beside a replayed log, so that it can be exported: its own and its witnesses'."""
    chance = SeededChance(source.source.seed.encode())
    seats = {f"witness-{seat}": key_of(chance, f"{seat}/witness") for seat in source.agreement.seats}
    return {"log": key_of(chance, "log"), "service": key_of(chance, "service"), **seats}


def _check_powers(source: Replayable, watches: Iterable[Shift]) -> None:
    """Nobody signs in a replay what the agreement would not let them sign."""
    agreement = source.agreement
    wanted = {(f"{agreement.guarantor}/root", "key"), (source.source.declarant, "declaration")}
    wanted |= {(watch.iss, kind) for watch in watches for kind in ("watch-start", "watch-end", watch.tells)}
    faults = [
        Fault(f"[powers] does not let {iss} sign {kind}", "agreement.toml", "Give its role that power")
        for iss, kind in sorted(wanted)
        if not agreement.may_sign(iss, kind)
    ]
    if faults:
        raise Malformed.of(faults)


def _founded(source: Replayable, store: Store) -> Replay:
    agreement = source.agreement
    clock = HandClock(source.source.as_of_s)
    chance = SeededChance(source.source.seed.encode())
    log, service = key_of(chance, "log"), key_of(chance, "service")
    log_key = VerifierKey.of(ORIGIN, KeyType.ED25519, log.public_key)

    def prove(old: int, new: int) -> list[bytes]:
        return consistency_proof(sequencer.hashes.read, old=old, new=new)

    witnesses = tuple(
        SimulatedWitness(seat, key_of(chance, f"{seat}/witness"), clock, log_key, prove)
        for seat in agreement.seats
    )
    plan = Plan(
        agreement=source.agreement_text,
        route=source.route_text,
        nature="replay",
        origin=ORIGIN,
        log_key=log.public_key,
        service_key=service.public_key,
        seats={seat: key_of(chance, f"{seat}/root").public_key for seat in agreement.seats},
        witnesses=[witness.verifier for witness in witnesses],
        quorum=len(witnesses),
    )
    root = key_of(chance, f"{agreement.guarantor}/root")
    sequencer = Sequencer(store, log=log, service=service, clock=clock, chance=chance, witnesses=witnesses)
    sequencer.submit([Submission(found(plan, root, clock=clock, chance=chance))])
    clock.advance(minutes=1)
    return Replay(source, clock, chance, sequencer, witnesses)


def _hands(corridor: Replay, watches: Iterable[Shift]) -> dict[str, Hand]:
    """A device for each post and the declarant, its key enrolled by the guarantor's root."""
    guarantor = corridor.hand(f"{corridor.source.agreement.guarantor}/root")
    guarantor.seq, guarantor.prev = 1, corridor.sequencer.founding.leaf  # the founding was its first record
    hands = {iss: corridor.hand(iss) for iss in (corridor.source.source.declarant, *(w.iss for w in watches))}
    for iss, hand in hands.items():
        guarantor.record("key", clear={"cnf": {"jwk": jwk_of(hand.key.public_key)}, "holder": iss})
    corridor.submit()
    return hands


def _start(hand: Hand, watch: Shift) -> Written:
    claims = {"kinds": list(watch.kinds), "post": watch.post, "present": []}
    return hand.record("watch-start", clear=claims, at=dict(watch.starts), via="source")


def _sign(hand: Hand, told: Told, passage: str) -> Written:
    return hand.record(
        told.evt, passage=passage, clear=told.clear, lines=told.lines, at=dict(told.at), via="source"
    )
