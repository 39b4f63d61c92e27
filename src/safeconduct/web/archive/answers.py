"""Answers that carry a file of an archive, and problem documents (RFC 9457) where there is none to carry.

A file that never changes may be kept for a year; one that does, for seconds, and is asked about with `ETag`. What only
parties read is `private`: no cache on the way may hand it to somebody else. An error is kept by nobody.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from safeconduct.core.kernel.errors import Fault, SafeconductError, Unavailable

SECONDS = 5
"""How long an answer about a moving head may be kept."""
_YEAR = 31_536_000
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_MINUTE = 60


def immutable(request: HttpRequest, data: bytes, *, shared: bool) -> HttpResponse:
    """A tile or a bundle."""
    whose = "public" if shared else "private"
    return _answer(request, data, _BYTES, f"{whose}, max-age={_YEAR}, immutable", shared=shared)


def moving(request: HttpRequest, data: bytes, *, shared: bool) -> HttpResponse:
    """The head or the policy: 304 where the reader has these very bytes."""
    whose = f"public, max-age={SECONDS}" if shared else "private, no-cache"
    return _asked(request, data, _TEXT, whose, shared=shared)


def disclosed(request: HttpRequest, data: bytes, size: int) -> HttpResponse:
    """A party's own disclosures, which nothing on the way keeps; of a head of this size."""
    response = _answer(request, data, _TEXT, "no-store", shared=False)
    response["Safeconduct-Size"] = str(size)
    return response


def unavailable(error: SafeconductError, *, after_s: int | None = None) -> HttpResponse:
    """Nothing can be read now. It says nothing of this machine: no path of it."""
    fault = replace(error.faults[0], where="")
    if not isinstance(error, Unavailable):
        fault = replace(fault, next_step="Repeat it later; its operator is needed first")
    response = _document(HTTPStatus.SERVICE_UNAVAILABLE, fault)
    response["Retry-After"] = str(_MINUTE if after_s is None else after_s)
    return response


def refused(error: SafeconductError, status: HTTPStatus) -> HttpResponse:
    """What is wrong with the reader's token."""
    return _document(status, error.faults[0])


def not_there() -> HttpResponse:
    """The archive has no file of this name, or nobody may see it yet: the same answer."""
    step = "The paths follow from the size in checkpoint"
    return _document(
        HTTPStatus.NOT_FOUND,
        Fault("there is no such file in this archive", next_step=step, rule="archive.path"),
    )


def wrong_method(*allowed: str) -> HttpResponse:
    """An archive is only read."""
    fault = Fault("an archive is only read", next_step=f"Use {' or '.join(allowed)}", rule="archive.method")
    response = _document(HTTPStatus.METHOD_NOT_ALLOWED, fault)
    response["Allow"] = ", ".join(allowed)
    return response


def _document(status: HTTPStatus, fault: Fault) -> HttpResponse:
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": str(fault),
        "rule": fault.rule,
        "where": fault.where,
        "next_step": fault.next_step,
        "faults": [asdict(fault)],
    }
    response = HttpResponse(json.dumps(document), status=status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _asked(request: HttpRequest, data: bytes, kind: str, cache: str, *, shared: bool) -> HttpResponse:
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    known = [each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))]
    if tag in known or "*" in known:
        response = HttpResponse(status=304)
        del response["Content-Type"]
        _mark(response, cache, shared=shared)
    else:
        response = _answer(request, data, kind, cache, shared=shared)
    response["ETag"] = tag
    return response


def _answer(request: HttpRequest, data: bytes, kind: str, cache: str, *, shared: bool) -> HttpResponse:
    response = HttpResponse(b"" if request.method == "HEAD" else data, content_type=kind)
    response["Content-Length"] = str(len(data))
    _mark(response, cache, shared=shared)
    return response


def _mark(response: HttpResponse, cache: str, *, shared: bool) -> None:
    response["Cache-Control"] = cache
    response["X-Content-Type-Options"] = "nosniff"
    if not shared:
        response["Vary"] = "Authorization"
