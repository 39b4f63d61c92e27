"""One record in a sentence, in the reader's language: what stands there, and no more.

Kinds without a sentence of their own here are told in the words of `service/words`, which are English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.passage.events import Event
from safeconduct.service.words import sentence
from safeconduct.web.public.times import instant
from safeconduct.web.public.wording import code, codes, listed, number, parted, post

NameOf = Callable[[str], str]

_SENTENCES = {
    "founding": gettext_noop("Founded this corridor."),
    "amendment": gettext_noop("Proposed version %(version)s of the agreement."),
    "closing": gettext_noop("Proposed that this corridor ends; reason: %(reason)s."),
    "consent": gettext_noop("Consented to %(of)s."),
    "refusal": gettext_noop("Did not agree to %(of)s; reason: %(reason)s."),
    "lapse": gettext_noop("Said that the term of %(of)s has passed."),
    "key": gettext_noop("Enrolled a key for %(holder)s."),
    "head": gettext_noop("Logged a published head with the cosignatures that it had."),
    "disclosure": gettext_noop("Logged what %(reader)s now holds."),
    "watch-start": gettext_noop("Started the watch at %(post)s."),
    "watch-end": gettext_noop("Ended the watch at %(post)s."),
    "acknowledgement": gettext_noop("Has %(of)s."),
    "pass": gettext_noop(
        "Granted a pass for %(declaration)s, valid from %(valid_from)s until %(valid_until)s. %(without)s"
    ),
    "pass-refusal": gettext_noop("Refused a pass for %(declaration)s: %(reasons)s."),
    "pass-revocation": gettext_noop("Took %(pass)s back; reason: %(reason)s."),
    "account": gettext_noop("Says that at %(post)s it %(what)s."),
    "arrival": gettext_noop("Saw it arrive at %(post)s, %(direction)s. %(people)s"),
    "entered": gettext_noop("Saw it go in at %(post)s, %(direction)s. %(people)s"),
    "exited": gettext_noop("Saw it come out at %(post)s, %(direction)s. %(people)s"),
    "turned-back": gettext_noop("Turned it back at %(post)s; reason: %(reason)s."),
    "inspection": gettext_noop("Inspected it at %(post)s: depth %(depth)s, cause %(cause)s. %(results)s"),
    "seal": gettext_noop("Seal %(act)s at %(post)s; condition: %(condition)s."),
    "correction": gettext_noop("Corrected %(of)s."),
    "withdrawal": gettext_noop("Withdrew %(withdraws)s."),
    "declaration": gettext_noop("Declared a movement: %(class)s, %(direction)s. %(people)s%(lines)s"),
    "restriction": gettext_noop("Says that the road is %(state)s from %(from)s."),
}
_VERDICTS = {
    "agrees": gettext_noop("Agreed with %(of)s."),
    "refuses": gettext_noop("Did not agree with %(of)s."),
}
_INSTANTS = ("valid_from", "valid_until", "from", "until")
_POSTS = ("post",)


def tell(event: Event, agreement: Agreement, name_of: NameOf) -> str:
    """The sentence; `name_of` gives what to call the record with a leaf."""
    payload = event.payload
    if event.evt == "countersign":
        return gettext(_VERDICTS[payload["verdict"]]) % {"of": name_of(payload["of"])}
    template = _SENTENCES.get(event.evt)
    if template is None:
        return f"{sentence(payload, name_of)}."
    shown = {name: _shown(name, value, agreement, name_of) for name, value in payload.items()}
    return (gettext(template) % (shown | _counted(payload))).strip()


def _shown(name: str, value: Any, agreement: Agreement, name_of: NameOf) -> str:
    if name in _INSTANTS and type(value) is int:
        return instant(value)
    if name in _POSTS:
        return post(agreement, str(value))
    if isinstance(value, str):
        return name_of(value) if len(value) == 64 else code(value)
    return "" if isinstance(value, dict | list) else str(value)


def _counted(payload: Mapping[str, Any]) -> dict[str, str]:
    """What stands there only sometimes, as a sentence of its own."""
    people = payload.get("people")
    lines = payload.get("lines") if payload["evt"] == "declaration" else None
    refused = payload.get("refused", ())
    reasons = [reason["rule"] for reason in payload.get("reasons", ())]
    return {
        "people": "" if people is None else _people(people),
        "lines": "" if lines is None else " " + _lines(len(lines)),
        "without": gettext("Without line %(lines)s.")
        % {"lines": listed(str(one["line"] + 1) for one in refused)}
        if refused
        else "",
        "reasons": listed(reasons),
        "results": _results(payload.get("lines")) if payload["evt"] == "inspection" else "",
    }


def _people(count: int) -> str:
    return ngettext("%(count)s person.", "%(count)s people.", count) % {"count": number(count)}


def _lines(count: int) -> str:
    return ngettext("%(count)s line of goods.", "%(count)s lines of goods.", count) % {"count": number(count)}


def _results(lines: list[dict[str, Any]] | None) -> str:
    """Which lines had which result."""
    if not lines:
        return gettext("Nothing is said of single lines.")
    by_result: dict[str, list[str]] = {}
    for line in lines:
        by_result.setdefault(line["result"], []).append(str(line["line"] + 1))
    told = (f"{code(result)} ({listed(places)})" for result, places in by_result.items())
    return gettext("Lines: %(results)s.") % {"results": parted(told)}


def conditions(texts: tuple[str, ...]) -> str:
    """Conditions of a pass or of a restricted road."""
    return codes(texts)
