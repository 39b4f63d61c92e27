"""Entry 0: what the whole corridor rests on (RECORD §4).

Rules:
 founding.place      it is of that kind; the kind's schema fixes seq, prev, agr and forbids cor, psg, seen
 founding.agreement  its agreement is version 1; a successor's is the one that was in force
 founding.seats      its seats are the agreement's signatories, in that order, with their roles
 founding.signer     the guarantor's seat is filled, and its root signed
 founding.keys       every key is acceptable, of its right type, and stands there once
 founding.quorum     1 to all of the witnesses are needed; 0 where there are none; a head has room for 63

The corridor's identifier is the SHA-256 of the entry's bytes. It is compared with the signed papers; there
is no other root of trust. A log beyond repair has a successor, whose entry 0 says all this and keeps that identifier:
`succession`, with rules of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.parse import SERVICE_ORGANISATION, parse_agreement
from safeconduct.core.agreement.route import Route, parse_route
from safeconduct.core.agreement.succession import Succession, read_succession
from safeconduct.core.kernel.errors import Disproved, Fault, Malformed
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.record.entry import Entry, verify_entry
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.core.tlog.note import MAX_SIGNATURES, KeyType, VerifierKey

FOUNDING, SUCCESSION = "founding", "succession"
ENTRY_0 = frozenset({FOUNDING, SUCCESSION})
"""The kinds that a log begins with, and that stand nowhere else."""

SERVICE_HOLDER = f"{SERVICE_ORGANISATION}/service"
"""The `iss` of the key with which the log's operator signs what it decides itself."""

Nature = Literal["live", "simulated", "replay"]


@dataclass(frozen=True, slots=True)
class Seat:
    """A signatory's place; `public_key` None: it is empty."""

    seat: str
    role: str
    public_key: bytes | None

    @property
    def kid(self) -> str | None:
        """The name of its root key."""
        return None if self.public_key is None else thumbprint(self.public_key)


@dataclass(frozen=True, slots=True)
class Founding:
    """The founding record, read and found whole."""

    identifier: str
    """The SHA-256 of its bytes."""
    cor: str
    """The corridor's identifier: the same, or in a succession the one that it keeps."""
    leaf: str
    agreement: Agreement
    route: Route
    agreement_text: str
    route_text: str
    nature: Nature
    seats: tuple[Seat, ...]
    log: VerifierKey
    service_key: bytes
    witnesses: tuple[VerifierKey, ...]
    quorum: int
    succession: Succession | None = None
    """How the log before this one ended, if there was one."""

    @property
    def service_kid(self) -> str:
        """The name of the service key."""
        return thumbprint(self.service_key)

    @property
    def origin(self) -> str:
        """The log's origin: its key's name."""
        return self.log.name

    @property
    def guarantor_key(self) -> bytes:
        """The root key that signed it."""
        return next(one.public_key for one in self.seats if one.role == "guarantor" and one.public_key)

    @classmethod
    def parse(cls, entry: Entry, *, where: str = "entry 0") -> Founding:
        """The founding that this entry is, or every fault; Disproved where only its signature fails."""
        founding = _Reader(entry, where).founding()
        if not verify_entry(entry, founding.guarantor_key):
            raise Disproved(
                "the signature of the guarantor's root fails",
                where=where,
                next_step="Compare its SHA-256 with the signed paper; found nothing on this record",
                rule="founding.signer",
            )
        return founding

    @classmethod
    def drafted(cls, entry: Entry, *, where: str = "the draft") -> Founding:
        """What a succession says that its seats are still asked to sign: who signed it is not asked."""
        return _Reader(entry, where, is_signed=False).founding()

    def policy(self) -> str:
        """The archive's `policy` file, in its one spelling (RECORD §4)."""
        lines = [f"log {self.log}", *(f"witness {key.name} {key}" for key in self.witnesses)]
        if self.witnesses:
            lines.append(f"group witnesses {self.quorum} {' '.join(key.name for key in self.witnesses)}")
        lines.append(f"quorum {'witnesses' if self.witnesses else 'none'}")
        return "".join(f"{line}\n" for line in lines)


