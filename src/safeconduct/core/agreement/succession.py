"""What a succession says beside what every entry 0 says (docs/spec/succession.md).

Rules, in the order of the code:
 succession.version  it cites the version of the agreement that stands in it
 succession.head     the head that it names is a head of another log than its own
 succession.consent  the seats that the agreement's consent rule asks for signed it: the guarantor's root as the
                     record's signer, each other root in `consents`, once, over everything else that it says

The corridor's identifier is no longer the hash of this entry. Whoever makes an entry 0 can write any identifier into
it: that it is the successor of that corridor, only the predecessor's archive shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import length_prefixed, parse_base64url, sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.signature import verify_ed25519

CONSENTS = "consents"
Fault = Callable[[str, str, str], None]
"""Takes a rule, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Succession:
    """How a predecessor ended."""

    note: Note
    """Its last witnessed head, as the witnesses left it."""
    head: Checkpoint
    cause: str
    kept: int
    """How many of its entries are still there: receipts for later ones cannot be honoured."""
    receipts: tuple[str, ...]
    """Leaves of records that it acknowledged and nobody has any more, as far as somebody said so."""
    consented: tuple[str, ...]


def succession_message(payload: Mapping[str, Any]) -> bytes:
    """What the root of a seat signs: everything that the record says but the consents."""
    said = {name: value for name, value in payload.items() if name != CONSENTS}
    return length_prefixed("safeconduct/v1/succession") + sha256(canonical(said))


def read_succession(
    payload: Mapping[str, Any], agreement: Agreement, roots: Mapping[str, bytes], fault: Fault
) -> Succession | None:
    """The succession in a payload whose schema holds; `roots`: each filled seat's key. None after some faults."""
    if payload["agr"] != agreement.version:
        fault(
            "succession.version",
            f"it cites version {payload['agr']}, and holds version {agreement.version}",
            f"Write agr {agreement.version}",
        )
    consented = _consented(payload, agreement, roots, fault)
    try:
        note = Note.parse(payload["note"].encode())
        head = Checkpoint.parse(note.text)
    except Malformed:
        head = None
    if head is None or head.origin == payload["log"]["origin"]:
        hint = "Write the predecessor's last witnessed head, as its archive has it; give the new log a new origin"
        fault("succession.head", "it names no head of another log", hint)
        return None
    return Succession(note, head, payload["cause"], payload["kept"], tuple(payload["receipts"]), consented)


def _consented(
    payload: Mapping[str, Any], agreement: Agreement, roots: Mapping[str, bytes], fault: Fault
) -> tuple[str, ...]:
    """Whose signatures hold; the guarantor's is the record's own."""
    message = succession_message(payload)
    seats = [agreement.guarantor]
    for consent in payload[CONSENTS]:
        seat, key = consent["seat"], roots.get(consent["seat"])
        signed = key is not None and verify_ed25519(key, message, parse_base64url(consent["signature"]))
        if seat in seats or not signed:
            hint = "Take it out, or ask for another: safeconduct succeed agree"
            fault("succession.consent", f"this is no consent of {seat}, or a second one", hint)
        else:
            seats.append(seat)
    missing = agreement.consent.missing(seats)
    if missing:
        hint = f"Ask {', '.join(missing)}: safeconduct succeed agree"
        fault(
            "succession.consent",
            f"{agreement.consent.needed} must agree; missing: {', '.join(missing)}",
            hint,
        )
    return tuple(seats)
