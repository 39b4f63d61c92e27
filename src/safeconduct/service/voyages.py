"""Recorded voyages of the past: a source's own rows, read strictly, as values. What the file does not say is None.

Rules, in the order of the code:
 1. UTF-8 without a byte order mark, at most 16 MiB, lines end in LF or CRLF; the header names the ten columns.
 2. A row is one line with one value for each column; `row` is its number in the source, never twice.
 3. Numbers are plain digits, days `2023-03-17`; `inspected` may be empty: not yet. Text is kept as it stands,
    blanks at its end included; it is in NFC and holds no control character.
 4. A port, destination or commodity stands in its table; a commodity whose heading the word leaves open is
    listed there without one. No word is guessed.
 5. Rows of one voyage agree on IMO number, port, departure and inspection. They may differ in the ship's name.
Whether a number or a date is plausible is not asked here: that is for the rules that judge records.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.instant import parse_day
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.core.kernel.spelling import parse_decimal

COLUMNS = ("row", "voyage", "ship", "imo", "port", "destination", "commodity", "tonnes", "departed", "inspected")
MAX_BYTES = 16 * 2**20
_TABLES = {
    "hs_headings.csv": ("word", "heading", "basis"),
    "destinations.csv": ("word", "code"),
}


@dataclass(frozen=True, slots=True)
class Cargo:
    """One source row: one kind of goods on one voyage, for one destination."""

    row: int
    ship: str
    commodity: str
    heading: str | None
    destination_code: str
    tonnes: int


@dataclass(frozen=True, slots=True)
class Voyage:
    """What the source says of one outbound voyage; days as the POSIX second at which they start in UTC."""

    number: int
    imo: str
    post: str
    departed_s: int
    inspected_s: int | None
    cargo: tuple[Cargo, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """The words of the source and what they stand for; a heading is None where the word leaves it open."""

    posts: Mapping[str, str]
    headings: Mapping[str, str | None]
    destinations: Mapping[str, str]


def parse_voyages(data: bytes, tables: Tables, *, where: str = "voyages.csv") -> tuple[Voyage, ...]:
    """All voyages in the order of their numbers; every fault of the file at once."""
    faults: list[Fault] = []
    rows: dict[int, _Row] = {}
    for line, values in _records(data, COLUMNS, where, faults):
        row = _row(values, tables, f"{where} line {line}", faults)
        if row is not None and row.cargo.row in rows:  # 2
            faults.append(
                Fault(f"row {row.cargo.row} stands here twice", row.where, "Give each source row once")
            )
        elif row is not None:
            rows[row.cargo.row] = row
    voyages = _voyages(rows, faults)
    if faults:
        raise Malformed.of(faults)
    if not voyages:
        raise Malformed("there is no voyage in it", where=where, next_step="Give at least one row")
    return voyages


def parse_table(data: bytes, *, where: str) -> dict[str, tuple[str, ...]]:
    """A table of words: the first column is the word, never twice; the rest is what it stands for."""
    faults: list[Fault] = []
    table: dict[str, tuple[str, ...]] = {}
    for line, (word, *rest) in _records(data, _TABLES[where], where, faults):
        if not word or word in table:
            message = f"{word!r} stands here twice" if word else "the word is empty"
            faults.append(Fault(message, f"{where} line {line}", "Give each word once"))
        table[word] = tuple(rest)
    if faults:
        raise Malformed.of(faults)
    return table


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    voyage: int
    shared: tuple[str, str, int, int | None]
    cargo: Cargo


def _records(
    data: bytes, columns: Sequence[str], where: str, faults: list[Fault]
) -> list[tuple[int, list[str]]]:
    """(line number, values) of each sound row after the header (1, 2)."""
    lines = _lines(data, where)
    found = []
    header = _split(lines[0]) if lines else None
    if header != list(columns):
        advice = f"Write the columns {','.join(columns)}"
        raise Malformed("the header is not that of this table", where=f"{where} line 1", next_step=advice)
    for number, line in enumerate(lines[1:], 2):
        values = _split(line)
        if values is None or len(values) != len(columns):
            count = "no" if values is None else str(len(values))
            advice = f"Write {len(columns)} values, text between double quotes"
            faults.append(Fault(f"this row has {count} readable values", f"{where} line {number}", advice))
        else:
            found.append((number, values))
    return found


def _lines(data: bytes, where: str) -> list[str]:
    if len(data) > MAX_BYTES:  # 1
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


def _row(values: list[str], tables: Tables, where: str, faults: list[Fault]) -> _Row | None:
    """One row, or None and its faults, each with its column (3, 4)."""
    before = len(faults)
    text = dict(zip(COLUMNS, values, strict=True))

    def read[T](column: str, reader: Callable[[str, str], T], default: T) -> T:
        try:
            return reader(text[column], f"{where}, column {column}")
        except Malformed as error:
            faults.extend(error.faults)
            return default
    ...
