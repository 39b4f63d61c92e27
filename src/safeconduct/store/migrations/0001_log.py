"""The log's tables. On SQLite they are those of the file that `safeconduct init` made: nothing there is touched."""

from __future__ import annotations

from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from safeconduct.service.log_tables import postgresql_statements, sqlite_statements


def create(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Every table, index, trigger and mark that is not there."""
    is_sqlite = editor.connection.vendor == "sqlite"
    for statement in sqlite_statements() if is_sqlite else postgresql_statements():
        editor.execute(statement)


class Migration(migrations.Migration):
    """Entries, disclosures, heads."""

    initial = True
    operations: ClassVar = [migrations.RunPython(create)]
