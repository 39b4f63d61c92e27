"""What an answer costs the machine: the API with one read beside a bare Django view, both served by granian."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.measure import Figure
from benchmarks.served import corridor, new_folder
from safeconduct.core.record.entry import parse_entry

ANSWERS, TIMES = 1_000, 7
_BARE = """
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="a bare view needs none")
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("bare", lambda request: HttpResponse(b'{"status": "alive"}', content_type="application/json"))]
application = get_wsgi_application()
"""


class Served:
    """A server in a process of its own, asked over one connection."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, where: str) -> None:
        self._process, self._port, self._where = process, port, where
        self._connection = self._connected()

    def cost(self) -> float:
        """CPU seconds of the server's processes, all together, for so many answers."""
        before = self._cpu()
        for _ in range(ANSWERS):
            assert self.ask("GET", self._where) == 200
        return self._cpu() - before

    def ask(self, method: str, where: str, body: bytes | None = None) -> int:
        """The status of an answer that was read to its end."""
        self._connection.request(method, where, body, {"Content-Type": "application/json"} if body else {})
        with self._connection.getresponse() as response:
            response.read()
            return response.status

    def _connected(self) -> http.client.HTTPConnection:
        end = time.monotonic() + 20
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port)
            try:
                connection.request("GET", "/ready")
                connection.getresponse().read()
            except OSError:
                assert time.monotonic() < end, "the server does not come up"
                time.sleep(0.05)
            else:
                return connection

    def _cpu(self) -> float:
        ticks = 0
        for process in (self._process.pid, *_children(self._process.pid)):
            told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(told[11]) + int(told[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _children(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _children(int(child))


@contextmanager
def served(command: list[str], port: int, where: str, path: Path) -> Iterator[Served]:
    """Stopped at the end."""
    environment = os.environ | {"PYTHONPATH": f"{path}:{Path.cwd() / 'src'}"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment, **quiet)  # type: ignore[call-overload]
    try:
        yield Served(process, port, where)
    finally:
        process.terminate()
        process.wait()


def figures() -> Iterator[Figure]:
    """The limit is that of the server's specification."""
    made, bare = corridor(), new_folder()
    (record,) = made.records(1)
    (bare / "bare.py").write_text(_BARE)
    where = f"/api/records/{parse_entry(record.entry).jti}"
    ours = ["safeconduct.cli", "serve", str(made.folder), "--port", "8911"]
    peer = ["granian", "--interface", "wsgi", "--port", "8912", "bare:application"]
    with served(ours, 8911, where, bare) as one, served(peer, 8912, "/bare", bare) as other:
        handed_in = {"record": record.entry.decode(), "disclosures": [], "nature": "live"}
        assert one.ask("POST", "/api/records", json.dumps(handed_in).encode()) == 201
        pairs = [(one.cost(), other.cost()) for _ in range(TIMES)]
    ratio = median(a / b for a, b in pairs)
    each = [median(side) / ANSWERS * 1e6 for side in zip(*pairs, strict=True)]
    detail = f"median {each[0]:.0f} us of CPU an answer against {each[1]:.0f}"
    yield Figure("API with one read / bare Django view, served", ratio, "at most 3.0", ratio <= 3.0, detail)
