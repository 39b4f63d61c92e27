"""Django in the tests: one process, several databases, each under an alias of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from safeconduct.wiring.database import database_of

_NUMBERS = count()


def ready() -> None:
    """Django is set up, on a database that nobody uses."""
    if not settings.configured:
        os.environ.setdefault("SAFECONDUCT_DIR", tempfile.gettempdir())
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.wiring.settings")
        django.setup()


@contextmanager
def connected(folder: Path, url: str | None = None) -> Iterator[str]:
    """The alias of the database of this folder, or at this address, its tables made."""
    ready()
    alias = f"test-{next(_NUMBERS)}"
    connections.settings[alias] = connections.configure_settings(
        {"default": {}, alias: database_of(folder, url)}
    )[alias]
    try:
        call_command("migrate", database=alias, verbosity=0)
        yield alias
    finally:
        connections[alias].close()
        del connections.settings[alias]
