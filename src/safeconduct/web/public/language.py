"""Which language a page is in: `?lang=ar`, else what the browser asks for, else English; and how links keep it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation.trans_real import parse_accept_lang_header

LANGUAGES = {"en": "English", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ar"})


def asked(request: HttpRequest) -> str | None:
    """The language in the address, if it is one of ours."""
    name = request.GET.get("lang", "")
    return name if name in LANGUAGES else None


def language_of(request: HttpRequest) -> str:
    """The language of the page."""
    named = asked(request)
    if named is not None:
        return named
    for name, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if name.partition("-")[0] in LANGUAGES:
            return name.partition("-")[0]
    return "en"


def link(request: HttpRequest, name: str, *arguments: object, **query: object) -> str:
    """The address of a page in the language that was asked for; what is empty stays out of it."""
    wanted = {key: value for key, value in query.items() if value not in ("", None)}
    language = asked(request)
    if language is not None:
        wanted.setdefault("lang", language)
    address = reverse(f"public:{name}", args=arguments)
    return f"{address}?{urlencode(wanted)}" if wanted else address


def in_language(request: HttpRequest, language: str) -> str:
    """This page in another language."""
    query = request.GET.copy()
    query["lang"] = language
    return f"{request.path}?{query.urlencode()}"
