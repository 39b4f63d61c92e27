"""`safeconduct party`: one process, asked over HTTP while it mirrors, killed, stopped, looked at."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from safeconduct.adapters import http_get
from safeconduct.adapters.keys import write_key
from safeconduct.cli.main import main
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.witness import monitoring_path
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.sim.stage import Stage
from tests.cli.typed import COMMAND
from tests.http_server import Reply, files, serving
from tests.stories.told import journey
from tests.unit.service.test_mirror import two_histories

NAME = "orva.example/witness"
MOST_KIB = 100_000


@dataclass
class Running:
    process: subprocess.Popen[str]
    said: Any
    log: Path

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        parts = urlsplit(self.said["url"])
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def told(self) -> list[dict[str, Any]]:
        """Every line of its log, each of which is JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def events(self) -> list[str]:
        return [line["event"] for line in self.told()]

    def until(self, event: str) -> None:
        soon(lambda: event in self.events())

    def peak_kib(self) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

    def kill(self) -> None:
        self.process.kill()
        assert self.process.wait(20) == -signal.SIGKILL


def soon(holds: Callable[[], bool], limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def party(folder: Path, *words: str) -> Iterator[Running]:
    """Until the block ends; then it is told to stop, and has stopped two seconds later unless it was killed."""
    log = folder.parent / f"{folder.name}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [COMMAND, "party", "serve", folder, "--listen", "127.0.0.1:0", "--json", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            env={**os.environ, "PYTHONWARNINGS": "error"},
        )  # fmt: skip
    assert process.stdout is not None
    try:
        with process.stdout as out:
            text = ""
            while not text.endswith("\n}\n"):
                line = out.readline()
                assert line, log.read_text()
                text += line
            running = Running(process, json.loads(text), log)
            yield running
            if process.poll() is None:
                asked = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
                assert time.monotonic() - asked < 2
                assert running.events()[-1] == "stopped"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def public(stage: Stage) -> dict[str, bytes]:
    return dict(stage.archive("public").files)


def asked_of(stage: Stage, old: int = 0) -> bytes:
    """What the log of this stage asks a witness that cosigned so much of it."""
    note = Note.parse(public(stage)["checkpoint"])
    size = int(note.text.split("\n")[1])
    return print_request(old, stage.prove(old, size) if old else (), note)


