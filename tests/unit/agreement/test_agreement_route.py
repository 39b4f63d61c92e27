from __future__ import annotations

import json
from typing import Any

import pytest

from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.agreement.words import in_words
from safeconduct.core.kernel.errors import Malformed
from tests.unit.agreement.agreement_samples import MINIMAL, ROUTE


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        parse_route(text)
    return [(fault.rule, str(fault)) for fault in caught.value.faults]


def changed(**parts: Any) -> str:
    return json.dumps(json.loads(ROUTE) | parts)


def line(*points: Any) -> str:
    return changed(geometry={"type": "LineString", "coordinates": list(points)})


def test_a_line_is_read_in_whole_parts_of_a_degree() -> None:
    route = parse_route(ROUTE)
    assert route.points == ((465_000_000, 395_000_000), (466_000_000, 396_000_000))
    assert (route.name, route.schematic, route.note, route.licence) == ("A line", True, None, None)
    assert route.length_m == 14_041  # √(11,119.5² + 8,573²)


def test_a_degree_of_latitude_is_111_195_metres() -> None:
    assert parse_route(line([0, 0], [0, 1])).length_m == 111_195


def test_words_tell_a_schematic_line_from_one_to_measure_on() -> None:
    agreement = parse_agreement(MINIMAL)
    schematic = dict(in_words(agreement, parse_route(ROUTE)))["Road"]
    assert schematic[-1] == "the line is schematic: it joins points, and no distance is measured on it"
    real = parse_route(ROUTE.replace("true", "false"))
    assert dict(in_words(agreement, real))["Road"][-1] == "about 14.0 km along the line"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (ROUTE + " " * 24_000, ["route.size"]),
        (ROUTE.replace("A line", "e\u0301"), ["route.json"]),
        (ROUTE.replace("A line", "\ud800"), ["route.json"]),
        (ROUTE.replace("A line", "\U00016d63"), ["route.json"]),
        (ROUTE.replace("46.5", "NaN"), ["route.json"]),
        (ROUTE.replace("46.5", "-Infinity"), ["route.json"]),
        (ROUTE.replace("46.5", "9" * 5000), ["route.json"]),
        (ROUTE.replace("46.5", "1e" + "9" * 20), ["route.json"]),
        (ROUTE.replace('"source"', '"name"'), ["route.json"]),
        (ROUTE[:-1], ["route.json"]),
        ("[" * 20_000, ["route.json"]),
        ("[]", ["route.shape"] * 6 + ["route.properties"] * 3),
        (changed(type="FeatureCollection"), ["route.shape"]),
        (changed(geometry={"type": "Point", "coordinates": [1, 2]}), ["route.shape", *["route.point"] * 2]),
        (changed(geometry={"type": "LineString"}), ["route.shape"]),
        (changed(geometry=None), ["route.shape"] * 3),
        (changed(propertys={}), ["route.unknown_key"]),
        (changed(properties={"name": " ", "source": 3}), ["route.properties"] * 3),
        (
            changed(properties={"name": "n", "source": "s", "schematic": False, "note": ""}),
            ["route.properties"],
        ),
        (line([1, 2]), ["route.shape"]),
        (line([1, 2], [1, 2.0]), ["route.still"]),
        (line([1, 2], [181, 2], [2, 91], [2], "2,3", [True, 2], ["2", 3]), ["route.point"] * 6),
        (line([1, 2], [1.00000001, 2]), ["route.point"]),
        (ROUTE.replace("46.5", "1e999999999"), ["route.point"]),
        (ROUTE.replace("46.5", "1e-999999999"), ["route.point"]),
    ],
)
def test_each_rule_of_the_line_is_named(text: str, rules: list[str]) -> None:
    found = [rule for rule, _ in faults_of(text)]
    assert sorted(found) == sorted(rules)


def test_a_syntax_error_says_its_line() -> None:
    assert faults_of('{\n"type" "Feature"}')[0][1].startswith("route.geojson line 2: ")
