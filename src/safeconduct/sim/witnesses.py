"""Witnesses in this process: they cosign what goes on from what they saw, unless they collude."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey
from safeconduct.service.ports import Clock


@dataclass(slots=True)
class SimulatedWitness:
    """One party's witness. A real one asks for a consistency proof; this one reads the log's tree itself."""

    seat: str
    key: Ed25519Key
    clock: Clock
    log: VerifierKey
    root_at: Callable[[int], bytes] | None = None
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
        except SafeconductError:
            return None
        if self.asleep or not (self.colludes or self._goes_on_to(head)):
            return None
        self.head = head
        return cosign(note.text, self.verifier, self.key, time=self.clock.now())

    def _goes_on_to(self, head: Checkpoint) -> bool:
        ours = self.head
        if ours is None or head.size < ours.size:
            return ours is None and head.origin == self.log.name
        if head.size == ours.size or self.root_at is None:
            return head.size > ours.size or head == ours
        return self.root_at(ours.size) == ours.root
