"""Fold the governing records of a log into its keyring; the rules, by number, stand in `keyring.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from safeconduct.core.agreement.closing import CLOSING, Closing
from safeconduct.core.agreement.enrolment import (
    Enrolment,
    Proposal,
    Revocation,
    Said,
    StandingState,
    Version,
    rotation_message,
)
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_base64url
from safeconduct.core.record.entry import Entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.core.tlog.signature import verify_ed25519

GOVERNING = frozenset(
    ("key", "revocation", "amendment", CLOSING, "consent", "refusal", "lapse", "withdrawal", "correction")
)
"""The kinds that the fold reads; of `correction` only those that admit."""


def keyring_of(founding: Founding, records: Iterable[tuple[int, Entry]]) -> Keyring:
    """The keyring. `records`: all entries of `GOVERNING` kinds whose signature verified, index ascending."""
    entries = tuple(records)
    cuts: dict[str, Revocation] = {}
    spent: set[str] = set()  # each revocation reaches back once at most, so this ends
    while True:
        fold = _Fold(founding, cuts.values())
        fold.run(entries)
        stale = cuts.keys() - fold.accepted
        fresh = [one for one in fold.reaching_back if one.leaf not in spent][:1]
        if not stale and not fresh:
            return fold.ring
        spent.update(one.leaf for one in fresh)
        cuts = {leaf: one for leaf, one in cuts.items() if leaf not in stale}
        cuts.update((one.leaf, one) for one in fresh)


class _Fold:
    """One pass over the governing records. `cuts`: the revocations that reach back, known from the start."""

    def __init__(self, founding: Founding, cuts: Iterable[Revocation]) -> None:
        self.ring = Keyring(founding)
        for cut in cuts:
            self.ring.revoke(cut)
        self.accepted: set[str] = set()  # leaves of the revocations that had effect
        self.reaching_back: list[Revocation] = []
        self.acted: dict[str, list[tuple[int, str]]] = {}  # number and leaf of what each key governed with
        self.consent_leaves: dict[str, tuple[str, str]] = {}

    def run(self, entries: Sequence[tuple[int, Entry]]) -> None:
        for index, entry in entries:
            if self.ring.closing is not None:  # 11
                return
            rules = self.ring.may_sign(
                entry.kid, entry.evt, entry.agr, index, iss=entry.iss, seq=entry.seq, leaf=entry.leaf.hex()
            )
            if not rules:  # 10: what is wrong with the others is found with all records
                self._take(index, entry, self.ring.keys[entry.kid])

    def _take(self, index: int, entry: Entry, by: Enrolment) -> None:
        match entry.evt:
            case "key":
                self._key(index, entry, by)
            case "revocation":
                self._revocation(index, entry, by)
            case "amendment":
                self._amendment(index, entry, by)
            case "closing":
                closing = Closing.of(index, entry)
                self._propose(index, by, Proposal(closing.leaf, index, closing))
            case "consent":
                self._say(index, entry, by, "consented")
            case "refusal":
                self._say(index, entry, by, "refused")
            case "lapse":
                self._lapse(index, entry)
            case "withdrawal":
                self._withdrawal(index, entry, by)
            case _:
                if entry.payload.get("admits"):
                    self.ring.admissions.setdefault(entry.payload["of"], []).append(by)
                return
        self.acted.setdefault(by.kid, []).append((entry.seq, entry.leaf.hex()))

    def _find(self, rule: str, index: int, entry: Entry, expected: str, found: str) -> None:
        evidence = (entry.leaf.hex(),)
        self.ring.findings.append(Finding(rule, (index,), expected, found, evidence, entry.iss, "log alone"))

    # Keys

    def _key(self, index: int, entry: Entry, by: Enrolment) -> None:
        try:
            public_key = public_key_of(entry.payload["cnf"]["jwk"])
        except Malformed as error:
            self._find("key.enroller", index, entry, "an acceptable key", error.faults[0].message)
            return
        holder = entry.payload["holder"]
        new = Enrolment(
            thumbprint(public_key), public_key, holder, index, by.kid, entry.payload.get("replaces")
        )
        if new.kid in self.ring.keys:
            found = f"a key that {self.ring.keys[new.kid].holder} holds"
            self._find("key.enroller", index, entry, "a key that nobody holds", found)
        elif new.is_root:
            self._root(index, entry, by, new)
        elif self.ring.may_manage(by, holder, self.ring.version.agreement):
            self.ring.enrol(new)
        else:
            self._find("key.enroller", index, entry, f"somebody who may enrol {holder}", entry.iss)

    def _root(self, index: int, entry: Entry, by: Enrolment, new: Enrolment) -> None:  # 7
        seat, version = new.organisation, self.ring.version.agreement
        old = self.ring.roots.get(seat)
        if seat not in version.seats or not by.is_root:
            self._find(
                "key.enroller", index, entry, "a root, for a seat of the agreement", f"{entry.iss} for {seat}"
            )
        elif not _is_proved(entry, self.ring.founding.cor, seat, old or "", new):
            self._find(
                "key.enroller", index, entry, "a proof that the new root is held", "none that verifies"
            )
        elif old == by.kid and new.replaces == old:
            self._retire(Revocation(old, index, by.kid, entry.leaf.hex(), (entry.seq, entry.leaf.hex())), new)
        elif old is None and by.organisation == version.guarantor:
            self.ring.enrol(new)
        elif old is not None and old != by.kid:
            leaf = entry.leaf.hex()
            said = {by.organisation: Said("consented", index)}
            self.ring.proposals[leaf] = Proposal(leaf, index, new, said)
            self._settle(index, self.ring.proposals[leaf])
        else:
            expected = "the guarantor for an empty seat; for a filled one its root, named in `replaces`"
            self._find("key.enroller", index, entry, expected, entry.iss)

    def _retire(self, revocation: Revocation, new: Enrolment) -> None:
        self.ring.revoke(revocation)
        self.ring.enrol(new)

    def _revocation(self, index: int, entry: Entry, by: Enrolment) -> None:
        target = self.ring.keys.get(entry.payload["kid"])
        if target is None:
            self._find("key.enroller", index, entry, "an enrolled key", "a key that nobody enrolled")
            return
        may = by.kid in {target.kid, target.by} or self.ring.may_manage(
            by, target.holder, self.ring.version.agreement
        )
        if not may or (target.is_root and by.kid != target.kid):  # 6
            self._find("key.enroller", index, entry, f"somebody who may revoke {target.holder}", entry.iss)
            return
        last = entry.payload["last"]
        named = None if last is None else (last["seq"], last["leaf"])
        revocation = Revocation(target.kid, index, by.kid, entry.leaf.hex(), named)
        self.accepted.add(revocation.leaf)
        self.ring.revoke(revocation)
        if any(revocation.is_past(seq, acted) for seq, acted in self.acted.get(target.kid, ())):
            self.reaching_back.append(revocation)

    # Consent

    def _amendment(self, index: int, entry: Entry, by: Enrolment) -> None:
        payload, leaf = entry.payload, entry.leaf.hex()
        try:
            version = Version(
                index, leaf, parse_agreement(payload["agreement"]), parse_route(payload["route"])
            )
        except Malformed as error:
            self._find(
                "agreement.amendment", index, entry, "an agreement and a route", error.faults[0].message
            )
            return
        number = version.agreement.version
        if number != payload["version"] or number <= self.ring.version.agreement.version:
            expected = f"a version above {self.ring.version.agreement.version}, the same in file and record"
            self._find("agreement.amendment", index, entry, expected, f"{number} and {payload['version']}")
            return
        self._propose(index, by, Proposal(leaf, index, version))

    def _propose(self, index: int, by: Enrolment, proposal: Proposal) -> None:
        self.ring.proposals[proposal.leaf] = proposal
        if by.is_root:
            proposal.said[by.organisation] = Said("consented", index)
        self._settle(index, proposal)

    def _say(self, index: int, entry: Entry, by: Enrolment, state: StandingState) -> None:
        of = entry.payload["of"]
        proposal = self.ring.proposals.get(of)
        if proposal is None:
            self._find("agreement.consent_to", index, entry, "the leaf of a proposal", of)
            return
        leaf, payload = entry.leaf.hex(), entry.payload
        said = Said(state, index, payload.get("reason", ""), leaf, payload.get("until"))
        proposal.said[by.organisation] = said
        self.consent_leaves[leaf] = (of, by.organisation)
        self._settle(index, proposal)

    def _withdrawal(self, index: int, entry: Entry, by: Enrolment) -> None:
        _, seat = self.consent_leaves.get(entry.payload["withdraws"], ("", ""))
        if by.is_root and seat == by.organisation:
            self._end(index, entry.payload["withdraws"], "withdrawn", entry.payload.get("runs_on", ()))

    def _lapse(self, index: int, entry: Entry) -> None:  # 12
        of, seat = self.consent_leaves.get(entry.payload["of"], ("", ""))
        said = self.ring.proposals[of].said[seat] if of else None
        term = said.until if said is not None and said.leaf == entry.payload["of"] else None
        if term is None or entry.payload["iat"] < term:
            found = "no such consent" if term is None else f"one that holds until {term}"
            self._find(
                "agreement.lapse", index, entry, "a consent that stands and whose term has passed", found
            )
            return
        self._end(index, entry.payload["of"], "lapsed", entry.payload["runs_on"])

    def _end(self, index: int, consent: str, state: StandingState, runs_on: Iterable[str]) -> None:
        """A consent ends; what the seat has said since stands."""
        of, seat = self.consent_leaves[consent]
        said = self.ring.proposals[of].said
        if said[seat].leaf == consent:
            said[seat] = Said(state, index, runs_on=tuple(runs_on))

    def _settle(self, index: int, proposal: Proposal) -> None:
        """Whether it is in force now (rules 7 and 8)."""
        if proposal.in_force_from is not None or self.ring.missing(proposal.leaf):
            return
        subject = proposal.subject
        if isinstance(subject, Enrolment):
            old = self.ring.roots[subject.organisation]
            lost = Revocation(old, index, subject.by or "", proposal.leaf, None, earlier_stand=True)
            self._retire(lost, replace(subject, index=index))
        elif isinstance(subject, Closing):
            self.ring.closing = subject
        elif subject.agreement.version > self.ring.version.agreement.version:
            self.ring.versions.append(Version(index, proposal.leaf, subject.agreement, subject.route))
        else:
            return  # another version of this number was there first
        proposal.in_force_from = index


def _is_proved(entry: Entry, cor: str, seat: str, old: str, new: Enrolment) -> bool:
    """Whether the new root signed its own enrolment (rule 7)."""
    proof = entry.payload.get("proof")
    message = rotation_message(cor, seat, old, new.kid)
    return proof is not None and verify_ed25519(new.public_key, message, parse_base64url(proof))
