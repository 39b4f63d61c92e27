"""The one stylesheet and the icon: served by this process, under an address that changes with their content."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

_STYLE = (Path(__file__).parent / "static" / "public" / "style.css").read_bytes()
_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    b'<circle cx="8" cy="8" r="6" fill="none" stroke="#8a5aa0" stroke-width="3"/></svg>'
)
VERSION = sha256(_STYLE).hexdigest()[:12]
ADDRESS = f"/style/{VERSION}.css"
_FOREVER = "public, max-age=31536000, immutable"


@gzip_page
@require_safe
def style(_request: HttpRequest, version: str) -> HttpResponse:
    """The stylesheet; an older address leads to the present one, and is not kept."""
    response = HttpResponse(_STYLE, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = _FOREVER if version == VERSION else "no-cache"
    return response


@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """A ring."""
    response = HttpResponse(_ICON, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
