"""Where everything is. Only the public's pages are HTML; any other answer that is no success is a problem document."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from safeconduct.core.kernel.errors import Fault, SafeconductError, Unavailable
from safeconduct.core.kernel.instant import print_instant
from safeconduct.web.api.routes import routes as api_routes
from safeconduct.web.archive.answers import refused, wrong_method
from safeconduct.web.archive.views import routes as archive_routes
from safeconduct.web.check.views import routes as check_routes
from safeconduct.web.state import server
from safeconduct.wiring.server import Server

_RETRY_S = "5"
_PAGES = "See / for the pages, /api/openapi.json for the API, /public/ for the archive"


def health(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is looked at: whoever restarts it for another reason makes nothing better."""
    return _reading(request) or _json({"status": "alive"})


def ready(request: HttpRequest) -> HttpResponse:
    """Whether records are taken here; if not, why, and the way on."""
    turned_away = _reading(request)
    if turned_away is not None:
        return turned_away
    try:
        here = server()
        if here.sequencer is None or here.stopped is not None:
            raise here.stopped or Unavailable("another process appends", next_step="Send records there")
        size = here.sequencer.size
    except SafeconductError as error:
        return _not_ready(error)
    behind = here.behind
    told: dict[str, object] = {}
    if behind is not None:
        told["behind"] = replace(behind.faults[0], where="").message
    if here.closed_from is not None:  # what is handed in is refused, and nothing is wrong
        told["closed_from"] = here.closed_from
    return _json({"status": "ready", "size": size, **told, **_cosigning(here)})


def _cosigning(here: Server) -> dict[str, object]:
    """Whose cosignatures the newest published head lacks; nothing where it lacks none."""
    awaited, errors = here.awaiting, here.witness_errors
    told: dict[str, object] = {}
    if awaited.no_quorum_since is not None:
        told["no_quorum_since"] = print_instant(awaited.no_quorum_since)
    if awaited.since:
        told["awaiting"] = [
            {
                "witness": name,
                "since": print_instant(since),
                **({"says": errors[name].faults[0].message} if name in errors else {}),
            }
            for name, since in awaited.since.items()
        ]
    return told


def _not_ready(error: SafeconductError) -> HttpResponse:
    """Of this machine it says nothing: no path of it."""
    shown = Unavailable.of(replace(fault, where="") for fault in error.faults)
    response = refused(shown, HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = _RETRY_S
    return response


def _reading(request: HttpRequest) -> HttpResponse | None:
    return None if request.method in ("GET", "HEAD") else wrong_method("GET", "HEAD")


def _json(document: dict[str, object]) -> HttpResponse:
    response = HttpResponse(json.dumps(document), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def _turned(status: HTTPStatus, rule: str, message: str, step: str) -> Callable[..., HttpResponse]:
    def answer(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
        return refused(Unavailable.of([Fault(message, next_step=step, rule=rule)]), status)

    return answer


def defect() -> HttpResponse:
    """What nobody foresaw, without a word of it."""
    return handler500(HttpRequest())


handler400 = _turned(
    HTTPStatus.BAD_REQUEST, "web.request", "this is no request that is understood here", _PAGES
)
handler403 = _turned(HTTPStatus.FORBIDDEN, "web.request", "this is not permitted", _PAGES)
handler404 = _turned(HTTPStatus.NOT_FOUND, "web.path", "nothing is here", _PAGES)
handler500 = _turned(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "web.defect",
    "this program has a defect",
    "Repeat it later; tell its operator",
)

urlpatterns = [
    path("api/", include(api_routes(server))),
    *archive_routes(server),
    path("health", health, name="health"),
    path("ready", ready, name="ready"),
    *check_routes(),
    path("", include("safeconduct.web.public.urls")),
]
