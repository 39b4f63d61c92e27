"""The text of `agreement.toml` as tables, with the line of every key.

Rules:
 agreement.size       at most 40,000 bytes: the founding record must hold it together with the route
 agreement.nfc        Unicode NFC, in letters that Unicode 14.0 has, and no half characters
 agreement.invisible  no letters that change what is read without being seen
 agreement.toml       TOML 1.0; nothing nested so deep that its reader fails

What is wrong with letters is told together with all that follows; a syntax error ends the reading.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from safeconduct.core.agreement.form import Sheet, foreign_letter
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.letters import VERSION, newer_letter

MAX_BYTES = 40_000
MAX_PARTS = 32

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_AT_LINE = re.compile(r"^(.*) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$", re.DOTALL)
_PART = re.compile(r"[ \t]*[^\s=]+[ \t]*")
_BARE_KEY = re.compile(r"\s*\[*\s*([\w.-]+)")
_TOML = "Write TOML 1.0 (toml.io)"


def read_document(text: str, where: str) -> tuple[Mapping[str, Any], Sheet]:
    """Its top table, and a sheet that knows its lines and what is wrong with its letters."""
    _check_size(text, where)
    found = list(_letters(text, where))
    try:
        top = _load(text, where)
    except Malformed as error:
        raise Malformed.of((*(fault for _, fault in found), *error.faults)) from error
    return top, Sheet(where, text, found)


def _check_size(text: str, where: str) -> None:
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        place, hint = f"{where} line {_line(text, error.start)}", "Save the file as UTF-8"
        raise Malformed(
            "half a character stands here", where=place, next_step=hint, rule="agreement.nfc"
        ) from error
    if size > MAX_BYTES:
        raise Malformed(
            f"the file has {size:,} bytes; the founding record has room for {MAX_BYTES:,}",
            where=where,
            next_step="Shorten the notes: the record holds the rules, not their history",
            rule="agreement.size",
        )


def _letters(text: str, where: str) -> Iterator[tuple[int, Fault]]:
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{where} line {number}"
        if newer := newer_letter(line):  # of these, readers with other tables could judge NFC apart
            message, hint = f"{newer} is not in Unicode {VERSION}", "Write letters that are"
            yield number, Fault(message, place, hint, "agreement.nfc")
        elif not unicodedata.is_normalized("NFC", line):
            hint = "Save the file in NFC: two spellings of one word would be two agreements"
            yield number, Fault("a letter is not in Unicode NFC", place, hint, "agreement.nfc")
        if hidden := _INVISIBLE.search(line):
            message = f"U+{ord(hidden[0]):04X} stands here and cannot be seen"
            yield number, Fault(message, place, "Delete it", "agreement.invisible")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _load(text: str, where: str) -> Mapping[str, Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if _is_deep(line):
            raise _too_deep(f"{where} line {number}")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _too_deep(where) from error
    except ValueError as error:
        raise _syntax_error(str(error), text, where) from error


def _is_deep(line: str) -> bool:
    """Whether it has a dotted key of many parts: TOML's reader takes a time that grows with their square."""
    run = 0
    for part in line.split("."):
        run = run + 1 if _PART.fullmatch(part) else 0
        if run > MAX_PARTS:
            return True
    return False


def _too_deep(where: str) -> Malformed:
    hint = "Write plain tables"
    return Malformed("the nesting is too deep", where=where, next_step=hint, rule="agreement.toml")


def _syntax_error(reason: str, text: str, where: str) -> Malformed:
    """What TOML's reader stopped at; a key with a foreign letter is told as what it is."""
    found = _AT_LINE.match(reason)
    if found is None:
        return Malformed(
            "a number or a date here cannot be read", where=where, next_step=_TOML, rule="agreement.toml"
        )
    number = int(found[2]) if found[2] else _line(text, len(text))
    place = f"{where} line {number}"
    key = _BARE_KEY.match(text.split("\n")[number - 1])
    if key and (strange := foreign_letter(key[1])):
        hint = "Write keys in Latin letters"
        return Malformed(strange, where=place, next_step=hint, rule="agreement.look_alike")
    return Malformed(found[1], where=place, next_step=_TOML, rule="agreement.toml")
