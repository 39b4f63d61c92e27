"""Reading the tables of an agreement strictly, and going on after a fault, so that all are reported at once.

Rules, by which each fault is named:
 agreement.missing       a key that must stand is there
 agreement.type          each value has the type that its key asks for; there are no fractions in an
 agreement
 agreement.value         each word is one that is known here, each number inside its bounds
 agreement.id            identifiers are lower-case Latin letters, digits and single hyphens
 agreement.look_alike    no word mixes the letters of two scripts
 agreement.empty         no text and no list is empty
 agreement.unknown_key   no key stands there that is not known
 agreement.day           a day exists, written 2026-03-01
 agreement.duration      a duration is written 44 h, 10 min, 30 s or 7 d
 agreement.hour          an hour is written 16:00
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from safeconduct.core.agreement.lines import Path, lines_of
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.instant import parse_day, parse_duration
from safeconduct.core.kernel.nearest import did_you_mean

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")
MAX_ID = 60
MAX_TEXT = 2_000


class Sheet:
    """One document being read: where its keys stand, and what was found wrong so far."""

    def __init__(self, where: str, text: str, faults: Iterable[tuple[int, Fault]]) -> None:
        """A sheet with the faults that were found before, each with its line."""
        self._where, self._text = where, text
        self._faults = list(faults)

    @cached_property
    def _lines(self) -> Mapping[Path, int]:
        """Found for the first fault: most documents have none."""
        return lines_of(self._text)

    def fault(self, rule: str, path: Path, message: str, next_step: str) -> None:
        """Note one fault at a key; reading goes on."""
        line = next((self._lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self._lines), 1)
        place = f"{self._where} line {line}"
        self._faults.append(
            (line, Fault(f"{print_path(path)}: {message}", place, next_step.rstrip("."), rule))
        )

    def settle(self) -> None:
        """Raise all that was found, in the order of the file."""
        if self._faults:
            raise Malformed.of(fault for _, fault in sorted(self._faults, key=lambda found: found[0]))


def print_path(path: Path) -> str:
    """`posts[2].locode`; elements are counted from 1."""
    words = (f"[{part + 1}]" if isinstance(part, int) else f".{part[:MAX_ID]}" for part in path)
    return "".join(words).removeprefix(".") or "the file"


class Form:
    """One table of the sheet. Each reader takes one key; `close` names the keys that nobody asked for."""

    def __init__(self, sheet: Sheet, path: Path, value: Mapping[str, Any]) -> None:
        """The table at `path`."""
        self.sheet = sheet
        self.path = path
        self._value = value
        self._asked: set[str] = set()

    def fault(self, rule: str, key: str, message: str, next_step: str) -> None:
        """A fault at one of this table's keys."""
        self.sheet.fault(rule, (*self.path, key), message, next_step)

    def has(self, key: str) -> bool:
        """Whether the key stands there; counts as asking for it."""
        self._asked.add(key)
        return key in self._value

    def keys(self) -> tuple[str, ...]:
        """All keys that stand there."""
        return tuple(self._value)

    def length(self, key: str) -> int:
        """How many elements a list has, the refused ones included."""
        value = self._value.get(key)
        return len(value) if isinstance(value, list) else 0

    def close(self) -> None:
        """Every key that no reader took is unknown; every key is checked for look-alike letters."""
        for key in self._value:
            if key not in self._asked:
                self._unknown(key)

    def _unknown(self, key: str) -> None:
        if strange := foreign_letter(key):
            self.fault("agreement.look_alike", key, strange, "Write keys in Latin letters")
        else:
            message = f"{key[:MAX_ID]!r} is not a key here"
            self.fault("agreement.unknown_key", key, message, did_you_mean(key[:MAX_ID], self._asked))

    def _take(self, key: str, kind: type, words: str, *, required: bool) -> Any:
        """The value, if it is there and of this very type (`True` is no number)."""
        if not self.has(key):
            if required:
                self.sheet.fault(
                    "agreement.missing", self.path, f"{key!r} is missing", f"Add {key} = {words}"
                )
            return None
        value = self._value[key]
        if type(value) is not kind:
            self.fault("agreement.type", key, f"this is {_type_word(value)}", f"Write {words}")
            return None
        return value

    def text(self, key: str, *, required: bool = True, example: str = '"…", words in quotes') -> str | None:
        """Words for people."""
        value = self._take(key, str, example, required=required)
        if value is None:
            return None
        if not value.strip() or len(value) > MAX_TEXT:
            self.fault(
                "agreement.empty", key, "this is empty or too long", f"Write 1 to {MAX_TEXT} characters"
            )
            return None
        if strange := mixed_word(value):
            self.fault("agreement.look_alike", key, strange, "Write each word in one script")
        return str(value)

    def id(self, key: str) -> str:
        """An identifier; an empty string stands for one that was refused."""
        value = self._take(key, str, '"like-this", an identifier', required=True)
        return value if value is not None and self._check_id(key, value) else ""

    def _check_id(self, key: str, value: str) -> bool:
        if strange := foreign_letter(value):
            self.fault("agreement.look_alike", key, strange, "Write identifiers in Latin letters")
            return False
        if not _ID.fullmatch(value) or len(value) > MAX_ID:
            message = f"{value[:MAX_ID]!r} is not an identifier"
            self.fault("agreement.id", key, message, "Write a-z, 0-9 and single hyphens, at most 60 of them")
            return False
        return True

    def words(self, key: str, example: str) -> Iterator[tuple[Path, str]]:
        """The elements of a list of words, each once, with their places."""
        values = self._take(key, list, example, required=True)
        if values is not None and not values:
            self.fault("agreement.empty", key, "this list is empty", f"Write {example}, or leave the key out")
        seen: set[str] = set()
        for number, value in enumerate(values or ()):
            place = (*self.path, key, number)
            if type(value) is not str:
                message = f"this is {_type_word(value)}"
                self.sheet.fault("agreement.type", place, message, "Write words in quotes")
            elif value in seen:
                self.sheet.fault(
                    "agreement.duplicate", place, f"{value[:MAX_ID]!r} stands twice", "Write it once"
                )
            else:
                seen.add(value)
                yield place, value

    def ids(self, key: str, known: Collection[str], what: str) -> tuple[str, ...]:
        """A list of identifiers that exist."""
        words = self.words(key, '["one", "another"], a list')
        return tuple(value for place, value in words if self.refer(place, value, known, what))

    def refer(self, place: Path, value: str, known: Collection[str], what: str) -> bool:
        """Whether a word names something that exists."""
        if value in known:
            return True
        if strange := foreign_letter(value):
            self.sheet.fault("agreement.look_alike", place, strange, "Write identifiers in Latin letters")
        else:
            names = [name for name in known if name]
            hint = did_you_mean(value[:MAX_ID], names) if names else f"This file has no {what}"
            self.sheet.fault("agreement.reference", place, f"{value[:MAX_ID]!r} is no {what} here", hint)
        return False

    def reference(self, key: str, known: Collection[str], what: str) -> str | None:
        """One optional word that names something that exists."""
        value: str | None = self._take(key, str, f'"…", a {what}', required=False)
        return value if value is not None and self.refer((*self.path, key), value, known, what) else None

    def choice(self, key: str, known: Iterable[str], *, required: bool = True) -> str | None:
        """One of a few words."""
        words = tuple(known)
        value: str | None = self._take(
            key, str, " or ".join(f'"{word}"' for word in words), required=required
        )
        if value is None or value in words:
            return value
        self.fault(
            "agreement.value",
            key,
            f"{value[:MAX_ID]!r} is not known here",
            did_you_mean(value[:MAX_ID], words),
        )
        return None

    def integer(self, key: str, *, least: int, most: int, required: bool = True) -> int | None:
        """A whole number inside its bounds."""
        value: int | None = self._take(key, int, f"a whole number from {least} to {most}", required=required)
        if value is not None and not least <= value <= most:
            self.fault(
                "agreement.value", key, "this number is out of bounds", f"Write one from {least} to {most}"
            )
            return None
        return value

    def boolean(self, key: str) -> bool:
        """`true` or `false`."""
        return bool(self._take(key, bool, "true or false", required=True))

    def day(self, key: str) -> int | None:
        """POSIX seconds of a day's start."""
        value = self._take(key, str, '"2026-03-01", a day in quotes', required=False)
        try:
            return None if value is None else parse_day(value)
        except Malformed as error:
            self.fault("agreement.day", key, f"{error.faults[0].message}", error.faults[0].next_step)
            return None

    def duration(self, key: str, *, required: bool = True) -> int | None:
        """Seconds of a duration."""
        value = self._take(key, str, '"44 h", a duration in quotes', required=required)
        try:
            return None if value is None else parse_duration(value)
        except Malformed as error:
            self.fault("agreement.duration", key, f"{error.faults[0].message}", error.faults[0].next_step)
            return None

    def hour(self, key: str) -> int | None:
        """Seconds after midnight of `16:00`."""
        value = self._take(key, str, '"16:00", an hour in quotes', required=False)
        if value is None:
            return None
        found = _HOUR.fullmatch(value)
        if found is None:
            self.fault("agreement.hour", key, f"{value[:MAX_ID]!r} is not an hour", "Write it as 16:00")
            return None
        return int(found[1]) * 3600 + int(found[2]) * 60

    def matching(self, key: str, pattern: re.Pattern[str], example: str) -> str | None:
        """An optional code of a fixed shape."""
        value: str | None = self._take(key, str, example, required=False)
        if value is None or pattern.fullmatch(value):
            return value
        self.fault("agreement.value", key, f"{value[:MAX_ID]!r} has another shape", f"Write {example}")
        return None

    def table(self, key: str, *, required: bool = True) -> Form | None:
        """A table inside this one."""
        value = self._take(key, dict, f"a table, [{print_path((*self.path, key))}]", required=required)
        return None if value is None else Form(self.sheet, (*self.path, key), value)

    def tables(self, key: str, *, required: bool = False) -> Iterator[Form]:
        """The elements of an array of tables."""
        words = f"[[{print_path((*self.path, key))}]], one table for each"
        for number, value in enumerate(self._take(key, list, words, required=required) or ()):
            place = (*self.path, key, number)
            if type(value) is dict:
                yield Form(self.sheet, place, value)
            else:
                self.sheet.fault("agreement.type", place, f"this is {_type_word(value)}", f"Write {words}")


def _type_word(value: Any) -> str:
    names = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a fraction",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a bare date or time")


def foreign_letter(word: str) -> str:
    """A sentence about the first letter that is not ASCII, or nothing."""
    found = next((letter for letter in word if not letter.isascii()), "")
    if not found:
        return ""
    return f"{word[:MAX_ID]!r} has U+{ord(found):04X} {unicodedata.name(found, 'a letter')}"


def mixed_word(text: str) -> str:
    """A sentence about the first word that mixes two scripts, or nothing."""
    if text.isascii():
        return ""
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {name for name in map(_script, word) if name}
        if len(scripts) > 1:
            return f"the word {word[:MAX_ID]!r} mixes {' and '.join(sorted(scripts))} letters"
    return ""


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").split(" ")[0]
    return name if name in _SCRIPTS else ""
