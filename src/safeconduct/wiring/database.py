"""Which database a server uses: SQLite in its folder, or PostgreSQL by address; durable in both, explicitly."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from safeconduct.core.kernel.errors import Malformed
from safeconduct.wiring.offline import DATABASE

PROJECTIONS = "projections.db"
"""Derived from the log: whoever deletes it loses nothing."""
_WAIT_S = 10
_HINT = "Write postgres://USER:PASSWORD@HOST:PORT/NAME"


def database_of(folder: Path, url: str | None) -> dict[str, Any]:
    """Django's settings for the log's database."""
    return _postgresql(url) if url else _sqlite(folder / DATABASE)


def databases_of(folder: Path, url: str | None) -> dict[str, dict[str, Any]]:
    """All of a server's: the projections are kept apart from the log, so that folding never delays a commit."""
    projections = _postgresql(url) if url else _sqlite(folder / PROJECTIONS)
    return {"default": database_of(folder, url), "projections": projections}


def conninfo_of(url: str) -> dict[str, Any]:
    """What psycopg connects with, for the same PostgreSQL."""
    made = _postgresql(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {**{name: made[key] for name, key in names.items() if made[key]}, **made["OPTIONS"]}


def _sqlite(path: Path) -> dict[str, Any]:
    """A returned commit survives a power cut; a writer has the right to write from its first statement on."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": _WAIT_S,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    """The same: a commit waits for the disk."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgres", "postgresql") or not name or "/" in name:
        raise Malformed(
            "this is not the address of a PostgreSQL database", where="DATABASE_URL", next_step=_HINT
        )
    told = dict(parse_qsl(parts.query))
    options = told.pop("options", "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": told.pop("host", unquote(parts.hostname or "")),
        "PORT": str(port or told.pop("port", "")),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "connect_timeout": _WAIT_S,
            "application_name": "safeconduct",
            **told,
            "options": f"-c synchronous_commit=on -c lock_timeout={_WAIT_S}s {options}".strip(),
        },
    }
