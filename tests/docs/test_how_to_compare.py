"""The page on comparing copies and proving a lie, typed; and what the specification names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.verify.evidence.check import KINDS
from safeconduct.verify.evidence.shown import Shown
from tests.docs.test_how_to import DOCS, blocks, type_in
from tests.stories.told import evening, journey

PAGE = "how-to/compare-and-prove.md"


def put(archive: MemoryArchive, folder: Path) -> None:
    for path, data in archive.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "cheats"])
def test_a_party_follows_the_page_and_a_third_is_convinced(tmp_path: Path, *, cheats: bool) -> None:
    stage = Stage("how to compare")
    account = journey(stage).account("searched")
    stage.hand("relief-one").record(
        "account", passage=stage.passage().psg, clear={"what": "left", "post": "north-gate"}
    )
    evening(stage)
    put(stage.archive("orva"), tmp_path / "ours")
    (tmp_path / "receipt").write_bytes(stage.receipt(account))
    (tmp_path / "record").write_bytes(account.entry)
    if cheats:
        stage.cheat.drop(account, colluding=SEATS)
    put(stage.archive("tessin"), tmp_path / "theirs")
    compare, check, receipt, findings, archive = blocks(PAGE)
    code, said = type_in(compare, tmp_path)
    assert (code, "split" in said) == (int(cheats), cheats), said
    code, said = type_in(receipt, tmp_path)
    assert (code, (tmp_path / "receipt.json").exists()) == (int(cheats), cheats), said
    code, said = type_in(findings, tmp_path)
    assert code == int(cheats), said
    if cheats:
        code, said = type_in(check, tmp_path)
        assert (code, "✓ split.json proves it (split)" in said) == (0, True), said
        unasked = type_in("safeconduct evidence check receipt.json", tmp_path)
        assert (unasked[0], "Whoever made the file chose them" in unasked[1]) == (0, True)
        code, said = type_in(archive, tmp_path)
        assert (code, "found by the rule chain.hole" in said) == (0, True), said
        alone = type_in(archive.partition(" --archive")[0], tmp_path)
        assert (alone[0], "It takes besides" in alone[1]) == (1, True)


def test_what_the_page_says_that_is_said_is_said() -> None:
    root = DOCS.parent / "src" / "safeconduct"
    program = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    for words in re.findall(r"(?m)^\| exit [0-5], \*([^*]+)\*", text):
        assert words in program, words


def test_the_specification_names_every_kind_and_its_members() -> None:
    text = (DOCS / "spec/evidence.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1] for row in re.findall(r"(?m)^\| `([a-z]+)` \| (.*?) \|", text)}
    for name, kind in KINDS.items():
        assert {*re.findall("`([a-z]+)`", rows[name])} >= {*kind.names}, name
    shown = Shown(proved=True, proves=(), keys=(), leaves_open=())
    printed = text.partition("`--json` prints")[2]
    assert {*re.findall("`([a-z_]+)`", printed)} == {*shown.to_json(), "kind", "policy", "faults"}
