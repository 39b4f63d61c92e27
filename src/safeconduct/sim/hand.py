"""Who holds a key in a simulated corridor, and what they sign.

A hand keeps what a device keeps: its running number, the leaf of its last record, the newest head that it
holds. Every claim of a record can be given otherwise: a story signs what an honest device would not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.draft import draft
from safeconduct.core.record.entry import Seen, print_header
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Chance, Clock

Fields = Mapping[str, Any]
Line = tuple[Fields, Fields]


@dataclass(frozen=True, slots=True)
class Written:
    """A signed record: its bytes, the leaf that others name it by, its claims, and what opens its fields."""

    entry: bytes
    leaf: str
    payload: Fields
    disclosures: tuple[str, ...]


def sign_anything(payload: Fields, key: Ed25519Key) -> bytes:
    """The compact JWS of any payload, well-formed or not: a cheat's software asks nobody."""
    message = f"{print_header(thumbprint(key.public_key))}.{print_base64url(canonical(dict(payload)))}"
    return f"{message}.{print_base64url(key.sign(message.encode()))}".encode()


@dataclass(slots=True)
class Hand:
    """One device and its key."""

    iss: str
    key: Ed25519Key
    cor: str
    clock: Clock
    chance: Chance
    hand_in: Callable[[Written], None]
    seq: int = 0
    prev: str = ""
    seen: Seen | None = None
    agr: int = 1
    offline: bool = False
    """Without a network it keeps what it signs, and gets no heads, until `connect`."""
    kept: list[Written] = field(default_factory=list)

    @property
    def kid(self) -> str:
        """The key's name."""
        return thumbprint(self.key.public_key)

    def record(
        self,
        evt: str,
        *,
        passage: str | None = None,
        clear: Fields | None = None,
        private: Fields | None = None,
        lines: Sequence[Line] | None = None,
        **claims: Any,
    ) -> Written:
        """Sign a record and hand it in; `claims` stand in its envelope as given, None leaves one out."""
        written = self.write(evt, passage=passage, clear=clear, private=private, lines=lines, **claims)
        if self.offline:
            self.kept.append(written)
        else:
            self.hand_in(written)
        return written

    def write(
        self,
        evt: str,
        *,
        passage: str | None = None,
        clear: Fields | None = None,
        private: Fields | None = None,
        lines: Sequence[Line] | None = None,
        **claims: Any,
    ) -> Written:
        """Sign a record and keep it back: nobody else has it yet."""
        iat = claims.get("iat", self.clock.now())
        name = f"{self.kid}/{claims.get('seq', self.seq)}/{claims.get('salt', '')}"
        made = draft(
            evt,
            iss=self.iss,
            iat=iat,
            seq=self.seq,
            prev=self.prev,
            cor=self.cor,
            agr=self.agr,
            jti=new_jti(iat, self.chance, name),
            clear=dict(clear or {}),
            private=dict(private or {}),
            lines=lines,
            salt=lambda place: self.chance.bytes(f"salt/{name}/{place}", 16),
            seen=self.seen,
            psg=passage,
        )
        claims.pop("salt", None)
        left_out = {claim for claim, value in claims.items() if value is None}
        payload = {**made.payload, **claims}
        payload = {claim: value for claim, value in payload.items() if claim not in left_out}
        return self._signed(payload, made.disclosures)

    def _signed(self, payload: Fields, disclosures: tuple[str, ...]) -> Written:
        entry = sign_anything(payload, self.key)
        leaf = leaf_hash(entry).hex()
        self.seq, self.prev = payload["seq"] + 1, leaf
        return Written(entry, leaf, payload, disclosures)

    def connect(self) -> None:
        """Hand in what was kept, in the order in which it was signed."""
        self.offline = False
        kept, self.kept = self.kept, []
        for written in kept:
            self.hand_in(written)

    def copy(self) -> Hand:
        """The same key in a second device, which goes on from here without knowing the first."""
        twin = Hand(self.iss, self.key, self.cor, self.clock, self.chance, self.hand_in)
        twin.seq, twin.prev, twin.seen, twin.agr = self.seq, self.prev, self.seen, self.agr
        return twin
