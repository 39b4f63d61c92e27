"""Read `route.geojson`: the agreed centre line (RFC 7946).

Rules:
 route.size          at most 24,000 bytes: the founding record must hold it together with the agreement
 route.json          strict JSON in UTF-8 and NFC, in letters that Unicode 14.0 has, no name twice, no NaN
 route.shape         one Feature with one LineString of at least two points
 route.point         each point is [longitude, latitude] in WGS84, in degrees with at most seven decimals
 route.still         no point stands twice in a row
 route.properties    `name`, `source` and `schematic` are said; a schematic line is not to be measured on
 route.unknown_key   nothing else stands there
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, NoReturn

from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.letters import refuse_newer
from safeconduct.core.kernel.nearest import did_you_mean

MAX_BYTES = 24_000
DECIMALS = 7
DEGREE = 10**DECIMALS
"""Coordinates are whole numbers of 10⁻⁷ degrees (1.1 cm)."""

EARTH_RADIUS_M = 6_371_008.8
_PROPERTIES = ("name", "source", "schematic", "note", "licence")


@dataclass(frozen=True, slots=True)
class Route:
    """The centre line, (longitude, latitude) in 10⁻⁷ degrees. A schematic one joins points: it is no road."""

    name: str
    points: tuple[tuple[int, int], ...]
    schematic: bool
    source: str
    note: str | None
    licence: str | None

    @property
    def length_m(self) -> int:
        """Metres along the line, on a sphere. For people: nothing is decided by it."""
        return round(sum(_distance_m(a, b) for a, b in pairwise(self.points)))


def parse_route(text: str, *, where: str = "route.geojson") -> Route:
    """The route that this text spells; `Malformed` names every fault of its shape."""
    feature = _load(text, where)
    faults: list[Fault] = []
    route = _Reader(where, faults).feature(feature)
    if faults:
        raise Malformed.of(faults)
    return route


def _load(text: str, where: str) -> Any:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise Malformed(
            f"the file is longer than {MAX_BYTES:,} bytes",
            where=where,
            next_step="Simplify the line: a point every few hundred metres is enough",
            rule="route.size",
        )
    refuse_newer(text, where=where, rule="route.json")
    if not unicodedata.is_normalized("NFC", text):
        raise Malformed(
            "a letter is not in Unicode NFC", where=where, next_step="Save it in NFC", rule="route.json"
        )
    try:
        text.encode("utf-8")
        return json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_unique_names
        )
    except RecursionError as error:
        raise Malformed(
            "the nesting is too deep", where=where, next_step="Write one Feature", rule="route.json"
        ) from error
    except json.JSONDecodeError as error:
        raise Malformed(
            error.msg,
            where=f"{where} line {error.lineno}",
            next_step="Write JSON (RFC 8259)",
            rule="route.json",
        ) from error
    except (ValueError, InvalidOperation) as error:  # the second: an exponent that no Decimal has
        message = str(error) if isinstance(error, _NotPlainError) else "a number or a letter cannot be read"
        raise Malformed(message, where=where, next_step="Write JSON (RFC 8259)", rule="route.json") from error


class _NotPlainError(ValueError):
    """JSON that readers understand differently."""


def _no_constant(word: str) -> NoReturn:
    raise _NotPlainError(f"{word} is not a number")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise _NotPlainError(f"the name {name[:40]!r} stands twice")
    return dict(pairs)


class _Reader:
    def __init__(self, where: str, faults: list[Fault]) -> None:
        self.where = where
        self.faults = faults

    def fault(self, rule: str, place: str, message: str, next_step: str) -> None:
        self.faults.append(Fault(f"{place}: {message}", self.where, next_step, rule))

    def feature(self, value: Any) -> Route:
        feature = self._object(value, "the file", ("type", "geometry", "properties"))
        if feature.get("type") != "Feature":
            self.fault("route.shape", "type", "this is no Feature", 'Write one {"type": "Feature", …}')
        geometry = self._object(feature.get("geometry"), "geometry", ("type", "coordinates"))
        if geometry.get("type") != "LineString":
            self.fault("route.shape", "geometry.type", "this is no LineString", 'Write "LineString"')
        properties = self._object(feature.get("properties"), "properties", _PROPERTIES)
        schematic = properties.get("schematic")
        if not isinstance(schematic, bool):
            hint = "Write true where the line only joins known points, false where it follows the road"
            self.fault("route.properties", "properties.schematic", "it is not said", hint)
        return Route(
            name=self._text(properties, "name", required=True) or "",
            points=tuple(self._points(geometry.get("coordinates"))),
            schematic=schematic is True,
            source=self._text(properties, "source", required=True) or "",
            note=self._text(properties, "note", required=False),
            licence=self._text(properties, "licence", required=False),
        )

    def _object(self, value: Any, place: str, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fault("route.shape", place, "this is no object", f"Write {{…}} with {', '.join(known)}")
            return {}
        for name in value:
            if name not in known:
                message = f"{name[:40]!r} is not a key here"
                self.fault("route.unknown_key", place, message, did_you_mean(name[:40], known))
        return value

    def _text(self, properties: dict[str, Any], name: str, *, required: bool) -> str | None:
        value = properties.get(name)
        if value is None and not required:
            return None
        if isinstance(value, str) and value.strip():
            return value
        self.fault("route.properties", f"properties.{name}", "there are no words", "Write a text, not empty")
        return None

    def _points(self, value: Any) -> Iterator[tuple[int, int]]:
        if not isinstance(value, list) or len(value) < 2:
            self.fault("route.shape", "geometry.coordinates", "this is no line", "Write at least two points")
            return
        before: tuple[int, int] | None = None
        for number, pair in enumerate(value, 1):
            point = _point(pair)
            place = f"geometry.coordinates[{number}]"
            if point is None:
                hint = "Write [longitude, latitude] in degrees, at most seven decimals: [46.55, 39.64]"
                self.fault("route.point", place, "this is no point on the Earth", hint)
            elif point == before:
                self.fault("route.still", place, "the line stands still", "Write each point once")
            else:
                yield point
            before = point


def _point(pair: Any) -> tuple[int, int] | None:
    """(longitude, latitude) in whole 10⁻⁷ degrees."""
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    longitude, latitude = (_degrees(part, bound) for part, bound in zip(pair, (180, 90), strict=True))
    return None if longitude is None or latitude is None else (longitude, latitude)


def _degrees(value: Any, bound: int) -> int | None:
    if type(value) not in {int, Decimal} or not -bound <= value <= bound:
        return None
    exponent = Decimal(value).as_tuple().exponent
    return int(value * DEGREE) if isinstance(exponent, int) and exponent >= -DECIMALS else None


def _distance_m(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Great-circle distance (haversine)."""
    (long_a, lat_a), (long_b, lat_b) = (
        (math.radians(x / DEGREE), math.radians(y / DEGREE)) for x, y in (a, b)
    )
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((long_b - long_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))
