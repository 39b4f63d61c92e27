"""The WSGI application: the corridor is opened when this module is loaded, and closed when the process ends.

`safeconduct serve` loads it, and so may any WSGI server with threads, in one process.
"""

from __future__ import annotations

import atexit
import sys
import time
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from safeconduct.web import state


class Application(WSGIHandler):
    """Django's, with a line in the log for each request, and lengths on every answer."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """One request; whatever happens, the answer is one of ours."""
        try:
            return super().__call__(environ, start_response)
        except Exception as error:  # noqa: BLE001 - nobody gets a trace
            tell_defect(error)
            response = urls.defect()
            start_response("500 Internal Server Error", list(response.items()))
            return [response.content]

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Django's answer, told."""
        start = time.perf_counter()
        response = super().get_response(request)
        if (
            not response.streaming
            and "Content-Length" not in response.headers
            and response.status_code != 304
        ):
            response["Content-Length"] = str(len(getattr(response, "content", b"")))
        tell_request(request, response, ms=(time.perf_counter() - start) * 1000)
        return response


def _defect(**_: Any) -> None:
    """Django hands on no exception: it is the one that is being handled."""
    error = sys.exc_info()[1]
    if error is not None:
        tell_defect(error)


state.start()
atexit.register(state.stop)

from safeconduct.web import urls  # noqa: E402 - pages can be imported once Django is set up
from safeconduct.web.logs import tell_defect, tell_request  # noqa: E402

got_request_exception.connect(_defect, dispatch_uid="safeconduct")
application = Application()
