"""What an archive does not show of its log: the private fields whose disclosures this reader never held.

A digest without a disclosure says nothing of what it hides: an empty field has a random one (RECORD §3). So a field
that is named here may be empty; one that is not named is shown, or was erased by a record.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.record.disclosure import digest_of, private_fields
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.archive_store import ArchiveStore


@dataclass(frozen=True, slots=True)
class NotShown:
    """A private field of a kind, and each entry in which it is not shown; of lines once for each line."""

    kind: str
    field: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What an archive shows of what was handed over beside its entries."""

    disclosures: int
    erased: int
    not_shown: tuple[NotShown, ...]
    """By kind, then field."""


def shown_in(copy: ArchiveStore, gone: frozenset[str]) -> Shown:
    """Every private field of every entry: shown, not shown, or among `gone`, which records erased."""
    shown = {digest_of(text) for _, text in copy.disclosures()}
    erased, missing = 0, defaultdict[tuple[str, str], list[int]](list)
    for index, text in enumerate(copy.entries()):
        try:
            entry = parse_entry(text)
        except SafeconductError:
            continue  # nobody knows which fields it has
        for place, digest in private_fields(entry.payload):
            if digest in gone:
                erased += 1
            elif digest not in shown:
                missing[entry.evt, place if isinstance(place, str) else place[1]].append(index)
    lines = (NotShown(kind, field, tuple(at)) for (kind, field), at in sorted(missing.items()))
    return Shown(len(shown - gone), erased, tuple(lines))
