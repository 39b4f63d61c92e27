"""Findings of a replay in the source's own words, and the file that says which are expected.

Rules:
 1. A finding is known by its rule, the IMO number, and the source's voyages of the records that show it.
 2. The file is JSON: `findings`, each with `rule`, `imo`, `voyages` (ascending) and how it was `checked`.
 3. Equal means the same findings, each as often: none missing, none more.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.record.entry import Entry
from safeconduct.core.record.finding import Finding
from safeconduct.verify.rules import ALL

_MEMBERS = {"rule", "imo", "voyages", "checked"}


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """A finding as the source knows it (1)."""

    rule: str
    imo: str
    voyages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What an audit did not find, and what it found beyond the expected (3)."""

    missing: tuple[Known, ...]
    unexpected: tuple[Known, ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.missing or self.unexpected)


def known(finding: Finding, entry: Callable[[int], Entry]) -> Known:
    """The finding in the source's words; what its records do not say stays empty."""
    payloads = [entry(index).payload for index in finding.entries]
    imos = sorted({payload["imo"] for payload in payloads if "imo" in payload})
    voyages = sorted({payload["source_voyage"] for payload in payloads if "source_voyage" in payload})
    return Known(finding.rule, ", ".join(imos), tuple(voyages))


def compare(expected: Iterable[Known], found: Iterable[Known]) -> Difference:
    """Rule 3."""
    wanted, got = Counter(expected), Counter(found)
    return Difference(tuple(sorted((wanted - got).elements())), tuple(sorted((got - wanted).elements())))


def parse_expected(text: str, *, where: str = "expected_findings.json") -> tuple[Known, ...]:
    """The findings that the file lists; every fault of it at once (2)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("this is not JSON", where=where, next_step="Correct it") from error
    items = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise Malformed("findings is no array", where=where, next_step='Write {"findings": […]}')
    faults = [
        Fault(
            "this is no finding",
            f"{where}: findings[{number}]",
            "Write a known rule, imo, voyages and checked",
        )
        for number, item in enumerate(items)
        if not _well_formed(item)
    ]
    if faults:
        raise Malformed.of(faults)
    return tuple(Known(item["rule"], item["imo"], tuple(item["voyages"])) for item in items)


def _well_formed(item: Any) -> bool:
    if not isinstance(item, dict) or item.keys() != _MEMBERS:
        return False
    texts = all(isinstance(item[name], str) for name in ("rule", "imo", "checked"))
    voyages = item["voyages"]
    numbers = isinstance(voyages, list) and all(type(number) is int for number in voyages)
    return texts and item["rule"] in ALL and numbers and voyages == sorted(set(voyages))
