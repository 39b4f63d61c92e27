"""Cosignatures (C2SP tlog-cosignature): a witness says that, as of a time, this was the log's largest head.

Rules:
 1. After the key ID: the time in eight bytes, big-endian, POSIX seconds below 2^63; then the signature.
 2. Type 04 (Ed25519) signs `cosignature/v1`, the time, and the whole text of the head, extensions too.
 3. Type 06 (ML-DSA-44) signs its own name, the time, the origin, the range of entries and the root.
 4. A time of 0 says nothing about the largest head: it never counts (`policy`).
 5. Every line of a known key must verify, as in any note; lines by one key count once, with their
    earliest time.
"""

from __future__ import annotations

from collections.abc import Iterable

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import (
    KeyType,
    Note,
    Signature,
    Signer,
    VerifierKey,
    bad_signature,
    check_text,
)
from safeconduct.core.tlog.note import distinct as distinct_keys
from safeconduct.core.tlog.signature import MLDSA44_SIGNATURE_BYTES, verify_ed25519, verify_mldsa44

TIME_BYTES = 8
MAX_TIME = 2**63 - 1
MAX_NAME_BYTES = 255


def cosign(text: str, key: VerifierKey, signer: Signer, *, time: int) -> Signature:
    """The line by which a witness cosigns the head with this text."""
    if key.public_key != signer.public_key:
        raise Malformed(f"{key.name} is not the key of this signer")
    if not 1 <= time <= MAX_TIME:
        raise Malformed(f"a cosignature cannot have the time {time}", next_step="Set the witness's clock")
    check_text(text)
    signature = signer.sign(_message(text, key, time))
    line = Signature(key.name, key.key_id, time.to_bytes(TIME_BYTES, "big") + signature)
    verify_cosignature(text, key, line)
    return line


def verify_cosignature(text: str, key: VerifierKey, line: Signature, *, where: str = "") -> int:
    """The time of a cosignature that verifies; Disproved where it does not."""
    time = claimed_time(line)
    if time is None:
        raise bad_signature(key, where)
    message, signature = _message(text, key, time), line.blob[TIME_BYTES:]
    verify = verify_ed25519 if key.type == KeyType.COSIGNATURE else verify_mldsa44
    if not line.is_by(key) or not verify(key.public_key, message, signature):
        raise bad_signature(key, where)
    return time


def cosigned_by(note: Note, keys: Iterable[VerifierKey], *, where: str = "") -> dict[VerifierKey, int]:
    """Who of these keys cosigned the note, and when: rules 4 and 5. Nobody is an answer too."""
    found = {}
    for key in distinct_keys(keys, where=where):
        times = [verify_cosignature(note.text, key, line, where=where) for line in note.lines_of(key)]
        counted = [time for time in times if time > 0]
        if counted:
            found[key] = min(counted)
    return found


def claimed_time(line: Signature) -> int | None:
    """The time that stands in a line, unverified; None where the line has not the length of a cosignature."""
    if len(line.blob) not in (TIME_BYTES + 64, TIME_BYTES + MLDSA44_SIGNATURE_BYTES):
        return None
    time = int.from_bytes(line.blob[:TIME_BYTES], "big")
    return time if time <= MAX_TIME else None


def ed25519_message(text: str, time: int) -> bytes:
    """Rule 2: the bytes that a type 04 key signs."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def subtree_message(*, cosigner: str, time: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """Rule 3: the bytes that a type 06 key signs."""
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(cosigner),
            time.to_bytes(8, "big"),
            _short(origin),
            start.to_bytes(8, "big"),
            end.to_bytes(8, "big"),
            root,
        )
    )


def _message(text: str, key: VerifierKey, time: int) -> bytes:
    """Rules 2 and 3, for a head."""
    if key.type == KeyType.COSIGNATURE:
        return ed25519_message(text, time)
    if key.type != KeyType.MLDSA_COSIGNATURE:
        raise Malformed(f"{key.name} is not a key that cosigns", next_step="Use a key of type 04 or 06")
    head = Checkpoint.parse(text)
    return subtree_message(
        cosigner=key.name, time=time, origin=head.origin, start=0, end=head.size, root=head.root
    )


def _short(name: str) -> bytes:
    """A name with its length in one byte."""
    encoded = name.encode()
    if len(encoded) > MAX_NAME_BYTES:
        raise Malformed(f"{name[:80]!r}… is too long", next_step="Use a name below 256 bytes")
    return bytes([len(encoded)]) + encoded
