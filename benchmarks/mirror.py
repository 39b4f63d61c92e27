"""A mirror of a log from a local server against curl that fetches the same files; wall time.

Ours proves every byte, keeps it durably and exchanges the archive; curl only writes. RECORDS=100000 is the size that
the limit is meant for; 20,000 by default, since the log must be played first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.corridor import archive_of
from benchmarks.measure import Figure, compare
from safeconduct.adapters.http_archive import open_files
from safeconduct.adapters.http_mirror import HttpSource
from safeconduct.adapters.mirror_folder import MirrorFolder
from safeconduct.service.mirror import mirror
from safeconduct.verify.ports import Silent

RECORDS = int(os.environ.get("RECORDS", "20000"))


class _Files(SimpleHTTPRequestHandler):
    """Answers at once: without this, each answer waits for the other side's delayed ACK, and hides all else."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    """Its files, over HTTP; the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def figures() -> Iterator[Figure]:
    """From nothing, and with nothing new."""
    folder = archive_of(RECORDS, "public")
    paths = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    work = Path(tempfile.mkdtemp(prefix="safeconduct-bench-"))
    with serving_folder(folder) as url:
        (work / "list").write_text(
            "".join(f'url = "{url}{path}"\noutput = "{work}/curl/{path}"\n' for path in paths)
        )

        def ours() -> None:
            shutil.rmtree(work / "ours", ignore_errors=True)
            with open_files(url) as opened:
                mirror(
                    HttpSource(opened, work), MirrorFolder(work / "ours"), corridor=None, reporter=Silent()
                )

        def curl() -> None:
            shutil.rmtree(work / "curl", ignore_errors=True)
            subprocess.run(["curl", "-s", "--create-dirs", "-K", work / "list"], check=True)

        what = f"mirror of {RECORDS} records / curl, {len(paths)} files"
        yield compare(what, ours, curl, clock=time.perf_counter, at_least=0.5, rounds=3)
    shutil.rmtree(work, ignore_errors=True)
