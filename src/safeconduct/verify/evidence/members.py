"""The members of an evidence file, read one by one: exactly those that its kind has, each in its one spelling."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import MAX_INTEGER, parse_hex
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.receipt import MAX_PROOF
from safeconduct.core.tlog.tree import HASH_BYTES

AGAIN = "Ask whoever made it for another copy"


@dataclass(frozen=True, slots=True)
class Members:
    """An object of the file; `where` names it in errors."""

    value: dict[str, Any]
    where: str

    @classmethod
    def of(cls, value: Any, names: Collection[str], *, where: str) -> Members:
        """The object, if it has exactly these members."""
        if type(value) is not dict or value.keys() != {*names}:
            words = ", ".join(names)
            raise Malformed("this is not evidence of that kind", where=where, next_step=f"Write {words}")
        return cls(value, where)

    def text(self, name: str) -> str:
        """A string."""
        value = self.value[name]
        if type(value) is not str:
            raise self._wrong(name, "a string")
        return value

    def ascii(self, name: str) -> bytes:
        """A string, as the ASCII bytes that it spells."""
        text = self.text(name)
        if not text.isascii():
            raise self._wrong(name, "ASCII")
        return text.encode("ascii")

    def number(self, name: str) -> int:
        """An index or a size."""
        value = self.value[name]
        if type(value) is not int or not 0 <= value <= MAX_INTEGER:
            raise self._wrong(name, "a number from 0")
        return value

    def hash(self, name: str) -> bytes:
        """32 bytes, in hexadecimal."""
        return parse_hex(self.text(name), length=HASH_BYTES, where=f"{self.where}.{name}")

    def hashes(self, name: str) -> tuple[bytes, ...]:
        """The hashes of a proof."""
        texts = self._list(name, most=MAX_PROOF)
        if any(type(text) is not str for text in texts):
            raise self._wrong(name, "hashes in hexadecimal")
        return tuple(parse_hex(text, length=HASH_BYTES, where=f"{self.where}.{name}") for text in texts)

    def note(self, name: str) -> Note:
        """A signed head, verbatim."""
        return Note.parse(self.text(name).encode(), where=f"{self.where}.{name}")

    def notes(self, name: str) -> tuple[Note, Note]:
        """Two signed heads."""
        one, other = self.pair(name)
        heads = Members({"0": one, "1": other}, f"{self.where}.{name}")
        return heads.note("0"), heads.note("1")

    def pair(self, name: str) -> tuple[Any, Any]:
        """An array of two."""
        values = self._list(name, most=2)
        if len(values) != 2:
            raise self._wrong(name, "two")
        return values[0], values[1]

    def _list(self, name: str, *, most: int) -> list[Any]:
        values = self.value[name]
        if type(values) is not list or len(values) > most:
            raise self._wrong(name, f"an array of at most {most}")
        return values

    def _wrong(self, name: str, words: str) -> Malformed:
        return Malformed(f"this is not {words}", where=f"{self.where}.{name}", next_step=AGAIN)
