from __future__ import annotations

from tests.databases import ready

ready()  # before a test module imports the tables
