"""Errors as problem documents (RFC 9457), each with its rule, where it stands, and what to do next.

Rules:
 1. `type` is `about:blank`: `title` is the status in words, `rule` says which rule it is about (docs/spec/api.md).
 2. Every fault is listed, up to `MOST_FAULTS`; what was left off is counted. Answers stay small whatever is sent.
 3. What went wrong on our side says nothing of this machine: no path, no trace.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from safeconduct.core.kernel.errors import (
    Conflict,
    Disproved,
    Fault,
    Malformed,
    SafeconductError,
    Unavailable,
)
from safeconduct.core.record.rules import Rule
from safeconduct.service.admission import Refused

CONTENT_TYPE = "application/problem+json"
MOST_FAULTS = 16
RETRY_AFTER_S = 2

RULES: Mapping[str, tuple[HTTPStatus, Rule]] = {
    rule.id: (status, rule)
    for status, rule in (
        (HTTPStatus.BAD_REQUEST, Rule("api.json", "api", "A body is JSON in UTF-8, each name in it once.")),
        (HTTPStatus.BAD_REQUEST, Rule("api.form", "api", "A body is a submission, or a list of them.")),
        (HTTPStatus.BAD_REQUEST, Rule("api.length", "api", "A body is as long as it says.")),
        (HTTPStatus.NOT_FOUND, Rule("api.path", "api", "A path is one of the API's.")),
        (HTTPStatus.NOT_FOUND, Rule("api.unknown", "api", "A record that is asked for is in the log.")),
        (HTTPStatus.METHOD_NOT_ALLOWED, Rule("api.method", "api", "A path is used by its methods.")),
        (HTTPStatus.REQUEST_TIMEOUT, Rule("api.time", "api", "A body comes at 4 KiB a second or faster.")),
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Rule("api.size", "api", "A body has at most 8 MiB.")),
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Rule("api.count", "api", "A list has at most 1,000 records.")),
        (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Rule("api.type", "api", "A body is plain application/json.")),
        (HTTPStatus.INTERNAL_SERVER_ERROR, Rule("api.defect", "api", "This program works.")),
        (HTTPStatus.SERVICE_UNAVAILABLE, Rule("api.busy", "api", "At most 8 long bodies come at once.")),
    )
}
"""The API's own rules, with their statuses."""


class Turned(Exception):
    """A request that is answered by one of the API's own rules."""

    def __init__(
        self, rule: str, message: str, *, where: str = "", next_step: str = "", allow: str = ""
    ) -> None:
        """One fault; `allow` are the methods of a path."""
        self.faults: tuple[Fault, ...] = (Fault(message, where, next_step, rule),)
        self.allow = allow
        super().__init__(message)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Turned:
        """One for all of a body's faults, by the rule of the first."""
        found = tuple(faults)
        turned = cls(found[0].rule, found[0].message)
        turned.faults = found
        return turned


def status_of(error: SafeconductError) -> HTTPStatus:
    """The status of a submission that got no receipt."""
    match error:
        case Refused():
            return HTTPStatus.FORBIDDEN
        case Conflict():
            return HTTPStatus.CONFLICT
        case Malformed() | Disproved():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case _:
            return HTTPStatus.SERVICE_UNAVAILABLE


def problem_of(error: SafeconductError, *, refusal: str | None = None, place: str = "") -> dict[str, Any]:
    """The document for one submission; `place` is where it stands in the body."""
    faults = tuple(replace(fault, where=f"{place} {fault.where}".strip()) for fault in error.faults)
    document = _document(status_of(error), faults)
    return document if refusal is None else {**document, "refusal": refusal}


def problem(document: Mapping[str, Any]) -> HttpResponse:
    """The answer that carries a document."""
    response = HttpResponse(json.dumps(document), status=document["status"], content_type=CONTENT_TYPE)
    if document["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def turned(error: Turned) -> HttpResponse:
    """The answer by one of the API's own rules."""
    status, _ = RULES[error.faults[0].rule]
    response = problem(_document(status, error.faults))
    if error.allow:
        response["Allow"] = error.allow
    return response


def unavailable(error: SafeconductError) -> HttpResponse:
    """Nothing can be logged or read now, whatever was sent. Rule 3."""
    fault = replace(error.faults[0], where="")
    advice = "" if isinstance(error, Unavailable) else "Repeat it later; its operator is needed first"
    shown = replace(fault, next_step=advice or fault.next_step)
    return problem(_document(HTTPStatus.SERVICE_UNAVAILABLE, (shown,)))


def _document(status: HTTPStatus, faults: tuple[Fault, ...]) -> dict[str, Any]:
    first = faults[0]
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": str(first),
        "rule": first.rule,
        "where": first.where,
        "next_step": first.next_step,
        "faults": [asdict(fault) for fault in faults[:MOST_FAULTS]],
    }
    left_off = len(faults) - MOST_FAULTS
    return {**document, "faults_left_off": left_off} if left_off > 0 else document
