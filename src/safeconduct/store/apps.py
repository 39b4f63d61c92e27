"""The one Django app with tables."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The log's tables, and the projections."""

    name = "safeconduct.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
