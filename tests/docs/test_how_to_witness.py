"""The page on running a witness, typed; its sentences are the program's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

from safeconduct.core.tlog.note import VerifierKey
from tests.docs.test_how_to import BIN, DOCS, blocks, type_in
from tests.unit.adapters.witness_scene import LOG_KEY


def test_a_witness_as_the_page_says(tmp_path: Path) -> None:
    init, follow, serve, status = blocks("how-to/run-a-witness.md")
    code, said = type_in(init, tmp_path)
    assert code == 0, said
    VerifierKey.parse(said.splitlines()[1].strip())
    assert type_in(init, tmp_path)[0] == 4
    assert type_in(serve, tmp_path)[0] == 2  # it follows no log yet
    (tmp_path / "ARCHIVE").mkdir()
    (tmp_path / "ARCHIVE" / "policy").write_text(f"log {LOG_KEY}\nquorum none\n")
    code, said = type_in(follow, tmp_path)
    assert (code, str(LOG_KEY) in said) == (0, True), said
    words = serve.strip().replace("127.0.0.1:8443", "127.0.0.1:0").split()
    process = subprocess.Popen(
        [str(Path(BIN) / words[0]), *words[1:]], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as out:
        assert out.readline().startswith("✓ http://127.0.0.1:")
        code, said = type_in(status, tmp_path)
        assert (code, f"{LOG_KEY.name}: nothing cosigned yet" in said) == (0, True), said
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    (tmp_path / "witness" / "witness.db").unlink()
    assert type_in(serve, tmp_path)[0] == 5


def test_what_the_page_says_that_is_said_is_said() -> None:
    root = DOCS.parent / "src" / "safeconduct"
    program = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py")).lower()
    text = (DOCS / "how-to/run-a-witness.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^\| (?:exit [0-5], )?\*([^*]+)\*", text)
    assert len(found) == 6
    for words in found:
        assert words.lower() in program, words
    for words in re.findall(r"\*((?:Two|two|It|it) [^*]+)\*", text):
        assert " ".join(words.split()).lower() in program, words


def test_the_specification_names_every_status() -> None:
    text = (DOCS / "spec/witness.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([1-9]) \| .* \| ([0-9]{3}) \|", text)
    assert [status for _, status in rows] == ["400", "404", "403", "409", "422", "422", "422", "503", "200"]
