"""`/records/<index>`: one record, its proof, and how to check it without asking us."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from safeconduct.core.kernel.spelling import print_base64
from safeconduct.core.record.disclosure import private_fields
from safeconduct.core.record.kinds import KINDS
from safeconduct.service.public_story import Proved, prove
from safeconduct.service.words import details
from safeconduct.web.public.language import link
from safeconduct.web.public.page import Reply, missing, page
from safeconduct.web.public.passage import told_how, told_when
from safeconduct.web.public.site import Said, Shown
from safeconduct.web.public.status import cosigned
from safeconduct.web.public.telling import tell
from safeconduct.web.public.times import clock, day
from safeconduct.web.public.wording import number

_FILES = {"founding": ("agreement", "route"), "amendment": ("agreement", "route"), "head": ("note",)}
"""The claims that are whole texts."""


@page
def record(request: HttpRequest, shown: Shown, _said: Said, index: int) -> Reply:
    """One record in words."""
    proved = prove(shown.fold, shown.log.store, shown.head, index)
    if proved is None:
        return missing(
            gettext("record no. %(number)s") % {"number": number(index)}, last=number(shown.head.last)
        )
    return Reply("record.html", {**_proof(request, shown, proved), **_words(request, shown, proved)})


@page
def entry(_request: HttpRequest, shown: Shown, _said: Said, index: int) -> Reply | HttpResponse:
    """`17.entry`: its bytes, as they were signed."""
    proved = prove(shown.fold, shown.log.store, shown.head, index)
    return missing(f"{index}.entry") if proved is None else _file(proved.text, f"{index}.entry")


@page
def receipt(_request: HttpRequest, shown: Shown, _said: Said, index: int) -> Reply | HttpResponse:
    """`17.receipt`: the way from it to the public's head, and that head (C2SP tlog-proof)."""
    proved = prove(shown.fold, shown.log.store, shown.head, index)
    if proved is None:
        return missing(f"{index}.receipt")
    return _file(proved.receipt.print().encode(), f"{index}.receipt")


@page
def policy(_request: HttpRequest, shown: Shown, _said: Said) -> HttpResponse:
    """Whose signatures a head must have: printed from the founding record."""
    return _file(shown.founding.policy().encode(), "policy")


def _file(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _proof(request: HttpRequest, shown: Shown, proved: Proved) -> dict[str, Any]:
    index = proved.index
    base = request.build_absolute_uri("/")
    return {
        "index": index,
        "number": number(index),
        "leaf": proved.leaf,
        "steps": [print_base64(step) for step in proved.receipt.proof],
        "head": shown.head,
        "note": shown.head.note.decode("utf-8", "replace"),
        "sealed": _sealed(shown, index),
        "entry": link(request, "entry", index),
        "receipt": link(request, "receipt", index),
        "policy": link(request, "policy"),
        "commands": "\n".join(
            (
                f"curl -O {base}records/{index}.entry",
                f"curl -O {base}records/{index}.receipt",
                f"curl -O {base}policy",
                f"safeconduct receipt check {index}.receipt \\",
                f"  --entry {index}.entry --policy policy",
            )
        ),
        "before": link(request, "record", index - 1) if index else "",
        "after": link(request, "record", index + 1) if index + 1 < shown.head.size else "",
    }


def _sealed(shown: Shown, index: int) -> str:
    """When a dated head first covered it, and who cosigned the head that its proof leads to."""
    head, first = shown.head, shown.fold.heads.first_covering(index)
    when_s = head.time if first is None else first
    told = gettext("Sealed into the record as no. %(number)s at %(time)s on %(day)s.") % {
        "number": number(index),
        "time": clock(when_s),
        "day": day(when_s),
    }
    under = gettext("Its proof leads to the public’s head over %(size)s records, %(cosigned)s.") % {
        "size": number(head.size),
        "cosigned": cosigned(shown),
    }
    return f"{told} {under}"


def _words(request: HttpRequest, shown: Shown, proved: Proved) -> dict[str, Any]:
    if proved.told is None:
        return {"readable": False, "size": len(proved.text)}
    told, event = proved.told, proved.told.event
    payload = told.entry.payload
    kind = KINDS.get(event.evt)
    called = lambda leaf: f"{leaf[:12]}…"  # noqa: E731
    sealed_names = dict.fromkeys(
        place if isinstance(place, str) else place[1] for place, _ in private_fields(payload)
    )
    return {
        "readable": True,
        "says": tell(event, shown.agreement, called),
        "who": event.iss,
        "kind": event.evt,
        "about": "" if kind is None else kind.about,
        "when": told_when(event.occurred, told.entry.at),
        "how": told_how(told.entry.at, event.bounds),
        "claims": [_claim(line) for line in details(payload, {}, called, hidden=False)],
        "files": [(name, payload[name]) for name in _FILES.get(event.evt, ())],
        "sealed_fields": ", ".join(sealed_names),
        "kid": event.kid,
        "seq": number(event.seq),
        "agreement": event.agreement,
        "passage": "" if told.entry.psg is None else told.entry.psg,
        "story": ""
        if told.entry.psg not in shown.fold.passages
        else link(request, "passage", told.entry.psg),
    }


def _claim(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value
