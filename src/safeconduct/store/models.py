"""The tables of the projections. They are derived from the log and made anew at any time: no migration touches them.

The log's own tables have no model: they are those of `service/log_tables`, and nobody changes a row.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class ProjectedState(models.Model):
    """One row: how much of the log is folded, by which version of these tables."""

    number = models.IntegerField(primary_key=True)
    size = models.BigIntegerField()
    version = models.IntegerField()

    class Meta:
        db_table = "projected_state"
        managed = False

    def __str__(self) -> str:
        return f"folded up to {self.size}"


class ProjectedHead(models.Model):
    """A head record: by when which witness had cosigned."""

    number = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    root = models.TextField()
    cosigned = models.JSONField()

    class Meta:
        db_table = "projected_heads"
        managed = False

    def __str__(self) -> str:
        return f"head of {self.size} in entry {self.number}"


class ProjectedFact(models.Model):
    """`service.facts.Fact`."""

    number = models.BigIntegerField(primary_key=True)
    leaf = models.TextField(unique=True)
    psg = models.TextField(db_index=True)
    kid = models.TextField()
    iss = models.TextField()
    seq = models.BigIntegerField()
    kind = models.TextField()
    agr = models.BigIntegerField()
    iat = models.BigIntegerField()
    at = models.BigIntegerField(null=True)
    seen = models.BigIntegerField(null=True)
    names = models.JSONField()
    owns = models.JSONField()
    signed = models.BooleanField()
    accepted = models.BooleanField()
    void = models.BooleanField()
    occurred = models.BigIntegerField()

    class Meta:
        db_table = "projected_facts"
        managed = False
        indexes: ClassVar = [models.Index(fields=["kid", "seq"], name="projected_facts_kid_seq")]

    def __str__(self) -> str:
        return f"entry {self.number}"


class ProjectedName(models.Model):
    """Which record depends on which other one, by its leaf, be it in the log yet or not."""

    number = models.BigAutoField(primary_key=True)
    leaf = models.TextField(db_index=True)
    by = models.BigIntegerField()

    class Meta:
        db_table = "projected_names"
        managed = False

    def __str__(self) -> str:
        return f"entry {self.by} names {self.leaf}"


class ProjectedStretch(models.Model):
    """`service.stretches.Stretch`."""

    number = models.BigIntegerField(primary_key=True)
    kid = models.TextField()
    told = models.JSONField()

    class Meta:
        db_table = "projected_stretches"
        managed = False

    def __str__(self) -> str:
        return f"watch of entry {self.number}"


class ProjectedPassage(models.Model):
    """`service.projection.Row`."""

    psg = models.TextField(primary_key=True)
    phase = models.TextField(db_index=True)
    first = models.BigIntegerField(db_index=True)
    last = models.BigIntegerField()
    traffic_class = models.TextField()
    direction = models.TextField()
    posts = models.JSONField()
    rules = models.JSONField()
    open = models.JSONField()
    since = models.BigIntegerField()
    until = models.BigIntegerField(db_index=True)
    waits = models.BooleanField()
    leans = models.IntegerField()

    class Meta:
        db_table = "projected_passages"
        managed = False

    def __str__(self) -> str:
        return f"passage {self.psg}"
