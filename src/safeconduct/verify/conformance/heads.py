"""Signed notes, heads and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import print_base64, sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import (
    claimed_time,
    cosign,
    cosigned_by,
    ed25519_message,
    subtree_message,
    verify_cosignature,
)
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey, distinct, sign_note
from safeconduct.core.tlog.signature import SeedSigner, mldsa44_public_key, verify_mldsa44
from safeconduct.verify.conformance.case import Case, accepts, bytes_of, from_base64


def signed_notes(document: Any) -> Iterator[Case]:
    """Verdicts on whole notes; one signature made again byte for byte."""
    example = document["signing_key"]
    signer = SeedSigner(bytes.fromhex(example["seed_hex"]))
    key = VerifierKey.of(example["name"], KeyType.ED25519, signer.public_key)
    made = sign_note(example["text"], key, signer)
    yield Case("the signature, made again", example["signature_line"], str(made))
    for case in document["cases"]:
        yield from _verdict(case, bytes_of(case, "note"))


def heads(document: Any) -> Iterator[Case]:
    """Verdicts on signed heads, with what they say."""
    seeds = document.get("seeds", {})
    for case in document["cases"]:
        if "signature_base64" in case:
            value = from_base64(case["signature_base64"])
            yield Case(case["desc"], case.get("timestamp"), claimed_time(Signature("", value[:4], value[4:])))
            continue
        data = bytes_of(case, "checkpoint")
        yield from _verdict(case, data, head=True)
        if case["expect"] != "malformed":
            note = Note.parse(data)
            yield from _said(case, note)
            yield from _made_again(case, note, seeds)


def mldsa_cosignatures(document: Any) -> Iterator[Case]:
    """Key from seed, the bytes signed, the signature, which no extension line disturbs."""
    for index, case in enumerate(document["cases"]):
        key = VerifierKey.parse(case["vkey"])
        yield Case(
            f"key {index} from its seed", key.public_key, mldsa44_public_key(bytes.fromhex(case["seed_hex"]))
        )
        message = subtree_message(
            cosigner=case["cosigner_name"],
            time=case["timestamp"],
            origin=case["log_origin"],
            start=case["start"],
            end=case["end"],
            root=bytes.fromhex(case["root_hex"]),
        )
        yield Case(f"message {index}", case["cosigned_message_hex"], message.hex())
        (line,) = Note.parse(f"-\n\n{case['signature_line'].rstrip()}\n".encode()).signatures
        yield Case(f"line {index} is by its key", True, line.is_by(key))
        yield Case(f"time {index}", case["timestamp"], claimed_time(line))
        yield Case(f"signature {index}", True, verify_mldsa44(key.public_key, message, line.blob[8:]))
        for extension in ("", "unsigned\n"):
            head = f"{case['log_origin']}\n{case['end']}\n{print_base64(bytes.fromhex(case['root_hex']))}\n"
            found = accepts(partial(verify_cosignature, head + extension, key, line))
            yield Case(f"cosignature {index} as one of a head", case["start"] == 0, found)


def _verdict(case: Any, data: bytes, *, head: bool = False) -> Iterator[Case]:
    """The verdict on a note, and who signed it."""
    verdict, names = _judge(data, case["known_keys"], head=head)
    yield Case(case["desc"], case["expect"], verdict)
    if "verified" in case:
        yield Case(f"{case['desc']}: by whom", sorted(case["verified"]), sorted(names))


def _judge(data: bytes, known: list[str], *, head: bool) -> tuple[str, list[str]]:
    """In the words of the vector files."""
    try:
        note = Note.parse(data)
        if head:
            Checkpoint.parse(note.text)
    except Malformed:
        return "malformed", []
    keys = [VerifierKey.parse(text) for text in known]
    try:
        distinct(keys)
    except Malformed:
        return "ambiguous-key", []
    signed = [key for key in keys if note.lines_of(key)]
    plain = [key for key in signed if key.type == KeyType.ED25519]
    try:
        found = [*note.verified_by(plain)] if plain else []
        found += cosigned_by(note, [key for key in signed if key.type != KeyType.ED25519])
    except Disproved:
        return "invalid-signature", []
    return ("ok" if found else "unverified"), [f"{key.name}+{key.key_id.hex()}" for key in found]


def _said(case: Any, note: Note) -> Iterator[Case]:
    """What a head says, where the case tells it."""
    head, about = Checkpoint.parse(note.text), case["desc"]
    parsed = case.get("parsed", {})
    facts = {
        "origin": head.origin,
        "size": head.size,
        "root_hex": head.root.hex(),
        "root_b64": print_base64(head.root),
        "extension_lines": [*head.extensions],
        "monitoring_path_hash": sha256(head.origin.encode()).hex(),
        "cosignatures": [
            {"name": line.name, "key_id_hex": line.key_id.hex(), "timestamp": time}
            for line in note.signatures
            if (time := claimed_time(line)) is not None
        ],
    }
    for name, found in facts.items():
        if name in case or name in parsed:
            yield Case(f"{about}: {name}", case.get(name, parsed.get(name)), found)
    for name, message in case.items():
        if name.startswith("signed_message_for_timestamp_"):
            time = int(name.rpartition("_")[2])
            yield Case(f"{about}: message", message.encode(), ed25519_message(note.text, time))


def _made_again(case: Any, note: Note, seeds: Any) -> Iterator[Case]:
    """Cosignatures whose key comes from a text: the same line again, byte for byte."""
    for line in note.signatures:
        time = claimed_time(line)
        if line.name in seeds and time is not None:
            signer = SeedSigner(sha256(seeds[line.name].encode()))
            key = VerifierKey.of(line.name, KeyType.COSIGNATURE, signer.public_key)
            made = cosign(note.text, key, signer, time=time)
            yield Case(f"{case['desc']}: made again", str(line), str(made))
