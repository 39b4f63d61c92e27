"""The keyring that grows is, after each record, the one that is folded from nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from safeconduct.core.agreement.govern import GOVERNING, keyring_of
from safeconduct.core.agreement.growing import GrowingKeyring
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.sim.stage import Stage, corridor_file


def told(ring: Keyring) -> dict[str, object]:
    return {name: value for name, value in vars(ring).items() if name not in ("founding", "_power_of")}


def governing(stage: Stage) -> list[tuple[int, Entry]]:
    entries = enumerate(map(parse_entry, stage.entries()))
    return [(index, entry) for index, entry in entries if entry.evt in GOVERNING]


ANOTHER_END = {
    "archives": [{"holder": "orva"}],
    "counts": [{"kind": "founding", "count": 1}],
    "reason": "again",
    "runs_on": [],
}


def a_long_story() -> Stage:
    """Enrolments, an amendment, a root that is revoked back to before it, consents and their withdrawal."""
    stage = Stage(seed="growing")
    second = corridor_file("agreement.toml").replace("version = 1", "version = 2")
    clear = {"agreement": second, "route": corridor_file("route.geojson"), "version": 2}
    before = stage.hand("orva/root").record("offered", clear={"leaf": "0" * 64})
    amendment = stage.hand("orva/root").record("amendment", clear=clear)
    stage.hand("mission/root").record("consent", clear={"of": amendment.leaf})
    stage.publish()
    stage.hand("tessin/root").record("refusal", clear={"of": amendment.leaf, "reason": "later"})
    stage.hand("tessin/root").record("consent", clear={"of": "ab" * 32})
    stage.enrol("orva/clerk", by="orva/root")
    last = {"seq": before.payload["seq"], "leaf": before.leaf}
    kid = stage.hand("orva/root").kid
    stage.hand("orva/root").record("revocation", clear={"kid": kid, "last": last, "reason": "lost"})
    stage.enrol("relief-two/declarant")
    stage.revoke(stage.hand("relief-two/declarant"))
    stage.revoke(stage.hand("orva/liaison"))
    return stage


def test_record_by_record_it_is_what_is_folded_from_nothing() -> None:
    stage = a_long_story()
    records = governing(stage)
    growing = GrowingKeyring(stage.founding)
    found = 0
    for number, (index, entry) in enumerate(records, 1):
        found += len(growing.add(index, entry))
        assert told(growing.ring) == told(keyring_of(stage.founding, records[:number]))
    assert found
    assert told(GrowingKeyring(stage.founding, records).ring) == told(growing.ring)


def test_what_stands_after_the_end_changes_nothing_however_far_it_reaches_back() -> None:
    stage = a_long_story()
    closing = stage.propose_closing()
    until = stage.clock.now()
    consent = stage.hand("tessin/root").record("consent", clear={"of": closing.leaf, "until": until})
    stage.publish()
    ending = governing(stage)
    root = stage.hand("mission/root")
    late = [
        root.write("revocation", clear={"kid": root.kid, "last": None, "reason": "late"}),
        root.write("lapse", clear={"of": consent.leaf, "runs_on": []}),
        root.write("closing", clear=ANOTHER_END),
    ]
    end = stage.store.size()
    records = [*ending, *((end + at, parse_entry(one.entry)) for at, one in enumerate(late))]
    growing = GrowingKeyring(stage.founding)
    for number, (index, entry) in enumerate(records, 1):
        growing.add(index, entry)
        assert told(growing.ring) == told(keyring_of(stage.founding, records[:number]))
    assert growing.ring.closed_from == stage.index_of(consent)
    assert told(growing.ring) == told(keyring_of(stage.founding, ending))


@pytest.mark.parametrize("kind", ["consent", "key", "revocation", "lapse"])
def test_what_has_no_effect_is_named_and_leaves_nothing_behind(kind: str) -> None:
    stage = Stage()
    growing = GrowingKeyring(stage.founding, governing(stage))
    before = copy.deepcopy(told(growing.ring))
    root = stage.hand("orva/root")
    clear: dict[str, Any] = {
        "consent": {"of": "ab" * 32},
        "key": {"cnf": {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": "A" * 43}}, "holder": "orva/clerk"},
        "revocation": {"kid": "A" * 43, "last": None, "reason": "lost"},
        "lapse": {"of": "ab" * 32, "runs_on": []},
    }
    refused = parse_entry(root.write(kind, clear=clear[kind]).entry)
    assert [found.entries for found in growing.add_if_good(90, refused)] == [(90,)]
    assert told(growing.ring) == before
    good = parse_entry(root.write("revocation", clear={"kid": root.kid, "last": None, "reason": "x"}).entry)
    assert growing.add_if_good(91, good) == ()
    assert growing.ring.is_revoked(root.kid)
