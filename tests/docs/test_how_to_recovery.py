"""`back-up.md`, `after-a-rollback.md` and `rotate-keys.md`, typed: a corridor is copied, lost, brought back, ended."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeconduct.adapters.keys import write_key
from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.service.publication import publish
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.wiring.offline import new_store, open_store
from tests.docs.test_how_to import blocks, type_in
from tests.http_server import files_in, serving

BACK_UP = blocks("how-to/back-up.md")
AFTER = blocks("how-to/after-a-rollback.md")
ROTATE = blocks("how-to/rotate-keys.md")
OVER_HTTP = blocks("how-to/audit-over-http.md")


@pytest.fixture
def corridor(tmp_path: Path) -> Iterator[Stage]:
    """Somebody's corridor in a folder of that name, with roots, and private values in its vault."""
    seed = "how to recover"
    stage = Stage(seed, watching=False)
    keys = {name: stage.key(name) for name in ("log", "service")}
    keys |= {f"witness-{seat}": stage.key(f"{seat}/witness") for seat in SEATS}
    with new_store(tmp_path / "corridor", keys=keys, seed=seed.encode()) as store:
        stage = Stage(seed, store=store)
        stage.declare()
        stage.publish()
    for seat, name in (("mission", "guarantor"), ("orva", "orva")):
        write_key(tmp_path / f"{name}-root.jwk", stage.key(f"{seat}/root"))
    stage.store = opened = open_store(tmp_path / "corridor")
    stage.open_log()
    yield stage
    opened.close()


def served(stage: Stage, folder: Path) -> None:
    """What a running server does: records come in, files are published."""
    stage.declare(plate="KM 4712")
    stage.publish()
    target = PublishFolder(folder / "corridor" / "published")
    publish(stage.store, stage.log.hashes, stage.log.newest, stage.founding.policy(), target)


def test_a_corridor_is_copied_rehearsed_and_restored_as_the_page_says(
    corridor: Stage, tmp_path: Path
) -> None:
    copy, rehearse, restore = BACK_UP
    code, said = type_in(copy, tmp_path)
    assert (code, said.count("\n✓ ") + said.startswith("✓ ")) == (0, 3), said
    served(corridor, tmp_path)
    code, said = type_in(rehearse, tmp_path)
    assert code == 0, said
    assert "would be lost" in said
    assert (tmp_path / "corridor" / "last-rehearsal").exists()
    code, said = type_in(restore, tmp_path)
    assert code == 0, said
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [
        "corridor.db",
        "keys",
        "vault.db",
    ]


def test_a_log_comes_back_as_the_page_says(corridor: Stage, tmp_path: Path) -> None:
    assert type_in(BACK_UP[0], tmp_path)[0] == 0
    served(corridor, tmp_path)
    size = corridor.store.size()
    restore, compare = AFTER[:2]
    code, said = type_in(restore, tmp_path)
    assert code == 0, said
    with open_store(tmp_path / "corridor") as store:
        assert store.size() == size
    code, said = type_in(compare, tmp_path)
    assert code == 0, said
    assert "it agrees with head corridor/published/checkpoint" in said


def test_a_log_that_nobody_has_gets_its_successor_as_the_page_says(corridor: Stage, tmp_path: Path) -> None:
    assert type_in(BACK_UP[0], tmp_path)[0] == 0
    assert type_in("safeconduct export corridor archives/orva --for orva", tmp_path)[0] == 0
    corridor.log.settle()
    served(corridor, tmp_path)
    (tmp_path / "kept-head").write_bytes(corridor.head())
    shutil.rmtree(tmp_path / "corridor" / "published")
    for path in (tmp_path / "corridor").glob("*.db*"):
        path.unlink()
    draft, agree, begin, audit = (block.replace("IDENTIFIER", corridor.cor) for block in AFTER[2:])
    for block, says in (
        (draft, "nothing is begun"),
        (agree, "the consent of orva"),
        (begin, "of the same corridor"),
    ):
        code, said = type_in(block, tmp_path)
        assert code == 0, said
        assert says in said
    code, said = type_in(audit, tmp_path)
    assert code == 0, said
    assert f"✓ sound for corridor {corridor.cor}\n" in said
    (tmp_path / "archives" / "orva" / "disclosures.jsonl").unlink()
    new, old = (files_in(tmp_path / name) for name in ("copies/second", "archives/orva"))
    with serving(new) as here, serving(old) as before:
        followed = OVER_HTTP[2].replace("https://HOST/public/", here.url).replace("IDENTIFIER", corridor.cor)
        code, said = type_in(followed.replace("https://HOST/before/", before.url), tmp_path)
    assert code == 0, said
    assert f"✓ sound for corridor {corridor.cor}\n" in said


def test_a_witness_is_exchanged_as_the_page_says(corridor: Stage, tmp_path: Path) -> None:
    assert type_in("safeconduct export corridor archives/orva --for orva", tmp_path)[0] == 0
    make, *others = (block.replace("IDENTIFIER", corridor.cor) for block in ROTATE)
    code, said = type_in(make, tmp_path)
    assert code == 0, said
    vkey = re.search(r"orva\.example/witness-2\+\S+", said)
    assert vkey is not None
    draft, agree, begin, follow, audit = (block.replace("VKEY", vkey[0]) for block in others)
    for block, says in (
        (draft, "nothing is begun"),
        (agree, "! Other than in your archive: witness orva.example/witness-2+"),
        (begin, "of the same corridor"),
        (follow, "second.example.org/corridor"),
        (audit, "Agreed with it: witness orva.example/witness+"),
    ):
        code, said = type_in(block, tmp_path)
        assert code == 0, said
        assert says in said
    assert f"✓ sound for corridor {corridor.cor}\n" in said
    assert len((tmp_path / "copies" / "second" / "policy").read_text().splitlines()) == 6
