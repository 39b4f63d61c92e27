"""`replay.toml`: what a source's rows are, and the few things that a replay needs besides them. Strict.

Rules:
 1. It is TOML in UTF-8. Every key is there, and no other; each is a text that says something.
 2. `nature` is `replay`; `as_of` and `opened` are days, `opened` not after `as_of`.
 3. `declarant` is an issuer, `organisation/declarant`: it stands in for whoever declared, whom no row names.
 4. The direction, the class and every post are the agreement's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.instant import parse_day
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.service.voyages import Voyage, Words, parse_destinations, parse_headings, parse_voyages

_TEXTS = (
    "title", "source", "nature", "seed", "as_of", "opened", "direction", "class", "declarant", "inspected_at",
)  # fmt: skip
_DECLARANT = re.compile(r"[a-z0-9-]+/declarant", re.ASCII)
_WHERE = "replay.toml"


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """What `replay.toml` says. Days are the POSIX second at which they start in UTC."""

    title: str
    source: str
    seed: str
    as_of_s: int
    opened_s: int
    direction: str
    traffic_class: str
    declarant: str
    inspected_at: str
    ports: Mapping[str, str]


def parse_replay_source(text: str, agreement: Agreement, *, where: str = _WHERE) -> ReplaySource:
    """The values of `replay.toml`; every fault at once."""
    try:
        tables = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # TOMLDecodeError, and what an integer of 5,000 digits raises
        raise Malformed(f"this is not TOML: {error}", where=where, next_step="Correct it") from error
    faults = [*_shape(tables, where)]  # 1
    if not faults:
        faults = [*_meaning(tables, where), *_places(tables, agreement, where)]
    if faults:
        raise Malformed.of(faults)
    return ReplaySource(
        title=tables["title"],
        source=tables["source"],
        seed=tables["seed"],
        as_of_s=parse_day(tables["as_of"]),
        opened_s=parse_day(tables["opened"]),
        direction=tables["direction"],
        traffic_class=tables["class"],
        declarant=tables["declarant"],
        inspected_at=tables["inspected_at"],
        ports=tables["ports"],
    )


def _shape(tables: Mapping[str, Any], where: str) -> Iterator[Fault]:
    known = (*_TEXTS, "ports")
    for name in tables:
        if name not in known:
            yield Fault(f"{name[:40]!r} is not a key", where, did_you_mean(name, known))
    for name in _TEXTS:
        value = tables.get(name)
        if not isinstance(value, str) or not value.strip():
            yield Fault(f"{name} says nothing", where, f'Write {name} = "…"')
    ports = tables.get("ports")
    if not isinstance(ports, dict) or not ports or not all(isinstance(post, str) for post in ports.values()):
        yield Fault("[ports] does not name posts", where, 'Write "the source\'s word" = "post"')


def _meaning(tables: Mapping[str, str], where: str) -> Iterator[Fault]:
    days: dict[str, int] = {}
    for name in ("as_of", "opened"):
        try:
            days[name] = parse_day(tables[name], where=f"{where}: {name}")
        except Malformed as error:
            yield from error.faults
    if len(days) == 2 and days["opened"] > days["as_of"]:
        yield Fault("opened is after as_of", where, "Correct one of the days")
    if tables["nature"] != "replay":  # 2
        yield Fault(f"nature is {tables['nature'][:40]!r}", where, 'Write nature = "replay"')
    if not _DECLARANT.fullmatch(tables["declarant"]):  # 3
        yield Fault("declarant is no issuer", where, 'Write "organisation/declarant" in a-z, 0-9 and -')


def _places(tables: Mapping[str, Any], agreement: Agreement, where: str) -> Iterator[Fault]:
    yield from _known("direction", tables["direction"], agreement.directions, where)  # 4
    yield from _known("class", tables["class"], agreement.classes, where)
    yield from _known("inspected_at", tables["inspected_at"], agreement.posts, where)
    for word, post in tables["ports"].items():
        yield from _known(f"ports.{word[:40]}", post, agreement.posts, where)
    if tables["inspected_at"] in tables["ports"].values():
        yield Fault("inspected_at is one of the ports", where, "Name the post where ships are inspected")


def _known(name: str, value: str, known: Collection[str], where: str) -> Iterator[Fault]:
    if value not in known:
        advice = did_you_mean(value, known) if known else "Add it to agreement.toml"
        yield Fault(f"{name}: the agreement has no {value[:40]!r}", where, advice)


class SourceFiles(Protocol):
    """Where a replay's files are read."""

    def text(self, name: str) -> str:
        """A file in UTF-8."""
        ...

    def data(self, name: str) -> bytes:
        """A file's bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Replayable:
    """Everything that a replay is made of, read and found whole."""

    agreement_text: str
    route_text: str
    agreement: Agreement
    source: ReplaySource
    voyages: tuple[Voyage, ...]


def read_replayable(files: SourceFiles) -> Replayable:
    """All of a source's files; the faults of the first file that has any."""
    agreement_text, route_text = files.text("agreement.toml"), files.text("route.geojson")
    agreement = parse_agreement(agreement_text)
    parse_route(route_text)
    source = parse_replay_source(files.text("replay.toml"), agreement)
    words = Words(
        ports=source.ports,
        headings=parse_headings(files.data("hs_headings.csv")),
        destinations=parse_destinations(files.data("destinations.csv")),
    )
    voyages = parse_voyages(files.data("voyages.csv"), words)
    return Replayable(agreement_text, route_text, agreement, source, voyages)
