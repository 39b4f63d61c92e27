"""After each audit of a story: the stored fold, brought on batch by batch, is a fold from nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report
from tests.databases import ready

ready()  # before the tables are imported

from safeconduct.store.projections import Projections, in_memory

_STEPS = 4
_compared: dict[int, tuple[Stage, int]] = {}
"""Stages that several tests share, and at which size they were compared."""


@pytest.fixture(autouse=True)
def stored_fold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Old state and new records are a fold from nothing, after every story."""
    audit = Stage.audit
    audited: dict[int, Stage] = {}

    def noted(stage: Stage, *words: Any, **more: Any) -> Report:
        audited[id(stage)] = stage
        return audit(stage, *words, **more)

    monkeypatch.setattr(Stage, "audit", noted)
    yield
    for stage in audited.values():
        if _compared.get(id(stage)) != (stage, stage.store.size()):
            _compared[id(stage)] = stage, stage.store.size()
            compare(stage)


def compare(stage: Stage) -> None:
    sizes = [head.size for head in stage.store.committed()]
    with in_memory() as alias:
        projections = Projections(stage.store, stage.founding, alias=alias)
        for size in (*sizes[: -1 : -(-len(sizes) // _STEPS)], sizes[-1]):
            projections.update(until=size)
        assert projections.compare() == []
