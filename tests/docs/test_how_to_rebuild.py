"""`rebuild.md`, typed: a corridor burned, and comes back from what one party holds."""

from __future__ import annotations

import shutil
from pathlib import Path

from safeconduct.sim.stage import Stage
from safeconduct.wiring.offline import open_store
from tests.docs.test_how_to import blocks, type_in
from tests.docs.test_how_to_recovery import BACK_UP, corridor

__all__ = ["corridor"]

REBUILD = blocks("how-to/rebuild.md")


def test_a_burned_corridor_comes_back_as_the_page_says(corridor: Stage, tmp_path: Path) -> None:
    assert type_in(BACK_UP[0], tmp_path)[0] == 0
    assert type_in("safeconduct export corridor archives/orva --for orva", tmp_path)[0] == 0
    before = list(corridor.store.entries())
    shutil.rmtree(tmp_path / "corridor")
    audit, rebuild, compare, read = (block.replace("IDENTIFIER", corridor.cor) for block in REBUILD)
    for block, says in (
        (audit, "✓ sound for corridor"),
        (rebuild, "private values of declaration that this archive does not show"),
        (compare, "as a fold from nothing gives them"),
        (read, "nothing is appended without the keys"),
    ):
        code, said = type_in(block, tmp_path)
        assert code == 0, said
        assert says in said
    for name in ("corridor", "reading"):
        with open_store(tmp_path / name) as store:
            assert list(store.entries())[: len(before)] == before
    assert type_in("tail -n +2 archives/orva/checkpoint | head -n 1", tmp_path)[1].strip().isdigit()
