"""A table in CSV, read strictly: rows of text, each with its line, and every fault of the table at once.

Rules, in the order of the code:
 1. UTF-8 without a byte order mark, at most 16 MiB; lines end in LF or CRLF; a value does not span lines.
 2. The first line names exactly the table's columns.
 3. Each further line has one value for each column; text between double quotes (RFC 4180).
 4. Text is in NFC, in letters that Unicode 14.0 has, and holds no control character; blanks at its ends are
    kept: they are the source's.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.letters import refuse_newer

MAX_BYTES = 16 * 2**20

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: its values by column, where it stands, and where its faults are collected."""

    where: str
    values: dict[str, str]
    faults: list[Fault]

    def read(self, column: str, reader: Callable[[str, str], _Value]) -> _Value | None:
        """What `reader(text, where)` makes of one value; None if it is Malformed, and the fault is kept."""
        try:
            return reader(self.values[column], f"{self.where}, column {column}")
        except Malformed as error:
            self.faults.extend(error.faults)
            return None


def read_table(data: bytes, columns: Sequence[str], *, where: str, faults: list[Fault]) -> list[TableRow]:
    """Each sound line after the header; what is wrong with the others goes to `faults`."""
    lines = _lines(data, where)  # 1
    if not lines or _split(lines[0]) != list(columns):  # 2
        advice = f"Write {','.join(columns)}"
        raise Malformed("the first line does not name the columns", where=f"{where} line 1", next_step=advice)
    rows = []
    for number, line in enumerate(lines[1:], 2):
        place = f"{where} line {number}"
        values = _split(line)
        if values is None or len(values) != len(columns):  # 3
            found = "cannot be read" if values is None else f"has {len(values)} values"
            advice = f"Write {len(columns)} values, text between double quotes"
            faults.append(Fault(f"this row {found}", place, advice))
        else:
            rows.append(TableRow(place, dict(zip(columns, values, strict=True)), faults))
    return rows


def plain_text(text: str, where: str) -> str:
    """The text as it stands, if it can go into a record (4)."""
    if not text.strip():
        raise Malformed("this is empty", where=where, next_step="Write the source's words")
    refuse_newer(text, where=where)
    if not unicodedata.is_normalized("NFC", text):
        raise Malformed("this is not in NFC", where=where, next_step="Normalise it to Unicode NFC")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise Malformed("a control character stands in it", where=where, next_step="Remove it")
    return text


def _lines(data: bytes, where: str) -> list[str]:
    if len(data) > MAX_BYTES:
        raise Malformed(f"{len(data)} bytes are too many", where=where, next_step="Give at most 16 MiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Malformed(
            "this is not UTF-8", where=f"{where} line {line}", next_step="Save it as UTF-8"
        ) from error
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _split(line: str) -> list[str] | None:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
