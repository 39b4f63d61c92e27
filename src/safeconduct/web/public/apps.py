"""The public's pages as a Django app: no tables; its translations are found because it is installed."""

from __future__ import annotations

from django.apps import AppConfig


class Public(AppConfig):
    """`safeconduct.web.public`."""

    name = "safeconduct.web.public"
    label = "public"
