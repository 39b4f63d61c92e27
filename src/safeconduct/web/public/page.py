"""What all pages have in common: the language, what is public now, the frame, and how answers are kept and packed.

A view computes a `Reply` of plain values while the log is held; it is rendered afterwards, in the page's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.backends.django import DjangoTemplates
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext, override
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.service.public_head import NotYet
from safeconduct.web.public.awaited import awaiting_lines
from safeconduct.web.public.language import LANGUAGES, RIGHT_TO_LEFT, in_language, language_of, link
from safeconduct.web.public.site import Said, Shown, site
from safeconduct.web.public.style import ADDRESS
from safeconduct.web.public.times import duration, instant

_KEPT_S = 30
_TEMPLATES = DjangoTemplates(
    {
        "NAME": "public",
        "DIRS": [str(Path(__file__).parent / "templates")],
        "APP_DIRS": False,
        "OPTIONS": {"builtins": ["django.templatetags.i18n"]},
    }
)
Given = ParamSpec("Given")


@dataclass(frozen=True, slots=True)
class Reply:
    """A template under `public/`, and what it shows."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


View = Callable[Concatenate[HttpRequest, Shown, Said, Given], Reply | HttpResponse]


def page(view: View[Given]) -> Callable[Concatenate[HttpRequest, Given], HttpResponseBase]:
    """A view of what is public now; where nothing is yet, a page that says when."""

    def answer(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        language = language_of(request)
        with override(language):
            try:
                response = _answer(
                    request, language, lambda shown, said: view(request, shown, said, *args, **kwargs)
                )
            except SafeconductError:
                response = _rendered(request, language, None, Reply("unavailable.html", status=503))
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        return response

    return require_safe(gzip_page(answer))


def _answer(
    request: HttpRequest, language: str, view: Callable[[Shown, Said], Reply | HttpResponse]
) -> HttpResponse:
    with site().reading() as (shown, said):
        log = site().log
        founding = log.founding
        if isinstance(shown, NotYet):
            not_yet = _not_yet(shown, said, founding, home=request.path == link_home())
            return _rendered(request, language, founding, not_yet)
        etag = _etag(request, language, shown, said, minute=log.clock.now() // 60)
        unchanged = get_conditional_response(request, etag=etag)
        if unchanged is not None:
            return _kept(HttpResponse(status=unchanged.status_code), etag)
        reply = view(shown, said)
    response = reply if isinstance(reply, HttpResponse) else _rendered(request, language, founding, reply)
    return _kept(response, etag) if response.status_code == 200 else response


def link_home() -> str:
    """The address of the status page."""
    return "/"


def _etag(request: HttpRequest, language: str, shown: Shown, said: Said, *, minute: int) -> str:
    newest = b"" if said.head is None else said.head.note
    parts = (request.get_full_path().encode(), language.encode(), shown.head.note, newest, ADDRESS.encode())
    digest = sha256(b"\0".join((*parts, str(minute).encode()))).hexdigest()[:32]
    return f'"{digest}"'


def _kept(response: HttpResponse, etag: str) -> HttpResponse:
    response.headers.setdefault("ETag", etag)
    response.headers.setdefault("Cache-Control", f"public, max-age={_KEPT_S}")
    return response


def _rendered(request: HttpRequest, language: str, founding: Founding | None, reply: Reply) -> HttpResponse:
    context = {**_frame(request, language, founding), **reply.context}
    text = _TEMPLATES.get_template(f"public/{reply.template}").render(context)
    response = HttpResponse(text, status=reply.status)
    if reply.status == 503:
        response.headers["Retry-After"] = str(_KEPT_S)
    return response


def _frame(request: HttpRequest, language: str, founding: Founding | None) -> dict[str, Any]:
    """What every page shows; without a founding, as far as it goes."""
    return {
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "languages": [
            (name, word, in_language(request, name)) for name, word in LANGUAGES.items() if name != language
        ],
        "style": ADDRESS,
        "nature": "" if founding is None else founding.nature,
        "title": "" if founding is None else founding.agreement.title,
        "home": link(request, "status"),
        "passages": link(request, "passages"),
        "checking": f"/check?lang={language}",
        "here": request.path,
        "audit": audit_command(request, founding),
    }


def audit_command(request: HttpRequest, founding: Founding | None) -> str:
    """What to type to check everything that is public."""
    corridor = "" if founding is None else f" \\\n  --corridor {founding.cor}"
    return f"safeconduct audit {request.build_absolute_uri('/public/')}{corridor}"


def _not_yet(why: NotYet, said: Said, founding: Founding, *, home: bool) -> Reply:
    reasons = {
        "no-delay": gettext(
            "The agreement does not say how old a head of the record must be before the public sees it. "
            "Until it does, nothing is published here."
        ),
        "no-quorum": gettext("No head of the record has been cosigned by enough witnesses yet."),
        "too-young": gettext("The record's first head is not old enough yet."),
    }
    delay = None if why.delay_s is None else duration(why.delay_s, by_day=False)
    first = None if why.first_s is None else instant(why.first_s)
    context = {
        "reason": reasons[why.why],
        "awaiting": list(awaiting_lines(said.awaiting)),
        "delay": delay,
        "first": first,
        "corridor": founding.cor,
    }
    return Reply("not_yet.html", context, 200 if home else 503)


def missing(what: str, *, last: str = "") -> Reply:
    """Nothing public is at this address."""
    return Reply("missing.html", {"what": what, "last": last}, 404)
