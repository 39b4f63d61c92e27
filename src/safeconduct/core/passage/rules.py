"""The rules on one passage, each a sentence that holds where nothing is found (docs/spec/passage.md)."""

from __future__ import annotations

from collections.abc import Mapping

from safeconduct.core.record.rules import DISCLOSURES, LOG_ALONE, Rule


def _rule(name: str, sentence: str, assumption: str = LOG_ALONE) -> Rule:
    return Rule(name, "passage", sentence, assumption)


RULES: tuple[Rule, ...] = (
    _rule("pass.unknown", "A pass that a post names is a pass of this passage by a key that may grant it."),
    _rule("pass.missing", "Who enters has a pass where the agreement asks for one."),
    _rule("pass.not_yet", "Nobody enters before the pass is valid."),
    _rule("pass.expired", "Nobody enters after the pass has expired."),
    _rule("pass.revoked", "Nobody enters after the pass was revoked."),
    _rule("pass.used_again", "A pass lets in once; a round trip's once in each direction."),
    _rule("pass.other_vehicle", "Every post sees the vehicle that was declared."),
    _rule("pass.refused_goods", "A pass clears no line that the agreement refuses."),
    _rule("seal.missing", "A seal that is looked for is there."),
    _rule("seal.broken", "A seal that is found is whole."),
    _rule("seal.wrong_number", "A seal that is found is one that was put on."),
    _rule("manifest.contradicted", "An inspection finds in each line what was declared."),
    _rule("manifest.unknown_line", "An inspection gives results for declared lines only."),
    _rule("manifest.line_without_result", "An inspection by line leaves no declared line out."),
    _rule("people.differ", "As many people are counted as were declared, or as were counted before."),
    _rule("pair.never_entered", "What came out had gone in."),
    _rule("pair.never_exited", "What went in comes out, or turns back, within the transit limit."),
    _rule("pair.never_returned", "A round trip returns within the return limit."),
    _rule("passage.order", "Arriving, entering and exiting come in this order."),
    _rule("countersign.short", "Those present who owe a countersignature give one within the limit."),
    _rule("countersign.refused", "No one who was present refuses to countersign."),
    _rule("goods.unknown_heading", "A declared code begins with a heading of the Harmonized System."),
    _rule("goods.unknown_unit", "A declared unit is a common code of UN/ECE Recommendation 20."),
    _rule("vehicle.imo_check_digit", "The check digit of an IMO number fits."),
    _rule("vehicle.two_names", "An IMO number goes with one name, as written.", DISCLOSURES),
)

PERMISSION_RULES: tuple[Rule, ...] = (
    _rule("declaration.unknown", "A pass is asked for a declaration that is on record."),
    _rule("declaration.withdrawn", "The declaration was not withdrawn."),
    _rule("declaration.superseded", "It is the declaration's last version."),
    _rule("class.unknown", "The agreement knows its class."),
    _rule("direction.unknown", "The agreement knows its direction."),
    _rule("notice.missing", "It says from when on, where the agreement asks for notice."),
    _rule("notice.too_short", "It was declared in time."),
    _rule("countersign.missing", "Every seat that must sign the declaration has."),
    _rule("goods.prohibited", "The goods rules leave at least one of its lines."),
    _rule("validity.empty", "The pass does not end before it begins."),
    _rule("validity.past", "The pass has not ended already."),
    _rule("pass.granted_already", "The declaration has no other pass that is still valid."),
)
"""Beside them a decision cites `countersign.refused`, and for a revocation `pass.unknown` and `pass.revoked`."""

ASSUMPTION_OF: Mapping[str, str] = {rule.id: rule.assumption for rule in RULES}

NEEDS: Mapping[str, str] = {
    "pass.unknown": "pass",
    "pass.missing": "pass",
    "pass.not_yet": "pass",
    "pass.expired": "pass",
    "pass.revoked": "pass",
    "pass.used_again": "pass",
    "pass.refused_goods": "pass",
    "pass.other_vehicle": "entered",
    "seal.missing": "seal",
    "seal.broken": "seal",
    "seal.wrong_number": "seal",
    "manifest.contradicted": "inspection",
    "manifest.unknown_line": "inspection",
    "manifest.line_without_result": "inspection",
    "people.differ": "entered",
    "pair.never_entered": "entered",
    "pair.never_exited": "exited",
    "pair.never_returned": "exited",
    "passage.order": "entered",
    "countersign.short": "countersign",
    "countersign.refused": "countersign",
    "goods.unknown_heading": "declaration",
    "goods.unknown_unit": "declaration",
    "vehicle.imo_check_digit": "declaration",
}
"""The kind that a rule needs: where a replay's source does not observe it, the rule is not judged."""
