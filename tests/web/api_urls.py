"""Where the tests put the API: the corridor of the moment."""

from __future__ import annotations

from django.urls import include, path

from safeconduct.web.api.needs import Corridor
from safeconduct.web.api.routes import routes

current: Corridor | None = None


def corridor() -> Corridor:
    assert current is not None
    return current


urlpatterns = [path("api/", include(routes(corridor)))]
