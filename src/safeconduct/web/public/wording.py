"""Codes and goods in the reader's language. What an agreement or a record spells itself stays as it is."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi, gettext, pgettext

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.service.public_passage import Goods
from safeconduct.web.public.terms import CODES, HEADINGS, UNITS


def code(text: str) -> str:
    """A code in words, where it is one of those that we know; else as the record has it."""
    word = CODES.get(text)
    return apart(text) if word is None else gettext(word)


def apart(text: str) -> str:
    """A name in another script keeps its own direction, and moves nothing beside it (Unicode, FSI and PDI)."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if get_language_bidi() else text


def parted(words: Iterable[str]) -> str:
    """Parts of a sentence after each other."""
    return pgettext("between the parts of a sentence", "; ").join(words)


def codes(texts: Iterable[str]) -> str:
    """Several, after each other."""
    return listed([code(text) for text in texts])


def listed(words: Iterable[str]) -> str:
    """`one, two and three`."""
    *most, last = tuple(words) or ("",)
    if not most:
        return last
    separator = pgettext("between the first items of a list", ", ")
    return pgettext("before the last item of a list", "%(first)s and %(last)s") % {
        "first": separator.join(most),
        "last": last,
    }


def tag(shape: str, word: str) -> SafeString:
    """A word with its mark."""
    return format_html('<span class="tag {}">{}</span>', shape, gettext(word))


def number(value: int) -> str:
    """Thousands parted."""
    return f"{value:,}"


def heading(text: str) -> str:
    """A heading's short name, or nothing."""
    word = HEADINGS.get(text[:4])
    return "" if word is None else gettext(word)


def goods(lines: Iterable[Goods]) -> str:
    """What is carried, in a few words: one entry for each heading and unit."""
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        key = line.heading, line.unit
        sums[key] = sums.get(key, 0) + line.quantity
    return listed(
        f"{heading(name) or f'HS {name}'} {quantity(amount, unit)}" for (name, unit), amount in sums.items()
    )


def quantity(amount: int, unit: str) -> str:
    """An amount with its unit (UN/ECE Recommendation 20), never broken across lines."""
    word = UNITS.get(unit)
    return f"{amount:,}\N{NO-BREAK SPACE}{unit if word is None else gettext(word)}"


def post(agreement: Agreement, name: str) -> str:
    """A post as the agreement writes it."""
    known = agreement.posts.get(name)
    return apart(name if known is None else known.name)
