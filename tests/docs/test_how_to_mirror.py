"""The pages on mirrors and on the nightly audit, typed, against a server of this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

from safeconduct.adapters.keys import write_key
from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report
from tests.docs.test_how_to import DOCS, blocks, type_in
from tests.http_server import files, serving
from tests.stories.told import journey


def typed(block: str, url: str, corridor: str, folder: Path) -> tuple[int, str]:
    words = re.sub(r"https://HOST/(public|archive)/", url, block).replace("IDENTIFIER", corridor)
    return type_in(words, folder)


def test_a_mirror_and_a_night_as_the_pages_say(tmp_path: Path) -> None:
    stage = Stage("how to mirror")
    public, party = blocks("how-to/mirror.md")
    night, document = blocks("how-to/nightly-audit.md")
    with serving(files(stage.archive("public").files)) as served:
        code, said = typed(public, served.url, stage.cor, tmp_path)
        assert (code, "of them new" in said) == (0, True), said
    journey(stage)
    with serving(files(stage.archive("public").files)) as served:
        code, said = typed(night, served.url, stage.cor, tmp_path)
        assert code == 0, said
        assert f"✓ sound for corridor {stage.cor}\n" in said
        assert typed(document, served.url, stage.cor, tmp_path)[0] == 0
    assert "No rule was found broken." in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["sound"]
    write_key(tmp_path / "orva-liaison.jwk", stage.key("orva/liaison"))
    with serving(files(stage.archive("orva").files)) as served:
        code, said = typed(party, served.url, stage.cor, tmp_path)
    assert (code, (tmp_path / "ours" / "disclosures.jsonl").exists()) == (0, True), said


def test_what_the_page_says_that_is_said_is_said() -> None:
    root = DOCS.parent / "src" / "safeconduct"
    program = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py")).replace(
        "{theirs}", "N"
    )
    text = (DOCS / "how-to/mirror.md").read_text(encoding="utf-8")
    for words in re.findall(r"(?m)^\| exit [0-5], \*([^*]+)\*", text):
        assert words in program, words


def test_every_member_of_the_report_is_specified() -> None:
    text = (DOCS / "spec/report.md").read_text(encoding="utf-8")
    named = {name for row in re.findall(r"(?m)^\| (`.*?) \|", text) for name in re.findall("`([^`]+)`", row)}
    assert named == {*Report().to_json(), "predecessors"}