def command(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["party", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def made(capsys: pytest.CaptureFixture[str], folder: Path, url: str, stage: Stage) -> Any:
    code, said = command(capsys, "init", folder, "--name", NAME, "--corridor", url, "--identifier", stage.cor)
    assert code == 0
    return said


def test_witness_and_mirror_in_one_small_process_go_on_after_a_kill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, folder = Stage("one process"), tmp_path / "party"
    journey(stage)
    shown = public(stage)
    with serving(files(shown)) as corridor:
        said = made(capsys, folder, corridor.url, stage)
        assert said["follows"]["corridor"] == stage.cor
        assert not said["follows"]["names_this_witness"]
        with party(folder) as running:
            assert running.said["verifier_key"] == said["verifier_key"]
            assert running.ask("POST", "/add-checkpoint", asked_of(stage))[0] == 200
            running.until("mirrored")
            assert (folder / "archive" / "checkpoint").read_bytes() == shown["checkpoint"]
            status, shows = running.ask("GET", monitoring_path(stage.log_key.name))
            assert (status, Note.parse(shows).text) == (200, Note.parse(shown["checkpoint"]).text)
            code, now = command(capsys, "status", folder)  # while it is served
            assert (code, now["served"], now["must_act"]) == (0, True, False), now
            assert now["mirror"]["head"]["size"] == now["witness"]["logs"][0]["size"]
            assert now["mirror"]["files"] == len(shown)
            assert now["mirror"]["bytes"] == sum(map(len, shown.values()))
            running.kill()
        old = int(now["mirror"]["head"]["size"])
        journey(stage)
        shown.update(public(stage))
        with party(folder) as running:
            running.until("mirrored")
            assert running.ask("POST", "/add-checkpoint", asked_of(stage)) == (409, f"{old}\n".encode())
            assert running.ask("POST", "/add-checkpoint", asked_of(stage, old))[0] == 200
            record = stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
            assert running.ask("POST", "/offered", record.entry)[0] == 200, "the archive knows the key"
            assert main(["party", "serve", str(folder), "--listen", ":0"]) == 5
            assert running.peak_kib() < MOST_KIB
            assert running.events() == ["listening", "mirrored", "cosigned", "offered"]
    code, now = command(capsys, "status", folder)  # while it is not
    assert (code, now["served"], now["mirror"]["trouble"]) == (1, False, None)
    capsys.readouterr()
    assert main(["party", "status", str(folder)]) == 1
    assert "is not served. Next: safeconduct party serve" in capsys.readouterr().out
    assert main(["audit", str(folder / "archive"), "--corridor", stage.cor]) == 0


def test_a_split_is_refused_by_both_and_stops_neither(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = two_histories()
    shown, folder = public(one), tmp_path / "party"
    ours = shown["checkpoint"]
    with serving(files(shown)) as corridor:
        made(capsys, folder, corridor.url, one)
        with party(folder) as running:
            running.until("mirrored")
            assert running.ask("POST", "/add-checkpoint", asked_of(one))[0] == 200
            shown.update(public(other))
            running.until("split")
            assert running.ask("POST", "/add-checkpoint", asked_of(other))[0] == 409
            journey(one)
            old = int(ours.split(b"\n")[1])
            assert running.ask("POST", "/add-checkpoint", asked_of(one, old))[0] == 200
        code, now = command(capsys, "status", folder)
        assert (code, now["mirror"]["split"]["size"]) == (1, int(public(other)["checkpoint"].split(b"\n")[1]))
        assert main(["party", "status", str(folder)]) == 1
        said = capsys.readouterr().out
        assert "✗ " in said
        assert "Two histories: a head of" in said
        assert [Path(path).read_bytes() for path in now["mirror"]["split"]["evidence"]] == [
            ours,
            shown["checkpoint"],
        ]
    assert (folder / "archive" / "checkpoint").read_bytes() == ours


def test_without_a_corridor_it_cosigns_and_without_a_witness_it_mirrors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, folder = Stage("one of two"), tmp_path / "party"
    shown = public(stage)
    with serving(files(shown)) as corridor:
        made(capsys, folder, corridor.url, stage)
        shown.clear()
        with party(folder) as running:
            running.until("not mirrored")
            assert running.ask("POST", "/add-checkpoint", asked_of(stage))[0] == 200
            code, now = command(capsys, "status", folder)
            assert (code, now["mirror"]["trouble"]["kind"], now["mirror"]["head"]) == (0, "Unavailable", None)
        (folder / "witness" / "witness.db").rename(tmp_path / "witness.db")
        shown.update(public(stage))
        with party(folder) as running:
            running.until("mirrored")
            assert running.said["verifier_key"] is None
            status, said = running.ask("POST", "/add-checkpoint", asked_of(stage))
            assert (status, said) == (503, b"this witness does not answer: this witness's memory is gone\n")
            code, now = command(capsys, "status", folder)
            assert (code, now["witness"]["error"]) == (1, "Unavailable")
    assert (folder / "archive" / "checkpoint").read_bytes() == shown["checkpoint"]


def test_a_partys_own_archive_is_mirrored_with_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, folder = Stage("with a key"), tmp_path / "party"
    journey(stage)
    key, shown = tmp_path / "orva-liaison.jwk", dict(stage.archive("orva").files)
    write_key(key, stage.key("orva/liaison"))

    def answer(path: str, sent: Any) -> Reply | None:
        return files(shown)(path, sent) if "Authorization" in sent else Reply(b"", 401)

    with serving(answer) as corridor:
        words = ("init", folder, "--name", NAME, "--corridor", corridor.url)
        assert command(capsys, *words)[0] == 5
        assert command(capsys, *words, "--key", key)[0] == 2
        assert command(capsys, *words, "--key", key, "--identifier", stage.cor)[0] == 0
        key.unlink()
        with party(folder) as running:
            running.until("mirrored")
    ours = folder / "archive" / "disclosures.jsonl"
    assert ours.read_bytes() == shown["disclosures.jsonl"]


def test_first_a_key_for_the_guarantor_and_later_the_corridor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "party"
    assert main(["party", "init", str(folder), "--name", NAME]) == 0
    said = capsys.readouterr().out
    key = said.splitlines()[1].strip()
    assert f"safeconduct init … --witness '{key}'" in said
    assert main(["party", "status", str(folder)]) == 2
    assert main(["party", "serve", str(folder), "--listen", ":0"]) == 2
    assert "safeconduct party follow" in capsys.readouterr().err
    stage = Stage("later")
    with serving(files(public(stage))) as corridor:
        assert main(["party", "follow", str(folder), "--corridor", corridor.url]) == 0
    said = capsys.readouterr().out
    assert stage.cor in said
    assert "Compare the identifier with the signed paper" in said
    assert "does not name this witness" in said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["party", "init", str(tmp_path / "p"), "--name", NAME]) == 0
    return tmp_path / "p"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("init p --name orva.example/witness", 4, "this is there already"),
        ("init x", 2, "required"),
        ("init x --name with+plus", 2, "not a key name"),
        ("init x --name n --corridor nowhere", 2, "no address of an archive"),
        ("init x --name n --corridor http://127.0.0.1:1/", 5, "no whole answer"),
        ("init x --name n --identifier 00", 2, "of no use without a corridor"),
        ("init x --name n --copy p --key p", 2, "of no use without a corridor"),
        ("init x --name n --corridor http://h/ --identifier 00", 2, "not 32 bytes in hexadecimal"),
        ("init x --name n --corridor http://h/ --key nowhere", 5, "no such file"),
        ("init x --name n --corridor http://h/ --copy nowhere", 5, "no such file"),
        ("init x --name n --corridor http://h/ --copy p", 5, "no such file"),
        ("follow p", 2, "required"),
        ("follow x --corridor http://h/", 5, "there is no party here"),
        ("serve x", 5, "there is no party here"),
        ("serve p", 2, "this party follows no corridor yet"),
        ("serve p --listen nowhere", 2, "no place to listen"),
        ("status x", 5, "there is no party here"),
        ("status p", 2, "this party follows no corridor yet"),
    ],
)
def test_what_cannot_be_done_is_said(  # noqa: PLR0917 - fixtures and a row
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", ())
    monkeypatch.chdir(folder.parent)
    before = {*folder.parent.rglob("*")}
    assert main(["party", *words.split()]) == code
    assert said in capsys.readouterr().err
    assert {*folder.parent.rglob("*")} == before
