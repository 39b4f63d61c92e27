"""`safeconduct mirror` and the reports of `audit`, as they are typed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from safeconduct.adapters import http_get
from safeconduct.cli.main import main
from safeconduct.cli.report_page import page
from safeconduct.core.kernel.errors import Fault
from safeconduct.service.pace import LONGEST_S, SHORTEST_S, Pace
from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report
from tests.http_server import Reply, files, serving
from tests.stories.told import journey, under_way
from tests.unit.service.test_mirror import two_histories

SAFECONDUCT = Path(sys.executable).with_name("safeconduct")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def stage() -> Stage:
    made = Stage("typed")
    passage = under_way(made)
    passage.find_seal("S-2")
    passage.exit()
    return made


def test_a_night_mirror_then_audit_then_a_page(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, html = str(tmp_path / "ours"), tmp_path / "report.html"
    with serving(files(stage.archive("public").files)) as served:
        assert main(["mirror", served.url, ours, "--corridor", stage.cor]) == 0
        said = capsys.readouterr().out
        assert re.match(r"✓ \S+/ours: (\d+) entries, as of \S+; \1 of them new\n", said)
        assert f"Corridor {stage.cor}" in said
        assert main(["mirror", served.url, ours]) == 0
        assert "nothing new" in capsys.readouterr().out
        assert main(["--json", "mirror", served.url, ours]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "unchanged"
    for _ in range(2):  # an older report is written over
        assert main(["audit", ours, "--corridor", stage.cor, "--html", str(html)]) == 1
    assert "seal.wrong_number" in capsys.readouterr().out
    assert "seal.wrong_number" in html.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    letter = tmp_path / "letter.html"
    letter.write_text("dear", encoding="utf-8")
    assert main(["audit", ours, "--html", str(letter)]) == 4
    assert letter.read_text(encoding="utf-8") == "dear"


def test_two_histories_are_named_with_both_heads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = two_histories()
    ours = str(tmp_path / "ours")
    with serving(files(one.archive("public").files)) as served:
        assert main(["mirror", served.url, ours]) == 0
    with serving(files(other.archive("public").files)) as served:
        assert main(["mirror", served.url, ours]) == 1
        said = capsys.readouterr().out
        assert "✗ Two histories" in said
        assert len(re.findall(r"entries, root [0-9a-f]{16}…: \S+/ours\.mirror/head-", said)) == 2
        assert main(["--json", "mirror", served.url, ours]) == 1
    evidence = json.loads(capsys.readouterr().out)["evidence"]
    assert all(Path(file).exists() for file in evidence)


def test_an_older_head_that_is_served_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage, ours = Stage("older"), str(tmp_path / "ours")
    old = stage.archive("public").files
    journey(stage)
    with serving(files(stage.archive("public").files)) as served:
        main(["mirror", served.url, ours])
    with serving(files(old)) as served:
        assert main(["mirror", served.url, ours]) == 0
    assert "an older head of" in capsys.readouterr().out


def test_following_goes_on_until_it_is_stopped(tmp_path: Path) -> None:
    stage = Stage("follow")
    archive = dict(stage.archive("public").files)
    busy = [Reply(b"", 503, {"Retry-After": "60"})]
    with serving(lambda path, asked: busy.pop() if busy else files(archive)(path, asked)) as served:
        script = (
            "import safeconduct.cli.mirror as m; m.time.sleep = lambda s, wait=m.time.sleep: wait(0.05)\n"
            "from safeconduct.cli.main import main; raise SystemExit(main())"
        )
        words = ["mirror", served.url, str(tmp_path / "ours"), "--follow"]
        running = subprocess.Popen(
            [sys.executable, "-c", script, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert running.stdout is not None
            assert "of them new" in running.stdout.readline()
            journey(stage)
            grown = stage.archive("public").files
            archive.update(grown)
            end = time.monotonic() + 20
            while (tmp_path / "ours" / "checkpoint").read_bytes() != grown["checkpoint"]:
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=20)
    assert running.returncode == 5
    assert "503" in said
    assert "stopped from the keyboard" in said


def test_the_pace_is_the_logs() -> None:
    pace = Pace()
    pauses = [pace.after(brought_news=False) for _ in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_S
    assert pace.after(brought_news=True) == SHORTEST_S
    assert pace.after(brought_news=False, asked_for_s=3600) == 3600


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "action")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_fetches_nothing_and_shows_no_markup_of_others(stage: Stage) -> None:
    unsound = Report(
        faults=(Fault("<script>alert(1)</script>\u202e", "x", "", "log.altered"), Fault("y", rule="?")),
        failed=3,
    )
    malformed = Report(faults=(Fault("z", rule="archive.stray"),), failed=2)
    for text in (page([stage.audit()], by="1"), page([unsound, malformed], by="1")):
        tags = Tags()
        tags.feed(text)
        assert tags.open == []
        assert tags.links == []
        assert not tags.seen & {"script", "img", "link", "iframe"}
        assert "\u202e" not in text
        assert "url(" not in text
    assert "Not sound." in text
    assert "&lt;script&gt;" in text


def test_of_many_findings_of_one_rule_the_page_shows_a_few() -> None:
    made = Stage("many", witnesses=("mission",), quorum=1)
    made.cheat.drop(journey(made).account("left"))
    report = made.audit()
    assert len(report.findings) > 8
    text = page([report], by="1")
    assert "more: all are in the JSON document" in text
    assert len(text) < 40_000
