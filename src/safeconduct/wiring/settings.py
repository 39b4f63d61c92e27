"""Django's settings, from two names in the environment: SAFECONDUCT_DIR, and DATABASE_URL where it is PostgreSQL."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from safeconduct.wiring.database import databases_of

SECRET_KEY = secrets.token_urlsafe(32)
"""For this process alone: nothing that outlives it is signed with it."""
DEBUG = False
ALLOWED_HOSTS = os.environ.get("SAFECONDUCT_HOSTS", "*").split(",")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
"""What a proxy that ends TLS says. Nothing hangs on it but the addresses in pages: no cookie is set here."""
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = databases_of(Path(os.environ.get("SAFECONDUCT_DIR", ".")), os.environ.get("DATABASE_URL"))
INSTALLED_APPS = ["safeconduct.store", "safeconduct.web.public"]
MIDDLEWARE = ["safeconduct.web.security.secure"]
ROOT_URLCONF = "safeconduct.web.urls"
LOGGING_CONFIG = None
"""Whoever starts the process decides how it speaks."""
