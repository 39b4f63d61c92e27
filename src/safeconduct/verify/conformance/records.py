"""The record: its one spelling, and equality tags (docs/spec/record.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.entry import parse_entry, verify_entry
from safeconduct.core.record.tag import canonical_value, equality_tag
from safeconduct.verify.conformance.case import Case


def entries(document: Any) -> Iterator[Case]:
    """Good ones with leaf, key and signature; spoilt ones with the first rule that each breaks."""
    public_key = bytes.fromhex(document["public_key"])
    for case in document["cases"]:
        about, rule = case["about"], case["rule"]
        try:
            entry = parse_entry(case["entry"].encode("ascii"))
        except Malformed as error:
            yield Case(about, rule, error.rule)
            continue
        yield Case(about, rule, None)
        yield Case(f"leaf of {about}", case.get("leaf"), entry.leaf.hex())
        yield Case(f"key of {about}", case.get("kid"), entry.kid)
        yield Case(f"signature of {about}", True, verify_entry(entry, public_key))


def tags(document: Any) -> Iterator[Case]:
    """What is read on a plate or a seal, its canonical value, its tag; null where nothing is left of it."""
    for case in document:
        about = f"{case['field']} {case['text']!r}"
        try:
            value = canonical_value(case["text"], case["look_alikes"])
        except Malformed:
            yield Case(about, case["canonical"], None)
            continue
        yield Case(about, case["canonical"], value)
        tag = equality_tag(bytes.fromhex(case["key"]), case["cor"], case["field"], value)
        yield Case(f"tag of {about}", case["tag"], tag)
