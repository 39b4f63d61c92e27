"""`safeconduct demo` and `safeconduct replay`, as somebody types them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from urllib.request import urlopen

import pytest

from safeconduct.cli.console import Console
from safeconduct.cli.demo import _serve
from safeconduct.cli.main import main
from safeconduct.core.kernel.errors import Unavailable

EXAMPLES = Path(__file__).parents[2] / "examples"


def demo(folder: Path, *words: str, examples: Path = EXAMPLES) -> int:
    return main(["demo", "--dir", str(folder), "--examples", str(examples), "--no-serve", *words])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demonstration once, and what it said."""
    folder = tmp_path_factory.mktemp("made") / "demo"
    with redirect_stdout(StringIO()) as said:
        assert demo(folder) == 0
    return folder, said.getvalue()


def few(folder: Path) -> Path:
    """The example with its first ten voyages only."""
    shutil.copytree(EXAMPLES / "black-sea-2022", folder / "black-sea-2022")
    rows = folder / "black-sea-2022" / "voyages.csv"
    header, *lines = rows.read_text(encoding="utf-8").splitlines(keepends=True)
    early = [line for line in lines if int(line.split(",")[1]) <= 10]
    rows.write_text("".join([header, *early]), encoding="utf-8", newline="")
    return folder


def test_the_demo_says_what_it_did_in_one_screenful_and_exits_0(made: tuple[Path, str]) -> None:
    folder, said = made
    assert len(said.splitlines()) <= 40
    assert max(map(len, said.replace(str(folder), "demo").splitlines())) <= 110
    for words in (
        "Replay: Black Sea Grain Initiative",
        "Every key and witness is simulated",
        "825 voyages, 936 lines of goods",
        "9 findings, exactly as expected_findings.json says",
        "34 lines of 27 voyages were not yet inspected when the source ends on 17 March 2023",
        "Not judged",
        "Oct 2022",
        "21 of 48 inspected when the source ends",
        f"Next: safeconduct audit {folder}/archives/",
    ):
        assert words in said


def test_the_demo_as_one_json_document_replaces_the_folder(
    made: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo(made[0], "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["came_out"]
    assert document["nature"] == "replay"
    assert document["one_head"]
    assert list(document["archives"])[-1] == "public"
    assert document["awaiting_inspection"] == {"voyages": 27, "lines": 34}
    assert [month["median_days"] for month in document["waits"]][:4] == ["2", "2", "9", "14"]
    assert document["waits"][-1]["median_days"] is None


def test_an_audit_of_a_delegations_archive_exits_1_for_it_has_findings(
    made: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(made[0] / "archives" / "ukraine")]) == 1
    said = capsys.readouterr().out
    assert "vehicle.two_names" in said
    assert "replay" in said


def test_findings_that_are_not_those_expected_make_it_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo(tmp_path / "demo", examples=few(tmp_path)) == 1
    said = capsys.readouterr().out
    assert "not as expected_findings.json says" in said
    assert "ukraine: missing: IMO 9422348" in said
    assert "public: missing: IMO 9422348" in said
    assert "public: missing: IMO 9543328" not in said  # nobody sees names there


def test_without_the_examples_it_says_where_it_looked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo(tmp_path / "demo", examples=tmp_path) == 5
    assert "--examples" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_a_folder_of_somebody_else_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "letter").write_text("mine", encoding="utf-8")
    assert demo(tmp_path / "demo") == 4
    assert (tmp_path / "demo" / "letter").read_text(encoding="utf-8") == "mine"


def test_replay_leaves_a_corridor_that_can_be_exported_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corridor = tmp_path / "corridor"
    source = few(tmp_path) / "black-sea-2022"
    assert main(["replay", str(source), "--dir", str(corridor)]) == 0
    said = capsys.readouterr().out
    assert "This corridor is a replay" in said
    assert "10 voyages" in said
    assert main(["export", str(corridor), str(tmp_path / "out"), "--for", "russia"]) == 0
    assert "This corridor is a replay" in capsys.readouterr().out
    assert main(["replay", str(source), "--dir", str(corridor), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"] == "Conflict"


def test_replay_names_every_broken_row_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(EXAMPLES / "black-sea-2022", tmp_path / "source")
    rows = tmp_path / "source" / "voyages.csv"
    text = rows.read_text(encoding="utf-8")
    rows.write_text(text.replace(",2023-03-17,\n", ",2023-02-30,\n"), encoding="utf-8", newline="")
    assert main(["replay", str(tmp_path / "source"), "--dir", str(tmp_path / "corridor")]) == 2
    said = capsys.readouterr().err
    assert "voyages.csv line 2, column departed" in said
    assert "voyages.csv line 3, column departed" in said
    assert not (tmp_path / "corridor").exists()


def test_the_simulated_day_is_sound_says_that_it_is_simulated_and_is_served_until_an_interrupt(
    tmp_path: Path,
) -> None:
    port = free_port()
    start = (
        "import sys; from safeconduct.cli import demo, main; "  # somebody else may have its own port here
        f"demo.PORT = {port}; sys.exit(main.main())"
    )
    words = [sys.executable, "-c", start, "demo", "--simulated", "--dir", "demo"]
    environment = {**os.environ, "DATABASE_URL": "postgres://of.another.corridor/x"}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = b""
        while b"Stop it with Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        assert b"Simulated: 920 vehicles and 2,450 people" in said
        assert b"sound, nothing found" in said
        assert f"http://127.0.0.1:{port}/".encode() in said
        with urlopen(f"http://127.0.0.1:{port}/") as page:
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert b"Traceback" not in process.stderr.read()


def test_where_another_program_has_its_port_it_says_what_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr("safeconduct.cli.demo.PORT", other.getsockname()[1])
        with pytest.raises(Unavailable) as caught:
            _serve(tmp_path / "corridor", Console())
    (fault,) = caught.value.faults
    assert "in use" in fault.message
    assert f"safeconduct serve {tmp_path / 'corridor'} --port 0" in fault.next_step


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
