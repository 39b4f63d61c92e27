"""The story of one passage, and one record with its proof, as the public may see them: no private value, ever.

Rules:
 1. A passage's records are those of the fold (`public_fold`), in the core's order. Each says whether it still stands,
    and whether its key may sign it: what does not count is told, too.
 2. Rules are judged on what stands there. What would follow from the absence of a record is left to the audit:
    nobody counts as on watch here.
 3. A record's proof leads from its leaf to the root of the public's head (C2SP tlog-proof); the receipt holds both.
 4. What is after the public's head does not exist here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.passage.fold import Rules, Watch, fold
from safeconduct.core.passage.order import in_order
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.proofs import inclusion_proof
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.ports import Store
from safeconduct.service.public_fold import PublicFold
from safeconduct.service.public_head import PublicHead
from safeconduct.service.story import Told
from safeconduct.service.version import may_sign


@dataclass(frozen=True, slots=True)
class Step:
    """One record of a story. `stands`: not corrected or withdrawn since; `counts`: by a key that may sign it."""

    told: Told
    stands: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class Proved:
    """One entry under the public's head: its bytes, its record if it can be read, and the way to the root."""

    index: int
    text: bytes
    leaf: str
    told: Told | None
    receipt: Receipt


def story_of(folded: PublicFold, store: Store, ring: Keyring, psg: str) -> tuple[Step, ...]:
    """Rule 1; empty for a passage that is not there."""
    passage = folded.passages.get(psg)
    if passage is None:
        return ()
    entries = {index: parse_entry(next(store.entries(index, index + 1))) for index in passage.records}
    void = {entry.leaf.hex() for index, entry in entries.items() if not may_sign(ring, index, entry)}
    history = in_order((folded.event(index, entry) for index, entry in entries.items()), void=void)
    standing = {event.leaf for event in history.standing}
    return tuple(
        Step(
            _told(folded, event.index, entries[event.index]),
            stands=event.leaf in standing or event.leaf in void,
            counts=event.leaf not in void,
        )
        for event in history.told
    )


def findings_of(folded: PublicFold, ring: Keyring, steps: Sequence[Step]) -> tuple[Finding, ...]:
    """Rule 2."""
    first = ring.founding.agreement
    kinds = frozenset().union(*(watch.kinds for watch in folded.watches.values()))
    rules = Rules(
        agreement_of=lambda version: ring.agreement_of(version) or first,
        now=folded.heads.now,
        watch=Watch.of((), source_kinds=kinds if ring.founding.nature == "replay" else None),
        void={step.told.event.leaf for step in steps if not step.counts},
    )
    return fold((step.told.event for step in steps), rules).findings


def prove(folded: PublicFold, store: Store, head: PublicHead, index: int) -> Proved | None:
    """Rules 3 and 4."""
    if not 0 <= index < head.size:
        return None
    text = next(store.entries(index, index + 1))
    try:
        told = _told(folded, index, parse_entry(text))
    except Malformed:
        told = None
    proof = inclusion_proof(folded.tree.read, index=index, size=head.size)
    return Proved(
        index, text, leaf_hash(text).hex(), told, Receipt(index, tuple(proof), Note.parse(head.note))
    )


def numbers(steps: Sequence[Step]) -> Mapping[str, int]:
    """The number of each record of a story by its leaf."""
    return {step.told.event.leaf: step.told.event.index for step in steps}


def _told(folded: PublicFold, index: int, entry: Entry) -> Told:
    hidden = '"_sd":' in json.dumps(entry.payload, separators=(",", ":"))
    return Told(folded.event(index, entry), entry, {}, hidden)
