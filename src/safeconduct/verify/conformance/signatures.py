"""Ed25519's odd inputs (C2SP/CCTV), and verifier keys (C2SP signed-note)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.note import VerifierKey
from safeconduct.core.tlog.signature import verify_ed25519
from safeconduct.verify.conformance.case import Case

REFUSED_FLAGS = frozenset(
    {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue"}
)


def edge_points(cases: Any) -> Iterator[Case]:
    """Refused if and only if a flag says that verifiers disagree."""
    for case in cases:
        key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        found = verify_ed25519(key, case["msg"].encode(), signature)
        yield Case(f"case {case['number']}", REFUSED_FLAGS.isdisjoint(case["flags"] or ()), found)


def vkeys(document: Any) -> Iterator[Case]:
    """Read, with their parts, and printed back."""
    for case in document["keys"]:
        text = case["vkey"]
        expected = (
            (case["name"], case["key_id_hex"], case["type"], case["public_key_bytes"], text)
            if case["valid"]
            else None
        )
        yield Case(f"key {text[:60]}", expected, _parts(text))


def _parts(text: str) -> tuple[str, str, int, int, str] | None:
    try:
        key = VerifierKey.parse(text)
    except Malformed:
        return None
    return key.name, key.key_id.hex(), key.type, len(key.public_key), str(key)
