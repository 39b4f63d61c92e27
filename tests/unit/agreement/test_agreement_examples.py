from __future__ import annotations

import csv
from pathlib import Path

import pytest

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.fit import require_fit
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import Route, parse_route
from safeconduct.core.agreement.rules import FILE_RULES, RULES
from safeconduct.core.record.signature import jwk_of
from tests.unit.agreement.agreement_samples import Desk, Key, founding_claims

EXAMPLES = Path(__file__).parents[3] / "examples"


def texts(name: str) -> tuple[str, str]:
    folder = EXAMPLES / name
    return (folder / "agreement.toml").read_text(), (folder / "route.geojson").read_text()


def read(name: str) -> tuple[Agreement, Route]:
    agreement, route = texts(name)
    require_fit(agreement, route)
    return parse_agreement(agreement), parse_route(route)


def test_point_six_leaves_open_what_it_does_not_say() -> None:
    agreement, route = read("lachin-2020")
    assert (agreement.ground.width_m, agreement.ground.controlled_by) == (5000, "russia")
    assert not agreement.posts
    assert route.schematic
    assert {line.partition(":")[0] for line in agreement.unset()} == {
        "text.sha256",
        "ends",
        "ground.hours",
        "posts",
        "directions",
        "classes",
        "goods",
        "countersign",
        "tiers",
        "look_alikes",
        "limits.offline_limit",
        "limits.countersign_limit",
        "limits.clock_tolerance",
        "limits.transit_limit",
        "limits.return_limit",
        "limits.notice",
        "deadlines new-route-plan",
    }


@pytest.mark.parametrize("name", ["lachin-2020", "black-sea-2022"])
def test_an_example_founds_a_corridor_with_the_guarantor_alone(name: str) -> None:
    agreement_text, route_text = texts(name)
    agreement = parse_agreement(agreement_text)
    seats = [
        {"seat": one.seat, "role": one.role}
        | ({"jwk": jwk_of(Key("mission").public_key)} if one.role == "guarantor" else {})
        for one in agreement.signatories
    ]
    claims = founding_claims(agreement=agreement_text, route=route_text, seats=seats)
    entry = Desk(Key("mission"), f"{agreement.guarantor}/root", None).record("founding", claims)
    ring = Keyring(Founding.parse(entry))
    states = {one.state for one in ring.consents() if one.seat != agreement.guarantor}
    assert states == {"empty"}
    assert ring.missing(entry.leaf.hex())


def test_the_black_sea_rules_are_those_that_were_published() -> None:
    agreement, route = read("black-sea-2022")
    assert agreement.limits.notice_s == 44 * 3600
    assert [deadline.at for deadline in agreement.deadlines] == [12 * 3600, 16 * 3600]
    assert agreement.countersign["inspection"] == {"turkiye", "russia", "ukraine"}
    assert agreement.vehicle_identifier == "imo"
    assert agreement.goods is not None
    verdicts = {
        code: agreement.goods.verdict(code).outcome for code in ("1005", "1512", "2814", "3102", "9301")
    }
    assert verdicts == {"1005": "allow", "1512": "allow", "2814": "allow", "3102": "allow", "9301": "deny"}
    assert route.schematic
    assert agreement.limits.offline_limit_s is None


def test_each_cargo_of_the_black_sea_table_may_pass() -> None:
    agreement, _ = read("black-sea-2022")
    assert agreement.goods is not None
    with (EXAMPLES / "black-sea-2022" / "hs_headings.csv").open() as table:
        for row in csv.DictReader(table):
            heading = row["heading"]
            expected = "allow" if heading else "condition"
            assert agreement.goods.verdict(heading or "none").outcome == expected, row


def test_each_rule_has_one_name() -> None:
    names = [rule.id for rule in (*RULES, *FILE_RULES)]
    assert len(set(names)) == len(names)
