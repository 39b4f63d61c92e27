"""An evidence file, checked by somebody who was not there (docs/spec/evidence.md).

Rules, in the order of the code:
 1. JCS and one LF; the members `format`, `kind`, `policy`, and those of its kind. 512 KiB at most.
 2. `policy` is in its one spelling. Every signed head in the file has lines of the policy's keys only.
 3. What its kind says holds under that policy; and under the policy that was brought, where one was.
 4. With an archive, what is absent from a log is looked for in it (`absence`); a policy that is brought is then the
    archive's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.policy import Policy
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.evidence.absence import Claim, Hole, Withheld
from safeconduct.verify.evidence.digests import TwoDigests
from safeconduct.verify.evidence.fork import Fork
from safeconduct.verify.evidence.members import Members
from safeconduct.verify.evidence.other_record import OtherRecord
from safeconduct.verify.evidence.rollback import Rollback
from safeconduct.verify.evidence.shown import Shown, check_only_listed
from safeconduct.verify.evidence.split import Split
from safeconduct.verify.files import POLICY
from safeconduct.verify.head import read_policy
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import ArchiveBytes, Reporter, Workers
from safeconduct.verify.report import Report

FORMAT = "safeconduct-evidence@1"
MAX_BYTES = 512 * 1024

Alone: TypeAlias = Split | Rollback | OtherRecord | Fork | TwoDigests
"""Proves by itself what it is for."""
Absent: TypeAlias = Hole | Withheld
"""Takes an archive."""

_KINDS: tuple[type[Alone | Absent], ...] = (
    Split,
    Rollback,
    OtherRecord,
    Fork,
    TwoDigests,
    Hole,
    Withheld,
)
KINDS = {kind.kind: kind for kind in _KINDS}
_HEAD = ("format", "kind", "policy")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file, read; nothing of it is checked yet."""

    policy: str
    of: Alone | Absent

    @classmethod
    def parse(cls, data: bytes, *, where: str = "evidence") -> Evidence:
        """Rule 1; printed back, it gives the same bytes."""
        if len(data) > MAX_BYTES or not data.endswith(b"\n"):
            raise Malformed(
                "this is not an evidence file", where=where, next_step="It is one line of JSON, with its LF"
            )
        value: Any = parse_canonical(data[:-1], where=where)
        kind = KINDS.get(str(value.get("kind"))) if type(value) is dict else None
        if kind is None or value.get("format") != FORMAT:
            words = f"Its format is {FORMAT}; its kind one of {', '.join(KINDS)}"
            raise Malformed("this is not an evidence file", where=where, next_step=words)
        members = Members.of(value, (*_HEAD, *kind.names), where=where)
        return cls(members.text("policy"), kind.read(members))

    def print(self) -> bytes:
        """Rule 1, written."""
        value = {"format": FORMAT, "kind": self.of.kind, "policy": self.policy, **self.of.members()}
        return canonical(value) + b"\n"

    def check(self, policy: Policy | None = None) -> Shown:
        """Rules 2 and 3. Disproved: it does not hold."""
        own = self._own_policy()
        shown = self.of.check(own)
        return shown if policy is None else self.of.check(policy)

    def _own_policy(self) -> Policy:
        own = read_policy(self.policy.encode())
        for note in self.of.notes():
            check_only_listed(note, own, where=self.of.kind)
        return own


@dataclass(frozen=True, slots=True)
class InArchive:
    """Rule 4."""

    archive: ArchiveBytes
    workers: Workers
    reporter: Reporter

    def check(self, evidence: Evidence, policy: Policy | None = None) -> Shown:
        """What the file shows, with what an audit of the archive adds."""
        if not isinstance(evidence.of, Hole | Withheld):
            raise Malformed("this evidence needs no archive", where="--archive", next_step="Leave it out")
        if self.archive.read(POLICY) != evidence.policy.encode():
            raise Malformed(
                "the archive has another policy than the file",
                where="--archive",
                next_step="Name one of this log",
            )
        if policy is not None and policy.print() != evidence.policy:
            # Its audit dates by the witnesses that the archive names: they must be those who are believed.
            raise Malformed(
                "the policy that was brought is not that of the archive",
                where="--policy",
                next_step="Bring the policy of an archive of this log, as it is",
            )
        shown = evidence.check(policy)
        claim = evidence.of.claim(read_policy(evidence.policy.encode()))
        head = Kept("the head in the file", evidence.of.head.print().encode())
        offers = (Kept("the record in the file", claim.offers),) if claim.offers else ()
        options = Options(heads=(head,), offers=offers)
        try:
            report = audit(self.archive, workers=self.workers, reporter=self.reporter, options=options)
        except Malformed as error:  # of what it was told: a record that could not be logged, nobody withheld
            raise Disproved.of(error.faults) from error
        return _with(report, claim, shown)


def _with(report: Report, claim: Claim, shown: Shown) -> Shown:
    if report.head is None:
        raise (Malformed if report.failed == Malformed.exit_code else Disproved).of(report.faults)
    found = [
        each
        for each in report.findings
        if each.rule == claim.rule and claim.leaf in each.evidence and claim.dated in each.found
    ]
    if not found:
        return replace(shown, needs=(_NOT_FOUND.format(report.head.size),))
    says = (
        f"The audit of an archive of {report.head.size} entries, root {report.head.root}, found by the rule "
        f"{each.rule}: expected {each.expected}; found {each.found}."
        for each in found
    )
    open_ = "What came into the log after that head of the archive: a record may still be handed in."
    return replace(
        shown, proved=True, proves=(*shown.proves, *says), leaves_open=(*shown.leaves_open, open_), needs=()
    )


_NOT_FOUND = "an archive in which it is so: in this one, of {} entries, the auditor finds nothing of the kind"
