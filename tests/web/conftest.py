"""Django is set up before a page or the API is imported: both read its settings."""

from __future__ import annotations

from tests.databases import ready

ready()
