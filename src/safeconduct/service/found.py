"""Founding a corridor: entry 0, from the agreement and the keys of everybody who has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safeconduct.core.agreement.fit import require_fit
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.note import KeyType, Signer, VerifierKey
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Chance, Clock


@dataclass(frozen=True, slots=True)
class Plan:
    """What a founding record says. A seat that `seats` does not name stays empty, but the guarantor's."""

    agreement: str
    route: str
    nature: str
    origin: str
    log_key: bytes
    service_key: bytes
    seats: Mapping[str, bytes]
    witnesses: Sequence[VerifierKey] = ()
    quorum: int = 0


def found(plan: Plan, root: Signer, *, clock: Clock, chance: Chance) -> bytes:
    """The founding record, signed by the guarantor's root key; Malformed names every fault of its files."""
    agreement = parse_agreement(plan.agreement)
    parse_route(plan.route)
    require_fit(plan.agreement, plan.route)
    unknown = [seat for seat in plan.seats if seat not in agreement.seats]
    if unknown:
        raise Malformed.of(
            Fault(f"the agreement has no seat {seat!r}", "--seat", did_you_mean(seat, agreement.seats))
            for seat in unknown
        )
    keys = {**plan.seats, agreement.guarantor: root.public_key}
    if plan.seats.get(agreement.guarantor, root.public_key) != root.public_key:
        raise Malformed(
            f"the key given for {agreement.guarantor!r} is not the root key that founds",
            where="--seat",
            next_step="Leave it out: the guarantor's seat takes the root key",
        )
    now = clock.now()
    clear = {
        "agreement": plan.agreement,
        "route": plan.route,
        "nature": plan.nature,
        "seats": [
            {"seat": one.seat, "role": one.role}
            | ({"jwk": jwk_of(keys[one.seat])} if one.seat in keys else {})
            for one in agreement.signatories
        ],
        "log": {
            "origin": plan.origin,
            "vkey": str(VerifierKey.of(plan.origin, KeyType.ED25519, plan.log_key)),
        },
        "service": {"jwk": jwk_of(plan.service_key)},
        "witnesses": [str(key) for key in plan.witnesses],
        "quorum": plan.quorum,
    }
    drafted = draft(
        "founding",
        iss=f"{agreement.guarantor}/root",
        iat=now,
        seq=0,
        prev="",
        cor=None,
        agr=1,
        jti=new_jti(now, chance, "founding"),
        clear=clear,
        salt=lambda name: chance.bytes(f"founding/{name}", 16),
    )
    entry = sign(drafted.payload, root)
    Founding.parse(parse_entry(entry))  # what this writes, the auditor accepts
    return entry
