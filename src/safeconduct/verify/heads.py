"""What dated the log: head records, and for this audit the signed head itself (RECORD §5).

Rules, in the order of the code:
 1. The root of a head record is the one that the tree has at its size; else it says nothing.
 2. Head records of one size count once, with all their cosignatures, each with its earliest time.
 3. A head without a quorum dates nothing, and is named; where the policy asks for no witnesses, none is
    dated.
 4. After the end of a log that was closed its first dated head is the last one that dates (core/agreement/closing).
 5. A head that a signer saw is in a head record. Who logs none hides when everything came in: then no limit passes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from safeconduct.core.agreement.closing import until_the_end
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.time import HeadTimes
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.verify.hashes import Roots
from safeconduct.verify.index import Leaves
from safeconduct.verify.rules import finding
from safeconduct.verify.segments import VOID, HeadSeen
from safeconduct.verify.survey import Survey


@dataclass(slots=True)
class Dating:
    """The dated heads of a log, and what is wrong with others."""

    times: HeadTimes = field(default_factory=HeadTimes)
    sizes: list[int] = field(default_factory=list)
    """Of the dated heads, ascending."""
    logged: frozenset[int] = frozenset()
    """Sizes of the head records that hold."""
    findings: list[Finding] = field(default_factory=list)


def date(
    heads: Iterable[HeadSeen],
    signed: SignedHead,
    policy: Policy,
    roots: Roots,
    leaves: Leaves,
    *,
    last: int | None = None,
) -> Dating:
    """Rules 1 to 4, over all head records and the signed head of the archive; `last`: where the log was closed."""
    dating = Dating()
    by_size: dict[int, list[HeadSeen]] = {}
    for head in heads:
        if head.root == roots.at(head.size):
            by_size.setdefault(head.size, []).append(head)
        else:
            dating.findings.append(_wrong(head, roots, leaves))  # 1
    dating.logged = frozenset(by_size)
    names = [each.name for each in policy.witnesses]
    dated: list[tuple[int, int]] = []
    for size in sorted({*by_size, signed.checkpoint.size}):
        same = by_size.get(size, [])
        lines = [pair for head in same for pair in zip(names, head.cosigned, strict=True) if pair[1]]
        if size == signed.checkpoint.size:
            lines += signed.cosigned.items()
        together = dict(sorted(lines, reverse=True))  # 2: of one name the earliest comes last, and stays
        time = SignedHead(signed.checkpoint, signed.log_key, together).time(policy)
        if time is not None:
            dated.append((size, time))
        elif policy.witnesses:  # 3
            dating.findings.append(_no_quorum(size, together, same, policy, leaves))
    for size, time in until_the_end(last, dated):  # 4
        dating.times.add(size, time)
        dating.sizes.append(size)
    return dating


def unlogged(survey: Survey, logged: Collection[int]) -> Iterator[Finding]:
    """Rule 5, one for each head; after `Judge` has taken away what no signer can have seen."""
    columns, leaves = survey.columns, survey.leaves
    missing = {
        place: size for place, (size, _) in enumerate(survey.heads_seen) if size and size not in logged
    }
    for index, place in enumerate(columns.seens if missing else ()):
        if place in missing and not columns.flags[index] & VOID:
            yield finding(
                "head.unlogged",
                index,
                leaves.of(index).hex(),
                expected=f"a record of the head of {missing.pop(place)} entries, which the signer says that it saw",
                found="none",
                touches="log/service",
            )


def _wrong(head: HeadSeen, roots: Roots, leaves: Leaves) -> Finding:
    return finding(
        "head.wrong",
        head.index,
        leaves.of(head.index).hex(),
        expected=f"root {roots.at(head.size).hex()} at {head.size} entries",
        found=f"root {head.root.hex()}",
        touches="log/service",
    )


def _no_quorum(
    size: int, cosigned: Mapping[str, int], records: Iterable[HeadSeen], policy: Policy, leaves: Leaves
) -> Finding:
    """A head of the log that too few cosigned; the newest one is only in the archive."""
    indices = [head.index for head in records] or [size - 1]
    shown = {index: leaves.of(index).hex() for index in indices}
    last = indices[-1]
    return finding(
        "head.no_quorum",
        last,
        shown.pop(last),
        expected=f"a quorum for the head of {size} entries",
        found="; ".join(policy.quorum.missing(cosigned)),
        touches="log/service",
        others=shown,
    )