class _Reader:
    """Goes on after a fault, so that all are reported."""

    def __init__(self, entry: Entry, where: str, *, is_signed: bool = True) -> None:
        self.entry = entry
        self.is_signed = is_signed
        self.payload: Mapping[str, Any] = entry.payload
        self.where = where
        self.faults: list[Fault] = []
        self.keys: dict[bytes, str] = {}  # whose each is

    def founding(self) -> Founding:
        if self.entry.evt not in ENTRY_0:
            hint = "Entry 0 of a corridor's log is its founding record, or a succession"
            raise Malformed(
                "this is no founding record", where=self.where, next_step=hint, rule="founding.place"
            )
        agreement, route = self._files()
        seats = self._seats()
        log = self._log()
        service = self._key(self.payload["service"]["jwk"], "service")
        witnesses = tuple(
            key
            for number, text in enumerate(self.payload["witnesses"], 1)
            if (
                key := self._vkey(text, f"witness {number}", {KeyType.COSIGNATURE, KeyType.MLDSA_COSIGNATURE})
            )
        )
        self._check_quorum(witnesses)
        succession: Succession | None = None
        if agreement is not None:
            self._check_seats(agreement, seats)
            succession = self._succession(agreement, seats)
        if self.faults or agreement is None or route is None or log is None or service is None:
            raise Malformed.of(self.faults)
        identifier = sha256(self.entry.text).hex()
        return Founding(
            identifier=identifier,
            cor=self.entry.cor or identifier,
            leaf=self.entry.leaf.hex(),
            agreement=agreement,
            route=route,
            agreement_text=self.payload["agreement"],
            route_text=self.payload["route"],
            nature=cast(Nature, self.payload["nature"]),
            seats=seats,
            log=log,
            service_key=service,
            witnesses=witnesses,
            quorum=self.payload["quorum"],
            succession=succession,
        )

    def _succession(self, agreement: Agreement, seats: tuple[Seat, ...]) -> Succession | None:
        if self.entry.evt != SUCCESSION:
            return None
        roots = {one.seat: one.public_key for one in seats if one.public_key is not None}
        return read_succession(self.payload, agreement, roots, self._fault)

    def _fault(self, rule: str, message: str, next_step: str) -> None:
        if self.is_signed or rule not in ("founding.signer", "succession.consent"):
            self.faults.append(Fault(message, self.where, next_step, rule))

    def _files(self) -> tuple[Agreement | None, Route | None]:
        agreement: Agreement | None = None
        route: Route | None = None
        try:
            agreement = parse_agreement(self.payload["agreement"], where=f"{self.where}, agreement.toml")
            if agreement.version != 1 and self.entry.evt == FOUNDING:
                hint = "Write version = 1; later versions are amendments"
                self._fault("founding.agreement", f"its agreement is version {agreement.version}", hint)
        except Malformed as error:
            self.faults.extend(error.faults)
        try:
            route = parse_route(self.payload["route"], where=f"{self.where}, route.geojson")
        except Malformed as error:
            self.faults.extend(error.faults)
        return agreement, route

    def _seats(self) -> tuple[Seat, ...]:
        return tuple(
            Seat(
                one["seat"],
                one["role"],
                self._key(one["jwk"], f"seat {one['seat']}") if "jwk" in one else None,
            )
            for one in self.payload["seats"]
        )

    def _check_seats(self, agreement: Agreement, seats: tuple[Seat, ...]) -> None:
        asked = [(one.seat, one.role) for one in agreement.signatories]
        if [(one.seat, one.role) for one in seats] != asked:
            words = ", ".join(f"{seat} ({role})" for seat, role in asked)
            self._fault(
                "founding.seats", "its seats are not the agreement's", f"Write, in this order: {words}"
            )
        root = next((one for one in seats if one.seat == agreement.guarantor), None)
        if root is None or root.kid != self.entry.kid or self.entry.iss != f"{agreement.guarantor}/root":
            hint = f"Sign it with the root key of {agreement.guarantor!r}, as {agreement.guarantor}/root"
            self._fault("founding.signer", "the guarantor's root did not sign it", hint)

    def _once(self, key: bytes, whose: str) -> None:
        if key in self.keys:
            message = f"{whose} has the key of {self.keys[key]}"
            self._fault(
                "founding.keys", message, "Make a key for each: one that leaks must not open all doors"
            )
        self.keys[key] = whose

    def _key(self, jwk: Any, whose: str) -> bytes | None:
        try:
            key = public_key_of(jwk, where=f"{self.where}, {whose}")
        except Malformed as error:
            self.faults.extend(error.faults)
            return None
        self._once(key, whose)
        return key

    def _vkey(self, text: str, whose: str, kinds: set[KeyType]) -> VerifierKey | None:
        try:
            key = VerifierKey.parse(text, where=f"{self.where}, {whose}")
        except Malformed as error:
            self.faults.extend(error.faults)
            return None
        if key.type not in kinds:
            words = " or ".join(f"{kind:02x}" for kind in sorted(kinds))
            self._fault(
                "founding.keys", f"the key of {whose} has type {key.type:02x}", f"Make one of type {words}"
            )
        self._once(key.public_key, whose)
        return key

    def _log(self) -> VerifierKey | None:
        key = self._vkey(self.payload["log"]["vkey"], "the log", {KeyType.ED25519})
        if key is not None and key.name != self.payload["log"]["origin"]:
            self._fault(
                "founding.keys", "the log's key has another name than its origin", "Write one name for both"
            )
        return key

    def _check_quorum(self, witnesses: tuple[VerifierKey, ...]) -> None:
        needed, there = self.payload["quorum"], len(self.payload["witnesses"])
        if not (1 <= needed <= there or needed == there == 0):
            self._fault(
                "founding.quorum", f"{needed} of {there} witnesses are needed", "Need 1 at least, all at most"
            )
        if there >= MAX_SIGNATURES:
            hint = f"Name at most {MAX_SIGNATURES - 1}: the log's own line is one of {MAX_SIGNATURES}"
            self._fault("founding.quorum", f"{there} witnesses cannot all sign one head", hint)
        names = [key.name for key in witnesses]
        if len(set(names)) != len(names) or not {"none", "witnesses"}.isdisjoint(names):
            hint = "Give each its own name; none and witnesses are taken"
            self._fault("founding.quorum", "two witnesses have one name", hint)
