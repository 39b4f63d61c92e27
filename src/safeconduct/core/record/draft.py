"""Writing a record: a payload with its private fields closed, then a signature (RECORD §1 to §3).

Rules:
 1. Every private field of the kind, and of each line, is there; an empty one gets a random digest.
 2. Each field has its own salt, asked for by the field's name: `plate`, `lines.0.description`.
 3. What is signed is read back first: nothing leaves here that `parse_entry` refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.core.kernel.spelling import print_base64url, sha256
from safeconduct.core.record.disclosure import digest_of, disclose
from safeconduct.core.record.entry import Seen, parse_entry, print_header
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.signature import Signer, thumbprint

Values: TypeAlias = Mapping[str, Any]
Salt: TypeAlias = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Draft:
    """A payload ready to be signed, and the disclosures that open it."""

    payload: dict[str, Any]
    disclosures: tuple[str, ...]


def draft(
    evt: str,
    *,
    iss: str,
    iat: int,
    seq: int,
    prev: str,
    cor: str | None,
    agr: int,
    jti: str,
    salt: Salt,
    clear: Values | None = None,
    private: Values | None = None,
    lines: Sequence[tuple[Values, Values]] | None = None,
    seen: Seen | tuple[int, str] | None = None,
    psg: str | None = None,
    at: int | tuple[int, int] | None = None,
    via: str | None = None,
    corrects: str | None = None,
    withdraws: str | None = None,
) -> Draft:
    """A record of a kind known here. A private value of None is an empty field."""
    kind = KINDS.get(evt)
    if kind is None:
        raise Malformed(f"{evt!r} is not a kind", next_step=did_you_mean(evt, KINDS))
    envelope = {
        "agr": agr,
        "at": {"from": at[0], "until": at[1]} if isinstance(at, tuple) else at,
        "cor": cor,
        "corrects": corrects,
        "evt": evt,
        "iat": iat,
        "iss": iss,
        "jti": jti,
        "prev": prev,
        "psg": psg,
        "seen": None if seen is None else {"root": seen[1], "size": seen[0]},
        "seq": seq,
        "via": via,
        "withdraws": withdraws,
    }
    payload: dict[str, Any] = {name: value for name, value in envelope.items() if value is not None}
    disclosures: list[str] = []
    payload |= _closed(kind.private, private or {}, salt, "", disclosures)
    if lines is not None:
        payload["lines"] = [
            {**line, **_closed(kind.line_private, hidden, salt, f"lines.{number}.", disclosures)}
            for number, (line, hidden) in enumerate(lines)
        ]
    return Draft(payload | dict(clear or {}) | {"_sd_alg": "sha-256"}, tuple(disclosures))


def _closed(
    names: tuple[str, ...], values: Values, salt: Salt, prefix: str, disclosures: list[str]
) -> dict[str, Any]:
    """The private fields as they stand in the payload; adds to `disclosures`."""
    for name in values.keys() - set(names):
        raise Malformed(f"{prefix}{name} is no private field here", next_step=did_you_mean(name, names))
    fields: dict[str, Any] = {}
    for name in names:
        drawn, value = salt(prefix + name), values.get(name)  # 2
        if value is None:
            digest = print_base64url(sha256(drawn))  # 1: nothing opens it
        else:
            disclosures.append(disclose(drawn, value))
            digest = digest_of(disclosures[-1])
        fields[name] = {"_sd": [digest]}
    return fields


def sign(payload: Mapping[str, Any], signer: Signer) -> bytes:
    """The entry: `payload` in its one spelling, under the signer's key."""
    body = print_base64url(canonical(dict(payload)))
    message = f"{print_header(thumbprint(signer.public_key))}.{body}".encode("ascii")
    entry = message + b"." + print_base64url(signer.sign(message)).encode("ascii")
    parse_entry(entry)  # 3
    return entry
