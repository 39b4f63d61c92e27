"""`safeconduct serve` killed at random while clients hand records in over HTTP; who gets no receipt repeats."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from safeconduct.service.admission import HandedIn
from tests.web.running import Running, serve


@dataclass
class Load:
    """What the clients send, and what they were told."""

    chains: Sequence[Sequence[HandedIn]]
    pause_s: float
    acknowledged: dict[bytes, bytes] = field(default_factory=dict)
    sent: list[HandedIn] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    url: str | None = None
    over: threading.Event = field(default_factory=threading.Event)
    kills: int = 0

    def client(self, records: Sequence[HandedIn]) -> None:
        for record in records:
            if self.over.is_set():
                return
            self.sent.append(record)
            while not self.over.is_set() and not self._post(record):
                time.sleep(0.05)
            time.sleep(self.pause_s)

    def _post(self, record: HandedIn) -> bool:
        url = self.url
        if url is None:
            return False
        try:
            status, document = post(url, record)
        except (OSError, http.client.HTTPException, ValueError):
            return False
        if status not in (200, 201):
            if status != 503:
                self.broken.append(f"{status}: {document}")
            return status != 503
        before = self.acknowledged.setdefault(record.entry, document["receipt"].encode())
        if before != document["receipt"].encode():
            self.broken.append("a repeat got another receipt")
        return True


def post(url: str, record: HandedIn) -> tuple[int, dict[str, str]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=10)
    try:
        item = {"record": record.entry.decode(), "nature": "simulated"}
        connection.request(
            "POST", "/api/records", json.dumps(item).encode(), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        found: dict[str, str] = json.loads(response.read())
        return response.status, found
    finally:
        connection.close()


def kill_at_random(folder: Path, load: Load, *, seconds: float, longest_s: float, seed: int) -> None:
    """Serves and kills until the time is over; then what the clients know is in `load`."""
    chance, end = random.Random(seed), time.monotonic() + seconds  # noqa: S311 - when to kill is no secret
    clients = [threading.Thread(target=load.client, args=(records,)) for records in load.chains]
    for client in clients:
        client.start()
    try:
        while time.monotonic() < end:
            running = serve(folder)
            load.url = running.url
            time.sleep(chance.uniform(0, longest_s))
            _kill(running)
            load.url = None
            load.kills += 1
    finally:
        load.over.set()
        for client in clients:
            client.join()


def _kill(running: Running) -> None:
    running.process.kill()
    running.process.wait()
    assert running.process.stdout is not None
    running.process.stdout.close()
