"""Witnesses in this process: they decide as a party's own program does (`core/tlog/witness`), unless they collude."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey
from safeconduct.core.tlog.witness import Cosigned, Decision
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.service.ports import Clock

Prove = Callable[[int, int], Sequence[bytes]]
"""What the log's own program shows: that the head of the second size goes on from that of the first."""


@dataclass(slots=True)
class SimulatedWitness:
    """One party's witness."""

    seat: str
    key: Ed25519Key
    clock: Clock
    log: VerifierKey
    prove: Prove
    asleep: bool = False
    colludes: bool = False
    head: Checkpoint | None = None

    @property
    def verifier(self) -> VerifierKey:
        """What stands in the founding record."""
        return VerifierKey.of(f"{self.seat}.example/witness", KeyType.COSIGNATURE, self.key.public_key)

    def cosign(self, note: Note) -> Signature | None:
        """Its cosignature, or None: it sleeps, or what it is shown does not go on from what it saw."""
        try:
            note.verified_by([self.log])
            head = Checkpoint.parse(note.text)
            if self.asleep or not (self.colludes or self._goes_on_to(head, note)):
                return None
        except SafeconductError:
            return None
        self.head = head
        return cosign(note.text, self.verifier, self.key, time=self.clock.now())

    def _goes_on_to(self, head: Checkpoint, note: Note) -> bool:
        """Its clock is its own affair here: stories play an old one."""
        old = 0 if self.head is None else self.head.size
        known = None if self.head is None else Cosigned(self.head, 0, note)
        proof = self.prove(old, head.size) if 0 < old < head.size else ()
        decision = Decision(self.verifier, self.key, (self.log,))
        request = print_request(old, proof, note)
        return decision.answer(request, lambda _: known, now=self.clock.now()).status == 200
