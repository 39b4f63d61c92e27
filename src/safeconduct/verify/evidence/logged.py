"""Records that a log holds, and the key that signed them, each with its way to one signed head.

Rules:
 1. A record is in its own bytes, with its index and the inclusion proof to the head (RFC 9162 §2.1.3).
 2. A key is the one in a record that enrols it: a `key` record, or entry 0, read as any record is. The key's name is
    its thumbprint, so nobody can pass off another key; what that record says of its holder is what the log says, and
    whether it had the power to, an audit says.
 3. A record is read strictly, but for its claims: what is evidence against a signer need not be well-formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.agreement.founding import ENTRY_0, SERVICE_HOLDER
from safeconduct.core.kernel.canonical import parse_canonical
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import decode_base64url, sha256
from safeconduct.core.record.entry import Entry, parse_entry, print_header
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.core.tlog.policy import SignedHead
from safeconduct.core.tlog.signature import verify_ed25519
from safeconduct.core.tlog.tree import leaf_hash, verify_inclusion
from safeconduct.verify.evidence.members import Members


@dataclass(frozen=True, slots=True)
class Logged:
    """Rule 1; nothing of it is checked yet."""

    names: ClassVar[tuple[str, ...]] = ("index", "proof", "record")

    record: bytes
    index: int
    proof: tuple[bytes, ...]

    @classmethod
    def read(cls, value: Any, *, where: str) -> Logged:
        """From the file."""
        members = Members.of(value, cls.names, where=where)
        return cls(members.ascii("record"), members.number("index"), members.hashes("proof"))

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {
            "record": self.record.decode("ascii"),
            "index": self.index,
            "proof": [step.hex() for step in self.proof],
        }

    @property
    def leaf(self) -> bytes:
        """How other records name it."""
        return leaf_hash(self.record)

    def check(self, head: SignedHead) -> None:
        """Rule 1; Disproved where the head's log does not hold it there."""
        root = head.checkpoint.root
        verify_inclusion(self.leaf, index=self.index, size=head.checkpoint.size, proof=self.proof, root=root)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Rule 2: a key, and as whose the log enrols it."""

    public_key: bytes
    holder: str
    index: int
    cor: str

    @property
    def kid(self) -> str:
        """The key's name."""
        return thumbprint(self.public_key)

    def in_words(self) -> str:
        """For people."""
        return f"the key {self.kid}, which entry {self.index} enrols for {self.holder}"


def enrolled_in(logged: Logged, kid: str, *, where: str) -> Enrolled:
    """Rule 2: the key of this name; Disproved where the record enrols no such key."""
    entry = parse_entry(logged.record, where=where)
    cor = entry.cor or sha256(entry.text).hex()
    for jwk, holder in _keys_in(entry, logged.index):
        public_key = public_key_of(jwk, where=where)
        if thumbprint(public_key) == kid:
            return Enrolled(public_key, holder, logged.index, cor)
    raise Disproved(f"this record enrols no key {kid}", where=where, next_step="Name the one that does")


def _keys_in(entry: Entry, index: int) -> list[tuple[dict[str, str], str]]:
    payload = entry.payload
    if entry.evt == "key":
        return [(payload["cnf"]["jwk"], payload["holder"])]
    if entry.evt not in ENTRY_0 or index:
        return []
    roots = [(seat["jwk"], f"{seat['seat']}/root") for seat in payload["seats"] if "jwk" in seat]
    return [*roots, (payload["service"]["jwk"], SERVICE_HOLDER)]


@dataclass(frozen=True, slots=True)
class Signed:
    """Rule 3: what a key signed, whatever it says."""

    kid: str
    payload: dict[str, Any]
    message: bytes
    signature: bytes

    def check(self, key: Enrolled, *, where: str) -> None:
        """That this key signed it, as a record of its corridor."""
        if self.kid != key.kid or not verify_ed25519(key.public_key, self.message, self.signature):
            raise Disproved(
                "this key did not sign it", where=where, next_step="Keep it: it was altered on its way"
            )


def signed_in(record: bytes, *, where: str) -> Signed:
    """Rule 3, read: three parts, each in its one spelling."""
    parts = record.split(b".")
    decoded = [decode_base64url(part) for part in parts]
    if len(parts) != 3 or decoded[0] is None or decoded[1] is None or len(decoded[2] or b"") != 64:
        raise Malformed("this is not a compact JWS", where=where, next_step="Give a record in its own bytes")
    header, payload = parse_canonical(decoded[0], where=where), parse_canonical(decoded[1], where=where)
    kid = header.get("kid") if type(header) is dict else None
    if type(kid) is not str or print_header(kid).encode() != parts[0] or type(payload) is not dict:
        raise Malformed(
            "this is not a record, even a wrong one", where=where, next_step="See docs/spec/record.md"
        )
    return Signed(kid, payload, b".".join(parts[:2]), decoded[2] or b"")
