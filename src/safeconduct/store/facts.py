"""What a database says of itself: how durable it is, of which version, whether it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safeconduct.service.log_tables import APPLICATION_ID, SCHEMA_VERSION, TABLES
from safeconduct.store.connection import Connection

_SQLITE: Mapping[str, object] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "application_id": APPLICATION_ID,
    "user_version": SCHEMA_VERSION,
    "quick_check": "ok",
}
"""2 is FULL: a commit waits for the disk."""
_POSTGRESQL: Mapping[str, object] = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def faults_of_store(alias: str = "default") -> tuple[str, list[str]]:
    """Which database it is, and every answer that is not as it must be."""
    connection = Connection(alias)
    try:
        with connection.spoken() as opened, opened.cursor() as cursor:

            def asked(query: str) -> Any:
                cursor.execute(query)
                row = cursor.fetchone()
                return None if row is None else row[0]

            if opened.vendor == "sqlite":
                wanted, verb = _SQLITE, "PRAGMA"
                kind = "SQLite, write-ahead log, synchronous FULL"
            else:
                wanted, verb = _POSTGRESQL, "SHOW"
                kind = f"PostgreSQL {asked('SHOW server_version')}"
            found = {name: asked(f"{verb} {name}") for name in wanted}
            wrong = [
                f"{name} is {found[name]}, not {value}"
                for name, value in wanted.items()
                if found[name] != value
            ]
            tables = {*opened.introspection.table_names(cursor)}
            wrong += [f"the table {name} is missing" for name in TABLES if name not in tables]
            return kind, wrong
    finally:
        connection.close()
