"""Whose key may sign what, and which version is in force (RECORD §4). `govern.py` folds the records.

Rules:
 1. A key is enrolled by a `key` record, at an index below every record of its own. The founding record
    enrols the roots of filled seats and the service key.
 2. `iss` is, byte for byte, the holder that the key's record names.
 3. [powers] of the version that a record cites says which roles, or which holders by name, may sign its
    kind; a few kinds are fixed: `head`, `disclosure` the service key; `consent`, `refusal` a root;
    `offered`, `countersign`, `correction`, `withdrawal` any enrolled key. A version that is not in force yet
    gives none: then the one in force decides. A kind that this version does not know is not judged. What is
    told of a post under the role `post` is told by that post.
 4. Who has the power to enrol may use it for: its own seat, if the holder's organisation is a seat; posts
    and the log's service, if it is of the guarantor's seat; any other organisation, as `declarant` only.
 5. A revocation names the last good (seq, leaf), or null: none. What the key signed past it, or beside it
    under its number, and any other record of it that is logged after the revocation, is by a revoked key,
    until whoever may enrol its holder admits it by a `correction`. A governing record does not come to life
    so; it is signed anew. A second revocation takes nothing back from the first. A replacement key starts
    with the leaf that one of them names, or with none if it was enrolled before them.
 6. Whoever may enrol a holder may revoke its keys. A root is revoked by itself alone.
 7. A root is rotated by a `key` record of the old root that names it in `replaces`. An empty seat is filled
    by one of the guarantor's root. A lost root is replaced by one of any other root, from the record on
    with which the consent rule is met. Each holds `proof`: the new key's signature over `rotation_message`.
 8. An amendment is in force from the record on with which both consent rules are met: of the version in
    force, and its own. The root that signs it consents by that.
 9. With `seen`, a record cites the version in force in that prefix; without, any that was in force before
    its index.
10. A record of governing kind that lacks the right has no effect. If a key is revoked back to before it
    governed, all is folded again without what it did since; the earliest such revocation first.
11. A closing is in force from the record on with which the consent rule is met. The root that signs it consents by
    that. What stands after that record governs nothing: keys, versions and consents stay as they are.
12. A consent ends by a withdrawal of its own root; one for a term also by a `lapse` of any root that is signed once the
    term has passed. What came into force by it stays in force.
"""

from __future__ import annotations

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.closing import Closing
from safeconduct.core.agreement.enrolment import (
    Enrolment,
    Proposal,
    Revocation,
    Said,
    Standing,
    Version,
)
from safeconduct.core.agreement.founding import ENTRY_0, SERVICE_HOLDER, Founding
from safeconduct.core.agreement.parse import SERVICE_ORGANISATION
from safeconduct.core.record.entry import Entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.signature import thumbprint


