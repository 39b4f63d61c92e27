"""What group commit costs with nothing to decide: many callers, one SQLite commit, in as few lines as it takes."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from pathlib import Path


class Skeleton:
    """Whatever waits while a commit runs is the next commit; a caller returns once its entry is durable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._waiting: deque[tuple[bytes, threading.Event]] = deque()
        self._stopped = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def submit(self, entry: bytes) -> None:
        done = threading.Event()
        with self._changed:
            self._waiting.append((entry, done))
            self._changed.notify()
        done.wait()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        database = durable(self._path)
        while batch := self._next():
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO entries (entry) VALUES (?)", ((entry,) for entry, _ in batch))
            database.execute("COMMIT")
            for _, done in batch:
                done.set()
        database.close()

    def _next(self) -> list[tuple[bytes, threading.Event]]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            batch, self._waiting = list(self._waiting), deque()
            return batch


def durable(path: Path) -> sqlite3.Connection:
    """A database whose commits wait for the disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    database.execute("CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, entry BLOB NOT NULL)")
    return database
