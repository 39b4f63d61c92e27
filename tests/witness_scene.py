"""A small log, and others under its key that part from it: what a witness may be shown."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.core.tlog.witness_request import print_request

ORIGIN = "mission.example/corridor"
NOON = 1_790_000_000


def signer(name: str) -> SeedSigner:
    return SeedSigner(sha256(name.encode()))


def log_key(origin: str = ORIGIN) -> VerifierKey:
    return VerifierKey.of(origin, KeyType.ED25519, signer(origin).public_key)


def witness_key(name: str = "orva.example/witness") -> VerifierKey:
    return VerifierKey.of(name, KeyType.COSIGNATURE, signer(name).public_key)


LOG, KEY = log_key(), witness_key()
POLICY = f"log {LOG}\nquorum none\n".encode()


def history(name: str, size: int, *, parts_at: int = 0) -> list[bytes]:
    """Leaf hashes: those of every history up to `parts_at`, then its own."""
    return [leaf_hash(f"{name if n >= parts_at else ''} {n}".encode()) for n in range(size)]


TRUE = history("", 24)


def note_of(leaves: Sequence[bytes], size: int, *, origin: str = ORIGIN) -> Note:
    """The head over the first so many leaves, signed by its log."""
    text = Checkpoint(origin, size, root(leaves[:size])).print()
    return Note(text, (sign_note(text, log_key(origin), signer(origin)),))


def proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """RFC 9162 §2.1.4.1, as it stands there."""
    return _subproof(leaves, old, whole=True) if 0 < old < len(leaves) else []


def _subproof(leaves: Sequence[bytes], old: int, *, whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [*_subproof(leaves[:split], old, whole=whole), root(leaves[split:])]
    return [*_subproof(leaves[split:], old - split, whole=False), root(leaves[:split])]


def request(leaves: Sequence[bytes], old: int, size: int, *, origin: str = ORIGIN) -> bytes:
    """What an honest log of these leaves asks."""
    return print_request(old, proof(leaves[:size], old), note_of(leaves, size, origin=origin))
