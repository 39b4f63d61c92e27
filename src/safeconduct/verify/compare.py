"""Two copies of a log, one beside the other: the same, one ahead of the other, or a split.

Heads and hashes are compared, not entries: that an archive holds what its head says is for its audit. A signed head
that was kept can stand for an archive, where it is not the larger one.

Rules, in the order of the code:
 1. Each head is signed by the log of its archive's policy; a head that was kept, by that of the other one. Both logs
    have one key: else these are two logs, and nothing can be told.
 2. Of equal sizes the roots are equal, or it is a split.
 3. Else the larger one's tiles give the root of its first entries, and the proof that leads from there to its own head
    (RFC 9162 §2.1.4). Where that does not verify, its tiles are not those of its head, and nothing can be told.
 4. That root is the smaller one's, and the larger one is ahead; or it is a split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.proofs import consistency_proof
from safeconduct.core.tlog.tree import verify_consistency
from safeconduct.verify.evidence.check import Evidence
from safeconduct.verify.evidence.rollback import Rollback, went_back
from safeconduct.verify.evidence.shown import listed_only
from safeconduct.verify.evidence.split import Split
from safeconduct.verify.files import CHECKPOINT, POLICY
from safeconduct.verify.hashes import Roots
from safeconduct.verify.head import read_head, read_policy
from safeconduct.verify.ports import ArchiveBytes

_CANNOT = "cannot tell"


@dataclass(frozen=True, slots=True)
class Copy:
    """A log as somebody has it: an archive, or a head alone."""

    name: str
    note: Note
    policy: Policy | None = None
    archive: ArchiveBytes | None = None

    @classmethod
    def of_archive(cls, archive: ArchiveBytes, name: str) -> Copy:
        """Rule 1, for an archive."""
        try:
            policy = read_policy(archive.read(POLICY))
            note = Note.parse(archive.read(CHECKPOINT), where=CHECKPOINT)
            read_head(note.print().encode(), policy)
        except (Malformed, Disproved) as error:
            raise type(error).of(
                replace(fault, where=f"{name}: {fault.where}") for fault in error.faults
            ) from error
        return cls(name, note, policy, archive)

    @classmethod
    def of_head(cls, data: bytes, name: str) -> Copy:
        """A head that somebody kept."""
        return cls(name, Note.parse(data, where=name))


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found; of equal sizes either may be called the smaller one."""

    verdict: Literal["same", "ahead", "split"]
    smaller: Copy
    larger: Copy
    heads: tuple[SignedHead, SignedHead]
    """Of the smaller one, and of the larger."""
    evidence: Evidence | None = None
    """Of the split; or that a witness cosigned the smaller head later than the larger one."""


def compare(one: Copy, other: Copy) -> Compared:
    """Rules 1 to 4. Malformed: nothing can be told. Disproved: a signature or the larger one's tiles fail."""
    policy = _policy(one, other)
    found = sorted(((_head(copy, policy), copy) for copy in (one, other)), key=lambda each: _order(each[0]))
    (small, smaller), (large, larger) = found
    heads = small, large
    old, new = small.checkpoint, large.checkpoint
    root, proof = (new.root, []) if old.size == new.size else _beginning(larger, large, old.size)
    if root != old.root:  # 2, 4
        notes = listed_only(smaller.note, policy), listed_only(larger.note, policy)
        evidence = Evidence(policy.print(), Split(notes, root, tuple(proof)))
        return Compared("split", smaller, larger, heads, evidence)
    if old.size == new.size:
        return Compared("same", smaller, larger, heads)
    went = next(went_back(large, small, policy), None)
    notes = listed_only(larger.note, policy), listed_only(smaller.note, policy)
    evidence_of_it = None if went is None else Evidence(policy.print(), Rollback(notes))
    return Compared("ahead", smaller, larger, heads, evidence_of_it)


def _policy(one: Copy, other: Copy) -> Policy:
    """Rule 1: the policy that both heads are asked of."""
    policies = [copy.policy for copy in (one, other) if copy.policy is not None]
    if not policies:
        raise Malformed(
            f"{_CANNOT}: these are two heads, and no archive",
            where=other.name,
            next_step="Name the archive of one of them",
        )
    keys = {log.key for policy in policies for log in policy.logs}
    if len(keys) > 1 or not all(copy.note.lines_of(key) for copy in (one, other) for key in keys):
        names = " and ".join(sorted({copy.note.text.partition("\n")[0] for copy in (one, other)}))
        raise Malformed(
            f"{_CANNOT}: these are two logs, {names}",
            where=other.name,
            next_step="Compare copies of one log; whether one goes on for the other: audit --predecessor",
        )
    return policies[0]


def _head(copy: Copy, policy: Policy) -> SignedHead:
    return policy.check(copy.note, where=copy.name)


def _order(head: SignedHead) -> tuple[int, bytes]:
    return head.checkpoint.size, head.checkpoint.root


def _beginning(larger: Copy, head: SignedHead, size: int) -> tuple[bytes, list[bytes]]:
    """Rule 3: the root of the larger one's first entries, and the proof from there to its head."""
    if larger.archive is None:
        raise Malformed(
            f"{_CANNOT}: this is a head alone, and the larger one",
            where=larger.name,
            next_step="Name its archive, or a newer one of the other copy",
        )
    if size == 0:
        raise Malformed(
            f"{_CANNOT}: one of them holds nothing", where=larger.name, next_step="Name newer copies"
        )
    own, roots = head.checkpoint, Roots(larger.archive, head.checkpoint.size)
    root, proof = roots.at(size), consistency_proof(roots.read, old=size, new=own.size)
    try:
        verify_consistency(old_size=size, old_root=root, size=own.size, root=own.root, proof=proof)
    except SafeconductError as error:
        raise Disproved(
            f"{_CANNOT}: its tiles are not those of its own head",
            where=larger.name,
            next_step="Audit it; then compare with another copy",
            rule="log.altered",
        ) from error
    return root, proof
