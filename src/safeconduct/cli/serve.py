"""`safeconduct serve DIR`: the corridor over HTTP, until it is told to stop."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Malformed, Unavailable

if TYPE_CHECKING:
    from safeconduct.wiring.server import Server

SUMMARY = "the corridor over HTTP: API, archives, pages"

_THREADS, _THREADS_POSTGRESQL = 128, 32
"""Who hands in waits in one until the commit. PostgreSQL gives each of them a connection, and has 100."""
_NEEDED = ("django", "ninja", "granian", "psycopg")


def configure(parser: argparse.ArgumentParser) -> None:
    """What is served, and where."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the corridor's folder")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    parser.add_argument(
        "--port", type=int, default=8000, metavar="N", help="default: 8000; 0: one that is free"
    )
    parser.add_argument(
        "--high-water",
        type=Path,
        metavar="FILE",
        help="where the newest head is kept, on storage that no restore reaches",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves; 0 after it was stopped in order."""
    if not 0 <= arguments.port < 65_536:
        raise Malformed("this is no port", where=f"--port {arguments.port}", next_step="Write 0 to 65535")
    if arguments.high_water is not None:
        os.environ["SAFECONDUCT_HIGH_WATER"] = str(arguments.high_water.absolute())
    return serve(arguments.folder, arguments.host, arguments.port, arguments.console)


def serve(folder: Path, host: str, port: int, console: Console) -> int:
    """The corridor in this folder, until a signal; the environment says the rest."""
    require_server()
    from safeconduct.web.listen import Listener, free_port  # noqa: PLC0415 - offline commands load no server

    port = free_port(host, port)
    os.environ["SAFECONDUCT_DIR"] = str(folder.absolute())
    from safeconduct.web import logs, state  # noqa: PLC0415 - as above

    logs.configure()
    threads = _THREADS_POSTGRESQL if os.environ.get("DATABASE_URL") else _THREADS
    try:
        from safeconduct.web import wsgi  # noqa: PLC0415 - opens the corridor

        said = _Said(console, host, port, folder, state.server())
        Listener(host, port, threads=threads, ready=said.ready).listen(wsgi.application)
    finally:
        state.stop()
    sys.stdout.flush()
    return 0


def require_server() -> None:
    """Unavailable where this safeconduct was installed without them."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise Unavailable(
            f"the server's parts are not installed ({', '.join(missing)})",
            next_step="Install them: pip install 'safeconduct[server]'",
        )


class _Said:
    """What is printed once it listens."""

    def __init__(self, console: Console, host: str, port: int, folder: Path, here: Server) -> None:
        self._console, self._folder, self._here = console, folder, here
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def ready(self) -> None:
        """Where, what, what next."""
        console, here = self._console, self._here
        size, stopped = here.store.size(), here.stopped
        if not console.json:  # there standard error is for lines of JSON alone, and the document says it
            console.nature(here.founding.nature)
        console.say(f"✓ {self._url} serves {here.founding.agreement.title}, {size} entries")
        if stopped is not None:
            console.say(f"✗ It takes no records here: {stopped}")
        console.say(f"  Pages: {self._url}  API: {self._url}api/records  Ready: {self._url}ready")
        console.say(
            f"  Next, from anywhere: safeconduct audit {self._url}public/ --corridor {here.founding.cor}"
        )
        console.say(
            f"  Health of {self._folder}: safeconduct doctor {self._folder}. Stop it with Ctrl-C or SIGTERM"
        )
        console.document(
            {
                "url": self._url,
                "corridor": here.founding.cor,
                "nature": here.founding.nature,
                "entries": size,
                "takes_records": stopped is None,
                "why_not": None if stopped is None else str(stopped),
            }
        )
        sys.stdout.flush()