class Keyring:
    """The keys and versions of a corridor, as its governing records up to some head leave them."""

    def __init__(self, founding: Founding) -> None:
        """As the founding record leaves it; `keyring_of` folds the rest."""
        self.founding = founding
        self.keys: dict[str, Enrolment] = {}
        self.roots: dict[str, str] = {}
        self.revocations: dict[str, list[Revocation]] = {}
        self.proposals: dict[str, Proposal] = {}
        self.versions: list[Version] = [Version(0, founding.leaf, founding.agreement, founding.route)]
        self.closing: Closing | None = None
        """The one that is in force (rule 11)."""
        self.findings: list[Finding] = []
        self.admissions: dict[str, list[Enrolment]] = {}
        self._power_of: dict[tuple[str, str, int], bool] = {}
        for seat in founding.seats:
            if seat.public_key is not None:
                self.enrol(Enrolment(seat.kid or "", seat.public_key, f"{seat.seat}/root", -1, None, None))
        key = founding.service_key
        self.enrol(Enrolment(thumbprint(key), key, SERVICE_HOLDER, -1, None, None))
        signed = founding.succession.consented if founding.succession else (founding.agreement.guarantor,)
        said = {seat: Said("consented", 0) for seat in signed}
        self.proposals[founding.leaf] = Proposal(founding.leaf, 0, self.versions[0], said, in_force_from=0)

    def enrol(self, enrolment: Enrolment) -> None:
        """Take a key in; that it may be is settled."""
        self.keys[enrolment.kid] = enrolment
        if enrolment.is_root:
            self.roots[enrolment.organisation] = enrolment.kid

    def revoke(self, revocation: Revocation) -> None:
        """Take a revocation in, once; that it may be is settled."""
        known = self.revocations.setdefault(revocation.kid, [])
        if all(one.leaf != revocation.leaf for one in known):
            known.append(revocation)

    # Versions

    def version_at(self, size: int) -> Version:
        """The version in force in the prefix of this size (1 or more)."""
        return next(version for version in reversed(self.versions) if version.index < max(size, 1))

    @property
    def version(self) -> Version:
        """The version in force at the end."""
        return self.versions[-1]

    def agreement_of(self, version: int) -> Agreement | None:
        """The agreement of a version that was ever in force."""
        found = (one.agreement for one in self.versions if one.agreement.version == version)
        return next(found, None)

    def may_cite(self, agr: int, *, index: int, seen: int | None) -> bool:
        """Rule 9; `seen` is the size of a valid `seen`, else None."""
        if seen is not None:
            return self.version_at(seen).agreement.version == agr
        return any(one.agreement.version == agr and one.index < max(index, 1) for one in self.versions)

    @property
    def closed_from(self) -> int | None:
        """Rule 11: the record with which the closing is in force, if one is."""
        return None if self.closing is None else self.proposals[self.closing.leaf].in_force_from

    # Keys

    def holder_of(self, kid: str, index: int | None = None) -> str | None:
        """Who holds a key; with an index, None unless it was enrolled below it."""
        enrolment = self.keys.get(kid)
        if enrolment is None or (index is not None and index <= enrolment.index):
            return None
        return enrolment.holder

    def is_revoked(self, kid: str) -> bool:
        """Whether a key was ever revoked."""
        return kid in self.revocations

    def revoked_by(self, kid: str, *, seq: int, leaf: str, index: int) -> Revocation | None:
        """The first revocation that a record is past."""
        return next((one for one in self.revocations.get(kid, ()) if one.covers(seq, leaf, index)), None)

    def last_good(self, kid: str) -> int | None:
        """Rule 5: the number past which no record of a key is good unless it is admitted; None: of any number."""
        cuts = (one for one in self.revocations.get(kid, ()) if not one.earlier_stand)
        return min((-1 if one.last is None else one.last[0] for one in cuts), default=None)

    def first_prevs(self, kid: str) -> tuple[str, ...]:
        """Rule 5: what a key's record 0 may have as its `prev`."""
        enrolment = self.keys.get(kid)
        revocations = self.revocations.get(enrolment.replaces or "", ()) if enrolment else ()
        named = [(one.last[1], one.index) for one in revocations if one.last is not None]
        is_later = enrolment is not None and any(index <= enrolment.index for _, index in named)
        return (*(() if is_later else ("",)), *(leaf for leaf, _ in named))

    def may_sign(
        self, kid: str, kind: str, agr: int, index: int, *, iss: str, seq: int, leaf: str
    ) -> tuple[str, ...]:
        """The identifiers of the rules that a record breaks by its key; none: it may."""
        enrolment = self.keys.get(kid)
        if enrolment is None:
            return ("key.unknown",)
        broken = []
        if index <= enrolment.index:  # 1
            broken.append("key.early")
        revocation = self.revoked_by(kid, seq=seq, leaf=leaf, index=index)
        if revocation and not self._admitted(enrolment, leaf):  # 5
            broken.append("key.revoked")
        if iss != enrolment.holder:  # 2
            broken.append("key.issuer")
        if not self._has_power(enrolment, kind, agr, index):  # 3
            broken.append("key.power")
        return tuple(broken)

    def broken_by(self, entry: Entry, index: int, *, seen: int | None) -> tuple[str, ...]:
        """All that is wrong with who signed a record and which version it cites."""
        broken = self.may_sign(
            entry.kid, entry.evt, entry.agr, index, iss=entry.iss, seq=entry.seq, leaf=entry.leaf.hex()
        )
        if not broken and is_of_another_post(entry):  # 3
            broken = ("key.power",)
        return broken if self.may_cite(entry.agr, index=index, seen=seen) else (*broken, "agreement.version")

    def _has_power(self, enrolment: Enrolment, kind: str, agr: int, index: int) -> bool:
        version = self._cited(agr, index).agreement
        key = (enrolment.holder, kind, version.version)
        if key not in self._power_of:
            self._power_of[key] = _power(enrolment, kind, version)
        return self._power_of[key] and (kind not in ENTRY_0 or index == 0)

    def _cited(self, agr: int, index: int) -> Version:
        """The version that a record cites, if it is in force before it; else the one that is."""
        in_force = (one for one in self.versions if one.agreement.version == agr and one.index < index)
        return next(in_force, None) or self.version_at(index)

    def may_manage(self, by: Enrolment, holder: str, version: Agreement) -> bool:
        """Rule 4; whether it has the power at all is rule 3."""
        organisation, _, role = holder.rpartition("/")
        if organisation in version.seats:
            return by.organisation == organisation and role != "root"
        if organisation in version.posts or organisation == SERVICE_ORGANISATION:
            return by.organisation == version.guarantor
        return role == "declarant"

    def _admitted(self, enrolment: Enrolment, leaf: str) -> bool:
        version = self.version.agreement
        return any(
            by.kid == enrolment.by or self.may_manage(by, enrolment.holder, version)
            for by in self.admissions.get(leaf, ())
        )

    # Consent

    def consents(self, leaf: str | None = None) -> tuple[Standing, ...]:
        """Who said what of a proposal (a leaf), or of the version in force; in the order of the seats."""
        proposal = self.proposals[leaf or self.version.leaf]
        return tuple(
            self._standing(proposal, one.seat, one.name, one.role)
            for one in self.version.agreement.signatories
        )

    def _standing(self, proposal: Proposal, seat: str, name: str, role: str) -> Standing:
        if seat in proposal.said:
            said = proposal.said[seat]
            return Standing(seat, name, role, said.state, said.index, said.reason, said.until, said.runs_on)
        return Standing(seat, name, role, "silent" if seat in self.roots else "empty", None, "")

    def missing(self, leaf: str) -> tuple[str, ...]:
        """The seats whose consent a proposal still lacks, in the order of the rules."""
        proposal = self.proposals[leaf]
        given = proposal.consented()
        rules = [self.version.agreement.consent]
        if isinstance(proposal.subject, Version):
            rules.append(proposal.subject.agreement.consent)
        return tuple(dict.fromkeys(seat for rule in rules for seat in rule.missing(given)))


def is_of_another_post(entry: Entry) -> bool:
    """Rule 3: whether a post's device tells what happened at another post."""
    payload = entry.payload
    if payload["evt"] not in _AT_A_POST:
        return False
    organisation, _, role = payload["iss"].rpartition("/")
    return bool(role == "post" and payload["post"] != organisation)


_AT_A_POST = frozenset(name for name, kind in KINDS.items() if "post" in kind.clear)
"""Kinds that say at which post it was."""


def _power(enrolment: Enrolment, kind: str, version: Agreement) -> bool:
    """Rule 3."""
    known = KINDS.get(kind)
    match known.fixed_signer if known else "any":
        case "service":
            return enrolment.holder == SERVICE_HOLDER
        case "root":
            return enrolment.is_root
        case "any":
            return True
        case _:
            return version.may_sign(enrolment.holder, kind)
