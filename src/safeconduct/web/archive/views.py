"""The archive over HTTP: `/archive/…` for parties, at once and all the same; `/public/…` for everybody, at the beat.

Only files of an archive are served, by their names in it: a path is never one of this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path

from safeconduct.adapters.clock import SystemClock
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.service.access import NO_SEAT, SCHEME, Readers
from safeconduct.service.ports import Clock
from safeconduct.service.publication import TooEarly
from safeconduct.service.shown import Shown
from safeconduct.verify.files import CHECKPOINT, DISCLOSURES, POLICY
from safeconduct.web.archive.answers import (
    disclosed,
    immutable,
    moving,
    not_there,
    refused,
    unavailable,
    wrong_method,
)
from safeconduct.web.archive.parties import Corridor, disclosures_of

_READING = ("GET", "HEAD")


def routes(corridor: Callable[[], Corridor], *, readers_clock: Clock | None = None) -> list[URLPattern]:
    """The URL patterns, for the root. `corridor` is asked anew by every request.

    Tokens are as old as the machine's clock says: their makers live in our time, even where the corridor is simulated.
    """
    archives = _Archives(corridor, readers_clock or SystemClock())
    return [
        re_path(r"^archive/(?P<path>[\s\S]*)\Z", archives.parties),
        re_path(r"^public/(?P<path>[\s\S]*)\Z", archives.public),
    ]


class _Archives:
    """Both archives of the corridor that this process serves."""

    def __init__(self, corridor: Callable[[], Corridor], clock: Clock) -> None:
        self._corridor, self._clock = corridor, clock
        self._known: tuple[Corridor, Readers] | None = None

    def public(self, request: HttpRequest, path: str) -> HttpResponse:
        """A file of the public's archive."""
        if request.method not in _READING:
            return wrong_method(*_READING)
        now = None
        try:
            here = self._corridor()
            now = here.clock.now()
            return _file(request, here.publication.public(now=now), path, shared=True)
        except TooEarly as error:
            known = None if error.first_s is None or now is None else max(1, error.first_s - now)
            return unavailable(error, after_s=known)
        except SafeconductError as error:
            return unavailable(error)

    def parties(self, request: HttpRequest, path: str) -> HttpResponse:
        """A file of the archive that every party reads; or the disclosures to this one, of which HEAD asks in vain."""
        methods = _READING if path != DISCLOSURES else ("GET",)
        if request.method not in methods:
            return wrong_method(*methods)
        try:
            here = self._corridor()
            try:
                seat = self._seat(here, request)
            except Unavailable:
                raise
            except SafeconductError as error:
                return _refused(error)
            if path == DISCLOSURES:
                data, size = disclosures_of(here, seat)
                return not_there() if data is None else disclosed(request, data, size)
            return _file(request, here.publication.parties(), path, shared=False)
        except SafeconductError as error:
            return unavailable(error)

    def _seat(self, here: Corridor, request: HttpRequest) -> str:
        """Whose archive the request may read."""
        if self._known is None or self._known[0] is not here:
            self._known = here, Readers(here.founding, here.store)
        return self._known[1].seat_of(
            request.headers.get("Authorization", ""),
            method=request.method or "",
            path=request.path,
            now=self._clock.now(),
        )


def _file(request: HttpRequest, shown: Shown, path: str, *, shared: bool) -> HttpResponse:
    data = shown.read(path)
    if data is None:
        return not_there()
    answer = moving if path in (CHECKPOINT, POLICY) else immutable
    return answer(request, data, shared=shared)


def _refused(error: SafeconductError) -> HttpResponse:
    """401, and what to bring; 403 for somebody whom we know and who has no archive."""
    if error.rule == NO_SEAT:
        return refused(error, HTTPStatus.FORBIDDEN)
    response = refused(error, HTTPStatus.UNAUTHORIZED)
    response["WWW-Authenticate"] = SCHEME
    return response
