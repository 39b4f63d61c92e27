"""Which line of a TOML document each key and array element stands on.

`tomllib` gives values without places. This walks a document that tomllib has accepted: it only has to find
where things are, never whether they are right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_NAME = r"""[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*"""
_KEY = re.compile(_NAME)
_DOTTED = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


def lines_of(text: str) -> Mapping[Path, int]:
    """The line, counted from 1, of every table, key and array element of a valid TOML document."""
    walk = _Walk(text)
    walk.document()
    return walk.lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}  # how many [[tables]] of this path there were

    def document(self) -> None:
        table: Path = ()
        while self._skip():
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _skip(self) -> bool:
        """Over white space, line ends and comments; whether anything is left."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at < len(self.text)

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def _header(self) -> Path:
        many = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if many else 1
        names = self._keys()
        after, self.at = self.at, start
        table: Path = ()
        for depth, name in enumerate(names, 1):
            table = (*table, name)
            self._note(table)  # in [a.b] both a and b, unless a stood before
            if depth < len(names) and table in self.arrays:  # a table inside the newest element
                table = (*table, self.arrays[table] - 1)
        if many:
            count = self.arrays.get(table, 0)
            self.arrays[table] = count + 1
            table = (*table, count)
            self._note(table)
        self.at = after + (2 if many else 1)
        return table

    def _keys(self) -> list[str]:
        found = _DOTTED.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return [_spelt(name) for name in _KEY.findall(found[0] if found else "")]

    def _pair(self, table: Path) -> None:
        start = self.at
        names = self._keys()
        after, self.at = self.at, start
        for depth in range(len(names)):
            self._note((*table, *names[: depth + 1]))
        self.at = after + 1  # the equals sign
        self._value((*table, *names))

    def _value(self, path: Path) -> None:
        self._skip()
        if self.text.startswith("[", self.at):
            self._list(path)
        elif self.text.startswith("{", self.at):
            self._inline(path)
        else:
            found = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at = found.end() if found else len(self.text)

    def _list(self, path: Path) -> None:
        self.at += 1
        count = 0
        while self._skip() and not self.text.startswith("]", self.at):
            if self.text.startswith(",", self.at):
                self.at += 1
                continue
            self._note((*path, count))
            self._value((*path, count))
            count += 1
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self._skip() and not self.text.startswith("}", self.at):
            if self.text.startswith(",", self.at):
                self.at += 1
                continue
            self._pair(path)
        self.at += 1


def _spelt(name: str) -> str:
    """The key that a name stands for: quoted ones by TOML's own rules of quotes and escapes."""
    return str(tomllib.loads(f"_ = {name}")["_"]) if name[0] in "\"'" else name
