"""The projections' tables, read and written as the values of `service/projection`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.db import connections
from django.db.models import Model, Q, QuerySet

from safeconduct.service.facts import Fact
from safeconduct.service.projection import Row
from safeconduct.service.stretches import Stretch
from safeconduct.store.models import (
    ProjectedFact,
    ProjectedHead,
    ProjectedName,
    ProjectedPassage,
    ProjectedState,
    ProjectedStretch,
)

_CHUNK = 500


MODELS: tuple[type[Model], ...] = (
    ProjectedState,
    ProjectedHead,
    ProjectedFact,
    ProjectedName,
    ProjectedStretch,
    ProjectedPassage,
)
VERSION = 1
"""Changes with these tables, and with what is written into them."""
_FACT = tuple(one.name for one in fields(Fact))
_ROW = tuple(one.name for one in fields(Row))


@dataclass(frozen=True, slots=True)
class HeadTold:
    """What a head record says."""

    number: int
    size: int
    root: str
    cosigned: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Tables:
    """The projections' tables on one connection."""

    alias: str

    def make(self) -> None:
        """Empty tables, whatever was there."""
        connection = connections[self.alias]
        there = set(connection.introspection.table_names())
        with connection.schema_editor() as editor:
            for model in MODELS:
                if model._meta.db_table in there:
                    editor.delete_model(model)
                editor.create_model(model)
        ProjectedState.objects.using(self.alias).create(number=0, size=0, version=VERSION)

    def size(self) -> int | None:
        """How much is folded; None where these tables are not there, or are of another version."""
        if ProjectedState._meta.db_table not in connections[self.alias].introspection.table_names():
            return None
        found = ProjectedState.objects.using(self.alias).filter(version=VERSION).first()
        return None if found is None else found.size

    def advance(self, before: int, now: int) -> bool:
        """Compare and swap: whether nobody else was first."""
        found = ProjectedState.objects.using(self.alias).filter(number=0, size=before)
        return found.update(size=now) == 1

    def heads(self) -> list[HeadTold]:
        """Every head record, in the order of the log."""
        found = ProjectedHead.objects.using(self.alias).order_by("number")
        return [HeadTold(*row) for row in found.values_list("number", "size", "root", "cosigned")]

    def add_heads(self, heads: Iterable[HeadTold]) -> None:
        """More of them."""
        ProjectedHead.objects.using(self.alias).bulk_create(ProjectedHead(**asdict(head)) for head in heads)

    def add(self, facts: Collection[Fact]) -> None:
        """Records that were not there."""
        ProjectedFact.objects.using(self.alias).bulk_create(
            (ProjectedFact(**_told(fact)) for fact in facts), batch_size=_CHUNK
        )
        ProjectedName.objects.using(self.alias).bulk_create(
            (
                ProjectedName(leaf=leaf, by=fact.number)
                for fact in facts
                for leaf in dict.fromkeys((*fact.names, *fact.owns))
            ),
            batch_size=_CHUNK,
        )

    def change(self, facts: Iterable[Fact]) -> None:
        """What is known of records that are there."""
        ProjectedFact.objects.using(self.alias).bulk_create(
            (ProjectedFact(**_told(fact)) for fact in facts),
            batch_size=_CHUNK,
            update_conflicts=True,
            unique_fields=["number"],
            update_fields=["psg", "signed", "accepted", "void", "occurred"],
        )

    def facts(self) -> Iterator[Fact]:
        """All records."""
        return self._read(Q())

    def by_leaf(self, leaves: Collection[str]) -> dict[str, Fact]:
        """Those of these leaves that are there."""
        return {fact.leaf: fact for fact in self._each("leaf", leaves)}

    def of_keys(self, kids: Collection[str]) -> Iterator[Fact]:
        """All records of these keys."""
        return self._each("kid", kids)

    def of_key(self, kid: str, seq: int) -> Iterator[Fact]:
        """A key's records from this number on."""
        return self._read(Q(kid=kid, seq__gte=seq))

    def before(self, kid: str, seq: int) -> Fact | None:
        """The record of a key's chain before this number."""
        found = self._found(Q(kid=kid, seq__lt=seq, signed=True, at=None)).order_by("-seq", "number").first()
        return None if found is None else _fact(found)

    def of_passages(self, passages: Collection[str]) -> Iterator[Fact]:
        """The records of these passages."""
        return self._each("psg", passages)

    def from_number(self, number: int) -> Iterator[Fact]:
        """The records from this entry on."""
        return self._read(Q(number__gte=number))

    def naming(self, leaves: Collection[str]) -> list[Fact]:
        """Those that depend on records of these leaves."""
        numbers = set[int]()
        for chunk in _chunks(leaves):
            found = ProjectedName.objects.using(self.alias).filter(leaf__in=chunk)
            numbers.update(found.values_list("by", flat=True))
        return [*self._each("number", numbers)]

    def _each(self, name: str, values: Collection[Any]) -> Iterator[Fact]:
        for chunk in _chunks(values):
            yield from self._read(Q(**{f"{name}__in": chunk}))

    def _read(self, wanted: Q) -> Iterator[Fact]:
        return map(_fact, self._found(wanted).order_by("number"))

    def _found(self, wanted: Q) -> QuerySet[ProjectedFact, tuple[Any, ...]]:
        return ProjectedFact.objects.using(self.alias).filter(wanted).values_list(*_FACT)

    def stretches(self) -> dict[int, Stretch]:
        """Every watch, by its entry."""
        found = ProjectedStretch.objects.using(self.alias).values_list("number", "told")
        return {number: Stretch(**_tuples(told)) for number, told in found}

    def put_stretches(self, removed: Collection[int], stretches: Collection[Stretch]) -> None:
        """Some instead of others."""
        ProjectedStretch.objects.using(self.alias).filter(number__in=[*removed]).delete()
        ProjectedStretch.objects.using(self.alias).bulk_create(
            ProjectedStretch(number=one.start, kid=one.kid, told=asdict(one)) for one in stretches
        )

    def rows(self) -> Iterator[Row]:
        """Every passage."""
        found = ProjectedPassage.objects.using(self.alias).order_by("psg").values_list(*_ROW)
        return (_row(row) for row in found)

    def passages(self, wanted: Q | None = None) -> set[str]:
        """Which passages are there, or which that some condition holds for."""
        found = ProjectedPassage.objects.using(self.alias).filter(wanted or Q())
        return set(found.values_list("psg", flat=True))

    def put_rows(self, removed: Collection[str], rows: Iterable[Row]) -> None:
        """Some instead of others."""
        for chunk in _chunks(removed):
            ProjectedPassage.objects.using(self.alias).filter(psg__in=chunk).delete()
        ProjectedPassage.objects.using(self.alias).bulk_create(
            (ProjectedPassage(**asdict(row)) for row in rows), batch_size=_CHUNK
        )


def _chunks(values: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(set(values))
    for first in range(0, len(ordered), _CHUNK):
        yield ordered[first : first + _CHUNK]


def _told(fact: Fact) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in _FACT}


def _tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}


def _fact(row: tuple[Any, ...]) -> Fact:
    return Fact(**_tuples(dict(zip(_FACT, row, strict=True))))


def _row(row: tuple[Any, ...]) -> Row:
    told = _tuples(dict(zip(_ROW, row, strict=True)))
    told["open"] = tuple(map(tuple, told["open"]))
    return Row(**told)
