"""Which records are decided before they enter, and why one may not: every reason, by its rule and version.

Rules, in the order of the code:
 1. Decided is what grants, binds or governs: the kinds in `DECIDED`. Everything else was observed or said: by an
    enrolled key it enters, whatever it says, and the auditor names what is wrong with it.
 2. Its signer has the power, and cites the version in force in the prefix that its `seen` states; without a `seen`
    that the log knows, in all that is before it.
 3. A pass, and the revocation of one, is decided on the papers of its passage in that prefix (core/passage/decide);
    a pass clears no line that the agreement refuses. What it corrects itself does not stand in its way.
 4. What governs must have an effect: keys, revocations, amendments, closings, consents and their lapse as the keyring
    takes them.
"""

from __future__ import annotations

from collections.abc import Iterator

from safeconduct.core.agreement import rules as agreement_rules
from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.govern import GOVERNING
from safeconduct.core.passage import rules as passage_rules
from safeconduct.core.passage.decide import Command, GrantPass, Reason, Refused, RevokePass, decide
from safeconduct.core.passage.order import in_order
from safeconduct.core.passage.state import evolve
from safeconduct.core.record.entry import Entry
from safeconduct.service.ledger import Ledger

_ACTS = frozenset(("key", "revocation", "amendment", "closing", "consent", "refusal", "lapse"))
DECIDED = _ACTS | {"declaration", "pass", "pass-revocation", "erasure", "founding", "head", "disclosure"}
"""Rule 1."""

SENTENCE = {
    rule.id: rule.sentence
    for rule in (*agreement_rules.RULES, *passage_rules.RULES, *passage_rules.PERMISSION_RULES)
}
"""What each rule that a reason cites says."""


def reasons_against(entry: Entry, index: int, ledger: Ledger, clock: int) -> tuple[Reason, ...]:
    """Why a record may not enter at `index`; none: it may, and the ledger has taken it in."""
    reasons: tuple[Reason, ...] = ()
    if entry.evt in DECIDED:  # 1
        reasons = tuple(_reasons(entry, index, ledger, clock))
    elif entry.evt in GOVERNING:  # a withdrawal or a correction may govern, and enters in any case
        ledger.governs(index, entry)
    if not reasons:
        ledger.take(index, entry)
    return reasons


def _reasons(entry: Entry, index: int, ledger: Ledger, clock: int) -> Iterator[Reason]:
    seen = ledger.seen(entry, index)
    below = index if seen is None else seen
    agreement = ledger.ring.version_at(below).agreement
    broken = ledger.ring.broken_by(entry, index, seen=seen)  # 2
    if broken:
        for rule in broken:
            item = f"version {entry.agr}" if rule == "agreement.version" else f"signer {entry.iss}"
            yield Reason(item, rule, agreement.version)
        return
    now = ledger.now_of(entry, seen, clock)
    match entry.evt:
        case "pass":  # 3
            span = entry.payload["valid_from"], entry.payload["valid_until"]
            grant = GrantPass(entry.payload["declaration"], now, *span)
            yield from _decided(entry, below, ledger, grant, agreement)
        case "pass-revocation":
            yield from _decided(entry, below, ledger, RevokePass(entry.payload["pass"]), agreement)
        case kind if kind in _ACTS:  # 4
            for found in ledger.govern(index, entry):
                yield Reason(
                    f"{kind}: {found.expected} is expected, found is {found.found}",
                    found.rule,
                    agreement.version,
                )
        case _:
            pass


def _decided(
    entry: Entry, below: int, ledger: Ledger, command: Command, agreement: Agreement
) -> Iterator[Reason]:
    corrected = entry.payload.get("corrects")
    papers = [
        (event, counts)
        for event, counts in ledger.events(entry, below)
        if event.leaf != corrected or event.iss != entry.iss
    ]
    void = frozenset(event.leaf for event, counts in papers if not counts)
    state = evolve(in_order((event for event, _ in papers), void=void))
    decision = decide(state, command, agreement)
    if isinstance(decision, Refused):
        yield from decision.reasons
        return
    left_out = {item["line"] for item in entry.payload.get("refused", ())}
    for line, _ in decision.refused:
        if line not in left_out:
            yield Reason(f"line {line}", "pass.refused_goods", agreement.version)
