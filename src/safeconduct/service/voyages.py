"""Recorded voyages of the past: a source's own rows, read strictly, as values. What it does not say is None.

Rules, in the order of the code:
 1. A port, a destination, a kind of goods stands in its table; where the word leaves the heading open, the
    table says so by an empty one. No word is guessed.
 2. Numbers are plain digits; an IMO number has seven; days are `2023-03-17`; `inspected` may be empty.
 3. `row` is the row's number in the source, never twice.
 4. Rows of one voyage agree on IMO number, port, departure and inspection; the ship's name may differ.
Whether a number or a date is plausible is not asked here: the rules that judge records do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.instant import parse_day
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.core.kernel.spelling import parse_decimal
from safeconduct.service.table import TableRow, plain_text, read_table

COLUMNS = (
    "row",
    "voyage",
    "ship",
    "imo",
    "port",
    "destination",
    "commodity",
    "tonnes",
    "departed",
    "inspected",
)
_LARGEST = 10**9


@dataclass(frozen=True, slots=True)
class Cargo:
    """One source row: goods of one kind on one voyage, for one destination."""

    row: int
    ship: str
    commodity: str
    heading: str | None
    destination: str
    tonnes: int


@dataclass(frozen=True, slots=True)
class Voyage:
    """What the source says of one voyage; a day is the POSIX second at which it starts in UTC."""

    number: int
    imo: str
    port: str
    departed_s: int
    inspected_s: int | None
    cargo: tuple[Cargo, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The source's words and what each stands for: a post, a heading (None: left open), a country code."""

    ports: Mapping[str, str]
    headings: Mapping[str, str | None]
    destinations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Line:
    where: str
    voyage: int
    shared: tuple[str, str, int, int | None]
    cargo: Cargo


def parse_voyages(data: bytes, words: Words, *, where: str = "voyages.csv") -> tuple[Voyage, ...]:
    """All voyages in the order of their numbers; every fault of the file at once."""
    faults: list[Fault] = []
    lines = [_line(row, words) for row in read_table(data, COLUMNS, where=where, faults=faults)]
    voyages = _voyages((line for line in lines if line is not None), faults)
    if faults:
        raise Malformed.of(faults)
    if not voyages:
        raise Malformed("no voyage stands in it", where=where, next_step="Give at least one row")
    return voyages


def parse_headings(data: bytes, *, where: str = "hs_headings.csv") -> dict[str, str | None]:
    """The word for goods → its HS heading, or None where the word leaves it open."""
    table = _table(data, ("word", "heading", "basis"), where, _heading)
    return {word: heading or None for word, heading in table.items()}


def parse_destinations(data: bytes, *, where: str = "destinations.csv") -> dict[str, str]:
    """The word for a country → its ISO 3166-1 alpha-2 code."""
    return _table(data, ("word", "code"), where, _country)


def _table(
    data: bytes, columns: tuple[str, ...], where: str, reader: Callable[[str, str], str]
) -> dict[str, str]:
    faults: list[Fault] = []
    table: dict[str, str] = {}
    for row in read_table(data, columns, where=where, faults=faults):
        word = row.read("word", plain_text)
        meaning = row.read(columns[1], reader)
        if word in table:
            faults.append(Fault(f"{word!r} stands here twice", row.where, "Give each word once"))
        elif word is not None and meaning is not None:
            table[word] = meaning
    if faults:
        raise Malformed.of(faults)
    return table


def _line(row: TableRow, words: Words) -> _Line | None:
    source_row, voyage = row.read("row", _number), row.read("voyage", _number)
    ship, imo = row.read("ship", plain_text), row.read("imo", _imo)
    port = row.read("port", _word_in(words.ports, "[ports] of replay.toml"))  # 1
    destination = row.read("destination", _word_in(words.destinations, "destinations.csv"))
    commodity = row.read("commodity", _word_in({word: word for word in words.headings}, "hs_headings.csv"))
    tonnes = row.read("tonnes", _number)
    departed = row.read("departed", _day)  # 2
    inspected = row.read("inspected", _day) if row.values["inspected"] else None
    if source_row is None or voyage is None or ship is None or imo is None or port is None:
        return None
    if destination is None or commodity is None or tonnes is None or departed is None:
        return None
    cargo = Cargo(source_row, ship, commodity, words.headings[commodity], destination, tonnes)
    return _Line(row.where, voyage, (imo, port, departed, inspected), cargo)


def _voyages(lines: Iterable[_Line], faults: list[Fault]) -> tuple[Voyage, ...]:
    rows: set[int] = set()
    voyages: dict[int, Voyage] = {}
    for line in lines:
        if line.cargo.row in rows:  # 3
            faults.append(Fault(f"row {line.cargo.row} stands here twice", line.where, "Give each row once"))
        rows.add(line.cargo.row)
        known = voyages.get(line.voyage, Voyage(line.voyage, *line.shared, ()))
        if line.shared != (known.imo, known.port, known.departed_s, known.inspected_s):  # 4
            message = f"voyage {line.voyage} has another IMO number, port or day in an earlier row"
            faults.append(Fault(message, line.where, "Give one voyage one number"))
        voyages[line.voyage] = replace(known, cargo=(*known.cargo, line.cargo))
    return tuple(voyages[number] for number in sorted(voyages))


def _word_in(known: Mapping[str, str], table: str) -> Callable[[str, str], str]:
    def read(text: str, where: str) -> str:
        if text not in known:
            advice = did_you_mean(text, known) if known else "Add it there"
            raise Malformed(f"{text[:40]!r} is not in {table}", where=where, next_step=advice)
        return known[text]

    return read


def _number(text: str, where: str) -> int:
    number = parse_decimal(text, where=where, below=_LARGEST)
    if number == 0:
        raise Malformed("this is zero", where=where, next_step="Write a number from 1")
    return number


def _imo(text: str, where: str) -> str:
    if len(text) != 7 or not (text.isascii() and text.isdigit()):
        raise Malformed(f"{text[:40]!r} is not an IMO number", where=where, next_step="Write seven digits")
    return text


def _heading(text: str, where: str) -> str:
    if text and not (len(text) == 4 and text.isascii() and text.isdigit()):
        advice = "Write four digits, or nothing where the word leaves the heading open"
        raise Malformed(f"{text[:40]!r} is not an HS heading", where=where, next_step=advice)
    return text


def _country(text: str, where: str) -> str:
    if len(text) != 2 or not (text.isascii() and text.isalpha() and text.isupper()):
        advice = "Write two capital letters (ISO 3166-1)"
        raise Malformed(f"{text[:40]!r} is not a country code", where=where, next_step=advice)
    return text


def _day(text: str, where: str) -> int:
    return parse_day(text, where=where)
