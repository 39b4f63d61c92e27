"""The pages on publishing and on auditing over HTTP, typed: a stranger with an address and an identifier."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

from safeconduct.sim.stage import corridor_file
from tests.cli.test_cli_publish import corridor
from tests.docs.test_how_to import DOCS, blocks, type_in


@pytest.fixture
def here(tmp_path: Path) -> Path:
    assert "publication_delay" in corridor_file("agreement.toml")
    corridor(tmp_path / "corridor", delay="1 d")
    return tmp_path


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_a_stranger_publishes_serves_and_audits_as_the_pages_say(here: Path) -> None:
    public, parties, serve = blocks("how-to/publish.md")
    audit, *_ = blocks("how-to/audit-over-http.md")
    code, said = type_in(public, here)
    assert code == 0, said
    identifier = re.findall(r"--corridor ([0-9a-f]{64})", said)[0]
    assert type_in(parties, here)[0] == 0
    port = free_port()
    words = serve.strip().replace("8000", port)
    server = subprocess.Popen(
        ["bash", "-c", f"exec {words}"], cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        elsewhere = here / "elsewhere"
        elsewhere.mkdir()
        typed = audit.replace("https://HOST/public/", f"http://127.0.0.1:{port}/").replace(
            "IDENTIFIER", identifier
        )
        end = time.monotonic() + 20
        while (answer := type_in(typed, elsewhere))[0] == 5 and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        server.terminate()
        server.wait()
    assert answer[0] == 0, answer[1]
    assert f"✓ sound for corridor {identifier}\n" in answer[1]
    assert os.listdir(elsewhere) == []  # noqa: PTH208 - names only


def test_what_the_pages_say_that_is_said_is_said() -> None:
    """The words in their tables are those of the program."""
    root = DOCS.parent / "src" / "safeconduct"
    program = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    for page in ("how-to/publish.md", "how-to/audit-over-http.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        for words in re.findall(r"(?m)^\| exit [2-5], (.*?) \|", text):
            for said in re.findall(r"\*([^*]+)\*", words):
                phrase = re.sub(r"^401: |…$|60 s from now|5…$", "", said).strip()
                assert phrase in program.replace("{shown}", "").replace("{size}", ""), said


def test_every_option_that_the_pages_name_is_one(tmp_path: Path) -> None:
    for command, page in (("publish", "how-to/publish.md"), ("audit", "how-to/audit-over-http.md")):
        offered = type_in(f"safeconduct {command} --help", tmp_path)[1]
        rows = (DOCS / page).read_text(encoding="utf-8").splitlines()
        named = {
            found
            for row in rows
            if f"safeconduct {command}" in row
            for found in re.findall(r"(--[a-z]+)", row)
        }
        assert named
        assert all(option in offered for option in named), (named, offered)
