"""Signed notes (C2SP signed-note): a text, and lines that sign it.

Rules:
 1. UTF-8 without control characters but LF; a text that ends in LF, a blank line, then 1 to 64 signature
    lines `— name base64(key ID ‖ signature)`, each ending in LF; 256 KiB at most. The text may hold blank
    lines: the last one parts it from the signatures.
 2. A name is not empty, and has no Unicode space and no `+`.
 3. A key is `name+key ID+base64(type ‖ public key)`; the key ID is recomputed. Ed25519 keys are
    acceptable points (`signature`).
 4. A line belongs to a key with the same name and key ID; other lines are somebody else's, and ignored.
 5. Every line of a known key must verify; at least one known key must have signed.
 6. Nobody is counted twice: keys asked for together differ in their bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import parse_base64, parse_hex, print_base64
from safeconduct.core.tlog.signature import MLDSA44_KEY_BYTES, acceptable_key, verify_ed25519

MAX_BYTES = 256 * 1024
MAX_SIGNATURES = 64
KEY_ID_BYTES = 4

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<value>[A-Za-z0-9+/=]+)")
_NAME = re.compile(r"[^\s+]+")


class KeyType(IntEnum):
    """What a key signs, and how (signed-note, "Signature types")."""

    ED25519 = 1
    ECDSA = 2
    COSIGNATURE = 4
    MLDSA_COSIGNATURE = 6


class Signer(Protocol):
    """Who holds a private key: in a file, in a device, in a test."""

    @property
    def public_key(self) -> bytes:
        """The key that verifies what `sign` gives."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over exactly these bytes."""
        ...


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under: rule 3. Made by `of` or `parse`."""

    name: str
    key_id: bytes
    type: int
    public_key: bytes

    @classmethod
    def of(cls, name: str, kind: int, public_key: bytes, *, where: str = "") -> Self:
        """The key of this name, with its key ID."""
        if not _NAME.fullmatch(name) or _CONTROL.search(name) or not _is_utf8(name):
            raise Malformed(
                f"{name[:80]!r} is not a key name", where=where, next_step="Use no spaces and no plus sign"
            )
        _check_public_key(kind, public_key, where)
        # ECDSA keys came before the rule: their ID is the hash of the key alone.
        content = public_key if kind == KeyType.ECDSA else b"%b\n%c%b" % (name.encode(), kind, public_key)
        return cls(name, hashlib.sha256(content).digest()[:KEY_ID_BYTES], kind, public_key)

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> Self:
        """Rule 3, read. The base64 may hold a `+`: only the first two part anything."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        content = parse_base64(encoded, where=where)
        if not content:
            raise Malformed("this is not a verifier key", where=where, next_step="Write name+key ID+base64")
        key = cls.of(name, content[0], content[1:], where=where)
        if parse_hex(key_id, length=KEY_ID_BYTES, where=where) != key.key_id:
            raise Malformed(
                f"the key ID of {name[:80]!r} is not that of its key",
                where=where,
                next_step=f"If the key is right, its ID is {key.key_id.hex()}",
            )
        return key

    def __str__(self) -> str:
        """Rule 3, written."""
        return f"{self.name}+{self.key_id.hex()}+{print_base64(bytes([self.type]) + self.public_key)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; `blob` is what follows the key ID."""

    name: str
    key_id: bytes
    blob: bytes

    def __str__(self) -> str:
        return f"— {self.name} {print_base64(self.key_id + self.blob)}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """Rule 4."""
        return self.key_id == key.key_id and self.name == key.name


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signatures, none of them verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes, *, where: str = "") -> Self:
        """Rule 1, read. Printed back, it gives the same bytes."""
        try:
            whole = data.decode("utf-8") if len(data) <= MAX_BYTES else ""
        except UnicodeDecodeError:
            whole = ""
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n") or _CONTROL.search(whole):
            raise Malformed(
                "this is not a signed note",
                where=where,
                next_step="Write a text, a blank line, signature lines",
            )
        signatures = tuple(_parse_line(line, where) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise Malformed(
                f"this note has more than {MAX_SIGNATURES} signatures",
                where=where,
                next_step="Keep those of the log and of the policy's witnesses",
            )
        return cls(text + "\n", signatures)

    def print(self) -> str:
        """Rule 1, written."""
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def __str__(self) -> str:
        return self.print()

    def lines_of(self, key: VerifierKey) -> tuple[Signature, ...]:
        """Rule 4: the lines that claim to be by this key."""
        return tuple(line for line in self.signatures if line.is_by(key))

    def verified_by(self, keys: Iterable[VerifierKey], *, where: str = "") -> tuple[VerifierKey, ...]:
        """Rules 4 to 6, for keys that sign the text itself (Ed25519, type 01)."""
        found = []
        for key in distinct(keys, where=where):
            if key.type != KeyType.ED25519:
                raise Malformed(
                    f"{key.name} is not a key that signs notes", where=where, next_step="Use type 01"
                )
            lines = self.lines_of(key)
            if not all(verify_ed25519(key.public_key, self.text.encode(), line.blob) for line in lines):
                raise bad_signature(key, where)
            if lines:
                found.append(key)
        if not found:
            raise Disproved(
                "no known key signed this note",
                where=where,
                next_step="Check that it is of the log you follow",
            )
        return tuple(found)


def sign_note(text: str, key: VerifierKey, signer: Signer) -> Signature:
    """The line by which this key signs the text."""
    if key.type != KeyType.ED25519 or key.public_key != signer.public_key:
        raise Malformed(f"{key.name} is not the Ed25519 key of this signer")
    line = Signature(key.name, key.key_id, signer.sign(check_text(text)))
    if not verify_ed25519(key.public_key, text.encode(), line.blob):
        raise Disproved(f"the signer of {key.name} gave a signature that does not verify")
    return line


def check_text(text: str) -> bytes:
    """The bytes of a text that may be signed: rule 1."""
    if not text.endswith("\n") or _CONTROL.search(text) or not _is_utf8(text):
        raise Malformed("this text cannot be a note", next_step="End it with LF; use no control characters")
    return text.encode()


def distinct(keys: Iterable[VerifierKey], *, where: str = "") -> Sequence[VerifierKey]:
    """Rule 6."""
    known = tuple(keys)
    if len({key.public_key for key in known}) != len(known):
        raise Malformed("one key is listed twice", where=where, next_step="List each key once")
    return known


def bad_signature(key: VerifierKey, where: str = "") -> Disproved:
    """Rule 5, broken."""
    return Disproved(
        f"the signature of {key.name} fails",
        where=where,
        next_step="Keep it: either it was altered on its way, or its key is not what you hold",
    )


def _parse_line(line: str, where: str) -> Signature:
    found = _LINE.fullmatch(line)
    value = parse_base64(found["value"], where=where) if found else b""
    if found is None or len(value) <= KEY_ID_BYTES:
        raise Malformed(
            f"{line[:80]!r} is not a signature line", where=where, next_step="Write `— name base64` with LF"
        )
    return Signature(found["name"], value[:KEY_ID_BYTES], value[KEY_ID_BYTES:])


def _check_public_key(kind: int, public_key: bytes, where: str) -> None:
    """Rule 3: the types that we know, each with a key that can verify something."""
    match kind:
        case KeyType.ED25519 | KeyType.COSIGNATURE:
            good = acceptable_key(public_key)
        case KeyType.MLDSA_COSIGNATURE:
            good = len(public_key) == MLDSA44_KEY_BYTES
        case KeyType.ECDSA:
            good = bool(public_key)  # named in other people's notes; we never verify with it
        case _:
            good = False
    if not good:
        raise Malformed(
            f"this is not a public key of type {kind:02x}",
            where=where,
            next_step="Copy the whole verifier key from whoever holds it",
        )


def _is_utf8(text: str) -> bool:
    """Whether it has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
