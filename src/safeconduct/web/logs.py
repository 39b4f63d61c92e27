"""What the server says of itself: one JSON object a line, on standard error, by Python's own logging.

Rules:
 1. A line has `time` (UTC), `level`, `event`, and fields of ours: numbers and words of this program. Nothing that
    somebody sent is in it: no path, query, header, body, token, address; of a request the route's name.
 2. What other libraries say is not repeated, for it may hold what was sent: a line names the logger, and that is all.
 3. A defect is told by its kind and its place in the program, never with its words.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_LOG = logging.getLogger("safeconduct")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


class Line(logging.Formatter):
    """A record of the log as rule 1 wants it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        told: Mapping[str, Any] | None = getattr(record, "told", None)
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if told is not None:
            fields |= {"event": record.msg, **told}
        elif record.name.split(".")[0] == "safeconduct":
            fields |= {"event": "said", "said": record.getMessage()}
        else:  # 2
            fields |= {"event": "foreign", "logger": record.name}
        return json.dumps(fields, ensure_ascii=True)


def configure(stream: TextIO | None = None) -> None:
    """From now on this process speaks so. A repeat replaces."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _LOG.setLevel(logging.INFO)
    # It tells paths, and the words of exceptions. What it would say, `request` and `defect` say.
    django = logging.getLogger("django")
    django.handlers[:] = [logging.NullHandler()]
    django.propagate = False


def tell(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """One line; rule 1 holds for the fields."""
    if _LOG.isEnabledFor(
        level
    ):  # made here: nobody asks where in the program it was said, and finding that takes time
        _LOG.handle(_LOG.makeRecord(_LOG.name, level, "", 0, event, (), None, extra={"told": fields}))


def tell_request(request: HttpRequest, response: HttpResponseBase, *, ms: float) -> None:
    """The line of one request."""
    match = request.resolver_match
    tell(
        "request",
        method=_method(request.method or ""),
        route="none" if match is None else match.view_name,
        status=response.status_code,
        ms=round(ms, 1),
        bytes=None if response.streaming else len(getattr(response, "content", b"")),
    )


def tell_turned(method: str, status: int, *, ms: float) -> None:
    """The line of one whose body nobody waited for."""
    tell("request", method=_method(method), route="none", status=status, ms=round(ms, 1), bytes=None)


def _method(method: str) -> str:
    return method if method in _METHODS else "other"


def tell_defect(error: BaseException) -> None:
    """Rule 3."""
    tell("defect", level=logging.ERROR, kind=type(error).__name__, place=_place(error.__traceback__))


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
