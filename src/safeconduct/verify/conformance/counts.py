"""Which file is checked by what, and what came of it.

A file holds cases; a check yields for each what the file expects and what we found. A file of another shape
is `Malformed`; a file of another name is not ours to judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from safeconduct.core.kernel.errors import Malformed
from safeconduct.verify.conformance import heads, policies, records, signatures, trees, witnesses
from safeconduct.verify.conformance.case import Case


@dataclass(frozen=True, slots=True)
class Counts:
    """What one vector file gave."""

    passed: int
    failed: int
    mismatches: tuple[str, ...] = ()


_CHECKS: Mapping[str, Callable[[Any], Iterator[Case]]] = {
    "checkpoint_strictness.json": heads.heads,
    "checkpoints.json": heads.heads,
    "consistency_proofs.json": trees.consistency_proofs,
    "cosignatures.json": heads.heads,
    "edge_points.json": signatures.edge_points,
    "entries.json": records.entries,
    "inclusion_proofs.json": trees.inclusion_proofs,
    "merkle_tree.json": trees.merkle_tree,
    "mldsa_cosignatures.json": heads.mldsa_cosignatures,
    "policies.json": policies.policies,
    "receipts_with_quorum.json": policies.receipts_with_quorum,
    "signed_notes.json": heads.signed_notes,
    "subtree_consistency_proofs.json": trees.subtree_consistency_proofs,
    "tags.json": records.tags,
    "tiles.json": trees.tiles,
    "tlog_proofs.json": policies.tlog_proofs,
    "vkeys.json": signatures.vkeys,
    "witness_requests.json": witnesses.witness_requests,
}
_OTHER_SHAPE = (
    Malformed,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def is_known(name: str) -> bool:
    """Whether a file with this basename is one of vectors."""
    return name in _CHECKS


def run(name: str, data: bytes) -> Counts | None:
    """The counts of the vector file with this basename; None where the name is not known."""
    if not is_known(name):
        return None
    try:
        document = json.loads(data.decode())
        cases = list(_CHECKS[name](document))
    except _OTHER_SHAPE as error:
        raise Malformed(
            "this vector file has another shape", where=name, next_step="Compare with vectors/README.md"
        ) from error
    if not cases:
        raise Malformed(
            "this vector file holds no cases", where=name, next_step="Compare with vectors/README.md"
        )
    mismatches = tuple(
        f"{case.about}: expected {case.expected}, found {case.found}"
        for case in cases
        if case.expected != case.found
    )
    return Counts(len(cases) - len(mismatches), len(mismatches), mismatches)
