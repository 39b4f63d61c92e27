"""`/check`: the file as it is shipped, under the policy that stands in it."""

from __future__ import annotations

import re
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.cache import get_conditional_response
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from safeconduct.web.check.build import FILE

_PAGE = FILE.read_bytes()
_STANDS = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
_POLICY = b"".join(_STANDS.findall(_PAGE)).decode()
_ETAG = f'"{sha256(_PAGE).hexdigest()[:32]}"'


@gzip_page
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """The page; nothing in it depends on who asks, or on this log."""
    unchanged = get_conditional_response(request, etag=_ETAG)
    response = unchanged or HttpResponse(_PAGE, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = f"{_POLICY}; frame-ancestors 'none'"
    response.headers["ETag"] = _ETAG
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def routes() -> list[URLPattern]:
    """For the server's addresses."""
    return [path("check", check, name="check")]
