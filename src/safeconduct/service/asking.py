"""What is needed to ask a log's witnesses: where they answer, a committed head, and the proof that it goes on.

Rules of the file `witnesses`, in the order of the code:
 1. It is the corridor's `policy` (C2SP tlog-policy), with an address after the key of each witness that is asked.
 2. Without the addresses it says what the founding record says; who answers where is all that it adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.tlog.note import Note, Signature
from safeconduct.core.tlog.policy import Listed, Policy
from safeconduct.service.ports import StoredHead
from safeconduct.service.sequence import Sequencer

_COPY = "Copy the corridor's policy (published/policy), and write an address after each witness's key"


@dataclass(frozen=True, slots=True)
class Growing:
    """A committed head, and the proofs that it goes on from smaller ones."""

    head: StoredHead
    note: Note
    prove: Callable[[int], Sequence[bytes]]
    """From a size of 0 up to the head's; any thread may ask."""

    @classmethod
    def of(cls, log: Sequencer) -> Growing:
        """The newest one of this log, with the cosignatures that it has; the log may grow meanwhile."""
        head, prover = log.head, log.hashes.prover
        return cls(head, Note.parse(head.note), lambda old: prover.consistency(old=old, new=head.size))

    @property
    def size(self) -> int:
        """How many entries."""
        return self.head.size


def addressed(data: bytes, founding: Founding, *, where: str = "witnesses") -> tuple[Listed, ...]:
    """Rules 1 and 2: the witnesses that have an address, in founding order; all faults at once."""
    written = Policy.parse(data, where=where)  # 1
    ours = Policy.parse(founding.policy().encode())
    faults = []
    known, told = ({(one.name, one.key) for one in each.witnesses} for each in (ours, written))
    for name, _ in sorted(told - known, key=lambda one: one[0]):
        faults.append(Fault(f"{name} with this key is no witness of this corridor", where, _COPY))
    for name, _ in sorted(known - told, key=lambda one: one[0]):
        faults.append(Fault(f"{name} is a witness of this corridor, and does not stand here", where, _COPY))
    if not faults and _bare(written) != ours:  # 2
        faults.append(Fault("its log, order or quorum is not this corridor's", where, _COPY))
    if not faults and not any(one.url for one in written.witnesses):
        faults.append(Fault("no witness has an address here", where, _COPY))
    if faults:
        raise Malformed.of(faults)
    return tuple(one for one in written.witnesses if one.url)


def is_enough(policy: Policy, note: Note, lines: Iterable[Signature]) -> bool:
    """Whether the quorum is there, by the names on lines that were verified before."""
    together = (*note.signatures, *lines)
    names = [one.name for one in policy.witnesses if any(line.is_by(one.key) for line in together)]
    return policy.quorum.met_by(names)


def _bare(policy: Policy) -> Policy:
    """Without addresses."""
    logs, witnesses = (
        tuple(replace(one, url="") for one in each) for each in (policy.logs, policy.witnesses)
    )
    return replace(policy, logs=logs, witnesses=witnesses)
