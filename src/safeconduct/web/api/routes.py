"""`POST /api/records`, `GET /api/records/<jti>`, `GET /api/openapi.json`. Their promises: docs/spec/api.md.

Every answer that is no success is a problem document, whatever happened: an unknown path or method, and a defect
of ours, too.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, path, re_path

from safeconduct import __version__
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.service.admission import Outcome
from safeconduct.service.sequence import Sequencer
from safeconduct.web.api.body import read_body
from safeconduct.web.api.needs import Corridor
from safeconduct.web.api.openapi import JTI, READING, SUBMITTING, Documented
from safeconduct.web.api.problem import Turned, problem, problem_of, status_of, turned, unavailable

_JTI = re.compile(JTI, re.ASCII)
_LOG = logging.getLogger("safeconduct.api")

View = Callable[..., HttpResponse]


def routes(corridor: Callable[[], Corridor]) -> list[URLPattern | URLResolver]:
    """The URL patterns, to be included under `api/`. `corridor` is asked anew by every request."""
    api = Documented(
        title="safeconduct",
        version=__version__,
        description="Hands signed records to a corridor's log. No cookie, no account: a record is signed.",
        urls_namespace="api",
        docs_url=None,
    )
    api.add_exception_handler(Exception, _went_wrong)

    @api.post("/records", **SUBMITTING)
    def submit(request: HttpRequest) -> HttpResponse:
        """Hand in one record, or up to 1,000."""
        return _submit(request, corridor())

    @api.get("/records/{jti}", **READING)
    def receipt(request: HttpRequest, jti: str) -> HttpResponse:  # noqa: ARG001 - ninja's signature
        """The receipt of a record, again: by now it may be cosigned."""
        return _receipt(corridor(), jti)

    patterns, app, namespace = api.urls
    for pattern in patterns:
        assert isinstance(pattern, URLPattern), "one router, without others in it"
        view = _read_only(pattern.callback) if pattern.name == "openapi-json" else pattern.callback
        pattern.callback = _guarded(view)
    return [path("", (patterns, app, namespace)), re_path("", _guarded(_nowhere))]


def _submit(request: HttpRequest, here: Corridor) -> HttpResponse:
    body = read_body(request)
    outcomes = here.submit(body.submissions)
    if body.is_list:
        answers = [_item(outcome, here, f"$.records[{number}]") for number, outcome in enumerate(outcomes)]
        return _json({"records": answers}, HTTPStatus.MULTI_STATUS)
    answer = _item(outcomes[0], here, "")
    status = HTTPStatus(answer.pop("status"))
    return problem(answer["problem"]) if "problem" in answer else _json(answer, status)


def _item(outcome: Outcome, here: Corridor, place: str) -> dict[str, Any]:
    if outcome.receipt is None or here.sequencer is None:
        error = outcome.error or Unavailable("it has no answer", next_step="Repeat it")
        return {
            "status": int(status_of(error)),
            "problem": problem_of(error, refusal=outcome.refusal, place=place),
        }
    status = HTTPStatus.OK if outcome.repeated else HTTPStatus.CREATED
    return {"status": int(status), **_told(outcome.receipt, here.sequencer)}


def _receipt(here: Corridor, jti: str) -> HttpResponse:
    index = here.store.index_of(jti) if _JTI.fullmatch(jti) else None
    if index is None:
        raise Turned(
            "api.unknown",
            "no record with this jti is in the log",
            where="jti",
            next_step="If you signed it, hand it in: a repeat is harmless",
        )
    if here.sequencer is None:
        raise here.stopped or Unavailable("another process appends", next_step="Repeat in a moment")
    return _json(_told(here.sequencer.receipt(index), here.sequencer), HTTPStatus.OK)


def _told(receipt: Receipt, sequencer: Sequencer) -> dict[str, Any]:
    text = receipt.print()
    return {"grade": _grade(text.partition("\n\n")[2], sequencer), "receipt": text}


@lru_cache(maxsize=256)
def _grade(note: str, sequencer: Sequencer) -> str:
    """Many receipts are under one head."""
    policy = sequencer.policy
    return "logged" if policy.check(Note.parse(note.encode())).time(policy) is None else "cosigned"


def _json(document: dict[str, Any], status: HTTPStatus) -> HttpResponse:
    return HttpResponse(json.dumps(document), status=status, content_type="application/json")


def _went_wrong(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    match error:
        case Turned():
            return turned(error)
        case SafeconductError():
            return unavailable(error)
        case Http404():
            return _nowhere()
        case _:
            return _defect(error)


def _defect(error: Exception | type[Exception]) -> HttpResponse:
    """Its kind and place are logged; its words may hold what somebody sent."""
    trace = error.__traceback__ if isinstance(error, Exception) else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    _LOG.error("a request met a defect: %s at %s", type(error).__name__, place)
    return turned(
        Turned("api.defect", "this program has a defect", next_step="Repeat it later; tell its operator")
    )


def _nowhere(*_: object, **__: object) -> HttpResponse:
    return turned(Turned("api.path", "nothing is here", where="path", next_step="See openapi.json"))


def _read_only(view: View) -> View:
    def read_only(request: HttpRequest, **named: Any) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return view(request, **named)

    return read_only


def _guarded(view: View) -> View:
    """Whatever a view and the framework do, the answer is one of ours, and nothing on the way keeps it."""

    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        is_head = request.method == "HEAD"
        if is_head:  # answered as GET, without the body
            request.method = "GET"
        try:
            response = view(request, *arguments, **named)
        except Exception as error:  # noqa: BLE001 - nobody gets a trace
            response = _went_wrong(request, error)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allow = ", ".join(sorted({*response["Allow"].split(", ")}))
            message = f"{str(request.method)[:20]} is not used here"
            response = turned(
                Turned("api.method", message, where="method", next_step=f"Use {allow}", allow=allow)
            )
        if is_head:
            response["Content-Length"] = str(len(response.content))
            response.content = b""
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    guarded.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie says who somebody is: records are signed
    return guarded
