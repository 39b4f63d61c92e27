"""`safeconduct serve` as a process of its own, and somebody who speaks HTTP to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from safeconduct.sim.hand import Written
from tests.web.served import item

_START = (
    "import sys; from safeconduct.cli.run import run; "
    "sys.exit(run([], sys.argv[1:], {'serve': 'safeconduct.cli.serve', 'audit': 'safeconduct.cli.audit'}))"
)
COMMAND = (sys.executable, "-c", _START)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    def problem(self, status: int, rule: str) -> Any:
        """Its document, which is a whole problem."""
        assert (self.status, self.headers["content-type"]) == (status, "application/problem+json"), self
        document = self.document
        assert document["status"] == status
        assert document["rule"] == rule, document
        assert document["next_step"]
        assert b"Traceback" not in self.body
        return document


@dataclass
class Running:
    """A server, and where what it says is kept."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.said["url"])

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 80)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, **headers)

    def post(self, document: object) -> Answer:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.ask("POST", "/api/records", data, content_type="application/json")

    def hand_in(self, *written: Written) -> Answer:
        return self.post({"records": [item(one) for one in written]})

    def until_published(self) -> int:
        """The size of the parties' files, once they are as new as the log."""
        end = time.monotonic() + 20
        while True:
            size = int(self.get("/ready").document["size"])
            shown = self.folder / "published" / "checkpoint"
            if shown.exists() and int(shown.read_text().split("\n")[1]) == size:
                return size
            assert time.monotonic() < end
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)

    def told(self) -> list[dict[str, Any]]:
        """Every line of its log, each of which is JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def serve(folder: Path, *words: str, first: str = "") -> Running:
    """Started; stop it. `first` is what its process does before."""
    log = folder.parent / f"{folder.name}.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*COMMAND[:2], first + COMMAND[2], "serve", str(folder), "--port", "0", "--json", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONWARNINGS": "error"},
        )
    running = Running(process, folder, log)
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n"):
        line = process.stdout.readline().decode()
        assert line, log.read_text()
        text += line
    running.said = json.loads(text)
    return running


@contextmanager
def running(folder: Path, *words: str, first: str = "") -> Iterator[Running]:
    """A server until the block ends, which it then ends in order."""
    served = serve(folder, *words, first=first)
    try:
        yield served
        if served.process.poll() is None:
            assert served.stop() == 0, served.log.read_text()
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()
        if served.process.stdout is not None:
            served.process.stdout.close()
