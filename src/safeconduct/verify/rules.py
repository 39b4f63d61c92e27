"""The auditor's own rules, and all rules together: what must hold, and what one must have to see that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from safeconduct.core.agreement import rules as agreement_rules
from safeconduct.core.passage import rules as passage_rules
from safeconduct.core.record import rules as record_rules
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.rules import Rule

_DISCLOSURES = "needs disclosures"
_KEPT_HEAD = "needs a head kept earlier"
_KEPT_RECEIPT = "needs a receipt"
_PREDECESSOR = "needs the predecessor's archive"
_KEPT_OFFER = "needs an offer that was logged or kept"


def _rule(name: str, sentence: str, assumption: str = "log alone") -> Rule:
    return Rule(name, "verify", sentence, assumption)


RULES: tuple[Rule, ...] = (
    _rule("archive.missing", "Every file of a log of the signed size is there."),
    _rule("archive.stray", "Nothing else is there."),
    _rule("archive.spelling", "Bundles, tiles and the head have their one spelling."),
    _rule("policy.spelling", "The policy is printed from the keys in force at the head, byte for byte."),
    _rule(
        "note.unknown_line", "The head has one line each of its log and witnesses, in order, and no other."
    ),
    _rule("log.signature", "The log, and every witness on the head, signed exactly this head."),
    _rule("log.altered", "Every entry and every hash is the one that leads to the signed root."),
    _rule("log.dropped", "No entry of the signed tree is left out."),
    _rule("log.reordered", "Entries stand in the order of the signed tree."),
    _rule("log.corridor", "Entry 0 is the founding record of the corridor that was asked for."),
    _rule("log.rollback", "The log goes on from every head of it that somebody kept.", _KEPT_HEAD),
    _rule("log.receipt", "What the log gave a receipt for stands in it.", _KEPT_RECEIPT),
    _rule(
        "head.wrong", "A head record holds a signed head of this log, with the root that the tree has there."
    ),
    _rule("head.no_quorum", "A published head gets its quorum of witnesses."),
    _rule("head.unlogged", "A head that a signer saw is in a head record."),
    _rule(
        "offered.withheld",
        "A valid record that was offered is in the log once the offline limit has passed.",
        _KEPT_OFFER,
    ),
    _rule(
        "watch.open_past_limit", "A watch ends, or its post hands in, before the offline limit has passed."
    ),
    _rule("disclosures.spelling", "The disclosures have their one spelling, entry by entry.", _DISCLOSURES),
    _rule("disclosures.false", "A disclosed value is the one that its entry committed to.", _DISCLOSURES),
    _rule(
        "disclosures.digest",
        "What this reader holds is what the newest record about a reader says.",
        _DISCLOSURES,
    ),
    _rule(
        "closing.counts",
        "A closing counts the records of each kind up to the head that its signer saw, and leaves none out.",
    ),
    _rule(
        "succession.predecessor",
        "The head that a succession names is one of its predecessor, with its quorum.",
        _PREDECESSOR,
    ),
    _rule(
        "succession.agreement",
        "Agreement, route, nature and roots are those in force at that head; origin, log key and service key are new.",
        _PREDECESSOR,
    ),
    _rule("succession.last", "The predecessor has no larger head with its quorum.", _PREDECESSOR),
    _rule("succession.lost", "What a succession gives up is not in its predecessor's archive.", _PREDECESSOR),
)

ALL: Mapping[str, Rule] = {
    rule.id: rule for rule in chain(record_rules.RULES, agreement_rules.RULES, passage_rules.RULES, RULES)
}


def finding(
    rule: str,
    index: int,
    leaf: str,
    *,
    expected: str,
    found: str,
    touches: str = "",
    others: Mapping[int, str] | None = None,
    provisional: bool = False,
) -> Finding:
    """A finding about one record; `others` are those that it is seen by, leaf by index."""
    shown = {**(others or {}), index: leaf}
    return Finding(
        rule,
        tuple(shown),
        expected,
        found,
        tuple(shown.values()),
        touches,
        ALL[rule].assumption,
        provisional,
    )
