"""What holds for every command: help, errors, exit codes, JSON, colours, pipes."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from safeconduct.cli import run as runner
from safeconduct.cli.console import Console, clean
from safeconduct.cli.main import COMMANDS, help_text, main
from safeconduct.core.kernel.errors import Conflict, Disproved, Fault, Malformed, Unavailable

HERE = Path(sys.executable).parent / "safeconduct"


def fails_with(error: BaseException, monkeypatch: pytest.MonkeyPatch, *argv: str) -> int:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("safeconduct.cli.key.run", fail)
    return main(["key", "new", "file", *argv])


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["-h"], ["help"]):
        assert main(words) == 0
        assert capsys.readouterr().out == help_text()
    assert all(name in help_text() for name in COMMANDS)


def test_without_a_word_it_helps_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: safeconduct" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("safeconduct ")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_module_with_the_same_summary_and_its_own_help(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert COMMANDS[name].summary == importlib.import_module(COMMANDS[name].module).SUMMARY
    assert main([*name.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: safeconduct {name} ")
    assert "--json" in out
    assert "--quiet" in out


HEAVY = ("django", "cryptography", "argparse", "json", "sqlite3", "safeconduct.core", "typing")


@pytest.mark.parametrize("words", [["--help"], ["--version"], []])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys; from safeconduct.cli.main import main; main(sys.argv[1:]); "
        f"sys.exit(', '.join(name for name in {HEAVY} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == ""


def test_no_command_loads_django() -> None:
    modules = [command.module for command in COMMANDS.values()]
    program = (
        f"import importlib, sys; [importlib.import_module(name) for name in {modules}]; "
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["exprt"], "Did you mean 'export'?"),
        (["receipt", "chek"], "Did you mean 'receipt check'?"),
        (["key"], "safeconduct key new"),
        (["key", "--json"], "safeconduct key new"),
        (["zzz"], "Known here: agreement check"),
    ],
)
def test_an_unknown_command_names_the_nearest_and_exits_2(
    words: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert advice in capsys.readouterr().err


@pytest.mark.parametrize("words", [["key", "new"], ["key", "new", "a", "b"], ["audit", "x", "--nothing"]])
def test_words_that_do_not_fit_are_malformed_and_name_the_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--help" in captured.err


@pytest.mark.parametrize(("error", "code"), [(Malformed, 2), (Disproved, 3), (Conflict, 4), (Unavailable, 5)])
@pytest.mark.parametrize("place", ["before", "after"])
def test_each_error_has_its_exit_code_its_words_and_its_document(
    error: type[Malformed],
    code: int,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    faults = [Fault("one thing", "here", "Do this", "a.rule"), Fault("another", "there")]

    def fail(_: object) -> int:
        raise error.of(faults)

    monkeypatch.setattr("safeconduct.cli.key.run", fail)
    words = ["key", "new", "file"]
    assert main(["--json", *words] if place == "before" else [*words, "--json"]) == code
    captured = capsys.readouterr()
    assert captured.err == "✗ here: one thing. Do this.\n✗ there: another.\n"
    assert json.loads(captured.out) == {
        "error": error.__name__,
        "faults": [
            {"message": "one thing", "where": "here", "next_step": "Do this", "rule": "a.rule"},
            {"message": "another", "where": "there", "next_step": "", "rule": ""},
        ],
    }


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), RecursionError("deep"), MemoryError(), KeyError("secret")]
)
def test_what_nobody_foresaw_is_our_defect_without_a_traceback_or_a_value(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails_with(error, monkeypatch) == 5
    err = capsys.readouterr().err
    assert "a defect of safeconduct" in err
    assert type(error).__name__ in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_the_keyboard_stops_it_and_the_same_call_is_safe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails_with(KeyboardInterrupt(), monkeypatch) == 5
    assert "stopped from the keyboard" in capsys.readouterr().err


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    program = (
        "import sys; from safeconduct.cli import key\n"
        "def run(arguments):\n"
        "    for _ in range(100000): arguments.console.say('a line of the result')\n"
        "    return 0\n"
        "key.run = run\n"
        "from safeconduct.cli.main import main; sys.exit(main(['key', 'new', 'x']))"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.readline()
    started.stdout.close()
    assert started.stderr.read() == ""
    started.stderr.close()
    assert started.wait() == 5


def test_a_closed_pipe_under_help_is_no_traceback() -> None:
    done = subprocess.run(f"{HERE} --help | head -n 0", shell=True, capture_output=True, check=False)  # noqa: S602
    assert done.stderr == b""


def test_where_the_terminal_has_no_unicode_letters_are_escaped() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [HERE, "key", "new", "/nowhere/é/x"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 5
    assert b"Traceback" not in done.stderr
    assert done.stderr.isascii()
    assert subprocess.run([HERE, "--help"], env=environment, capture_output=True, check=False).returncode == 0


def test_control_characters_of_others_never_reach_the_terminal() -> None:
    assert clean("a\x1b[2Jb\rc\u202ed\ud800\x7f\n") == "a\\u001b[2Jb\\u000dc\\u202ed\\ud800\\u007f\n"
    assert clean("Նամակ، رسالة, письмо") == "Նամակ، رسالة, письмо"


class Terminal:
    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr("safeconduct.cli.console.sys", SimpleNamespace(stdout=made, stderr=made))
    monkeypatch.delenv("NO_COLOR", raising=False)
    return made


def test_a_terminal_gets_colour_and_progress(terminal: Terminal) -> None:
    Console().say("✗ a finding")
    Console().step("entries", 1, 2)
    Console().step("entries", 2, 2)
    assert terminal.text == "\x1b[31m✗\x1b[0m a finding\n\r\x1b[Kentries 1 of 2\r\x1b[Kentries 2 of 2\n"


def test_no_color_is_respected(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Console().say("✗ a finding")
    assert terminal.text == "✗ a finding\n"


def test_quiet_leaves_results_only(terminal: Terminal) -> None:
    console = Console(quiet=True)
    console.note("a remark")
    console.step("entries", 1, 2)
    console.say("the result")
    assert terminal.text == "the result\n"


def test_a_pipe_gets_neither_colour_nor_progress(capsys: pytest.CaptureFixture[str]) -> None:
    Console().say("✗ a finding")
    Console().step("entries", 1, 2)
    assert tuple(capsys.readouterr()) == ("✗ a finding\n", "")


@pytest.mark.parametrize(("nature", "said"), [("live", ""), ("simulated", "simulated"), ("replay", "replay")])
def test_what_is_not_live_is_said(nature: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Console().nature(nature)
    assert said in capsys.readouterr().out
    Console(json=True).nature(nature)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err


def test_the_place_of_a_defect_is_named() -> None:
    with pytest.raises(ImportError) as caught:
        importlib.import_module("safeconduct.no_such_module")
    assert ", line" in str(runner.defect(caught.value))
    assert ", line" not in str(runner.defect(ValueError()))
