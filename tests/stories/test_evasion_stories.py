"""Records made so that no rule looks at them: odd identifiers, claims side by side, a right not there yet.

Each is played beside its honest twin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.core.tlog.tiles import pack_bundle, split_bundle
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.hand import Written
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import ORIGIN, Stage, corridor_file
from tests.stories.told import evening, journey, rules


@pytest.mark.parametrize("start", ["a5a5a5a5", "00000000", "00000001"])
@pytest.mark.parametrize(("pass_", "named"), [(True, set()), (False, {"pass.missing"})])
def test_a_passage_is_folded_whatever_its_identifier(start: str, *, pass_: bool, named: set[str]) -> None:
    stage = Stage()
    passage = stage.passage()
    passage.psg = start + passage.psg[8:]
    passage.declare()
    if pass_:
        passage.grant()
    passage.arrive()
    passage.inspect()
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize("end", ["123456789abc", "000000000000"])
def test_two_records_of_one_identifier_are_named_whatever_it_is(end: str) -> None:
    stage = Stage()
    hand = stage.hand("mission/officer")
    jti = f"01890a5d-ac96-774b-bcce-{end}"
    hand.record("offered", clear={"leaf": stage.founding.leaf}, jti=jti)
    stage.log_raw(hand.write("offered", clear={"leaf": stage.founding.leaf}, jti=jti, seen=None).entry)
    evening(stage)
    assert rules(stage.audit()) == {"record.repeated"}


def own(stage: Stage, passage: Movement) -> Written:
    claims = {"post": "south-gate", "what": "arrived"}
    return stage.hand("relief-one").record("account", passage=passage.psg, clear=claims)


@pytest.mark.parametrize(
    ("evt", "claims", "named"),
    [
        ("withdrawal", lambda mine, _: {"withdraws": mine}, set()),
        ("correction", lambda mine, _: {"clear": {"of": mine}}, set()),
        ("withdrawal", lambda _, other: {"withdraws": other}, {"key.power"}),
        ("withdrawal", lambda mine, other: {"withdraws": other, "corrects": mine}, {"key.power"}),
        ("withdrawal", lambda mine, other: {"withdraws": mine, "corrects": other}, {"key.power"}),
        ("correction", lambda mine, other: {"clear": {"of": other}, "corrects": mine}, {"key.power"}),
        ("correction", lambda mine, other: {"clear": {"of": other}, "withdraws": mine}, {"key.power"}),
    ],
)
def test_a_record_of_its_own_beside_it_is_no_right_to_correct_another_ones(
    evt: str, claims: Callable[[str, str], dict[str, Any]], named: set[str]
) -> None:
    stage = Stage()
    passage = journey(stage)
    assert passage.granted is not None
    mine = own(stage, passage).leaf
    told = claims(mine, passage.granted.leaf)
    stage.hand("relief-one").record(evt, passage=passage.psg, **told)
    evening(stage)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize(
    ("by", "named"),
    [("north-gate", set()), ("south-gate", {"key.power"}), ("orva/post", {"key.power"})],
)
def test_what_is_told_of_a_post_is_told_by_that_post(by: str, named: set[str]) -> None:
    """A party may enrol devices for itself; it cannot make one of them the north gate's."""
    stage = Stage()
    stage.enrol("orva/post", by="orva/root")
    stage.clock.advance(minutes=10)
    clear = {"post": "north-gate", "direction": "in", "class": "resident"}
    stage.hand(by).record("arrival", passage="a5" * 16, clear=clear)
    stage.close_watches()
    assert rules(stage.audit()) == named


def granted_by_the_agency(stage: Stage, *, early: bool) -> None:
    """An amendment gives agencies the power to grant passes, and one uses it, too early or in time."""
    text = corridor_file("agreement.toml").replace("version = 1", "version = 2")
    clear = {
        "agreement": text.replace('pass = ["mission/officer"]', 'pass = ["mission/officer", "declarant"]'),
        "route": corridor_file("route.geojson"),
        "version": 2,
    }
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    passage = stage.declare()
    if early:
        passage.grant(by="relief-one", agr=2)
        stage.publish()
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    stage.clock.advance(minutes=10)
    if not early:
        passage.grant(by="relief-one", agr=2)
    stage.close_watches()


@pytest.mark.parametrize(("early", "named"), [(False, set()), (True, {"agreement.version", "key.power"})])
def test_a_version_gives_no_power_before_it_is_in_force(*, early: bool, named: set[str]) -> None:
    stage = Stage()
    granted_by_the_agency(stage, early=early)
    assert rules(stage.audit()) == named


@pytest.mark.parametrize("version", [2, 300])
@pytest.mark.parametrize(("late_s", "named"), [(60, set()), (86_400, {"time.after_head"})])
def test_the_limits_of_an_agreement_hold_whatever_its_number(
    version: int, late_s: int, named: set[str]
) -> None:
    stage = Stage()
    text = corridor_file("agreement.toml").replace("version = 1", f"version = {version}")
    clear = {"agreement": text, "route": corridor_file("route.geojson"), "version": version}
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    stage.clock.advance(minutes=10)
    told: dict[str, Any] = {"agr": version, "iat": stage.clock.now() + late_s}
    stage.hand("mission/officer").record("offered", clear={"leaf": stage.founding.leaf}, **told)
    stage.close_watches()
    stage.clock.advance(minutes=10)
    assert rules(stage.audit()) == named


def test_a_thief_who_logs_first_under_the_last_good_number_is_by_a_revoked_key() -> None:
    stage = Stage()
    hand = stage.enrol("relief-two/declarant")
    stage.publish()
    hand.copy().record("offered", clear={"leaf": stage.founding.leaf}, iat=stage.clock.now() + 1)
    good = hand.record("offered", clear={"leaf": stage.founding.leaf})
    stage.revoke(hand, last=good)
    evening(stage)
    named = {found.rule: found.entries[-1] for found in stage.audit().findings}
    assert named.keys() == {"chain.fork", "key.revoked"}
    assert named["key.revoked"] == stage.index_of(good) - 1


@pytest.mark.parametrize(
    ("which", "named"), [("own", set()), ("number", {"key.last_good"}), ("other", {"key.last_good"})]
)
def test_a_revocation_names_a_record_of_the_key_that_it_revokes(which: str, named: set[str]) -> None:
    stage = Stage()
    hand = stage.enrol("relief-two/declarant")
    good = hand.record("offered", clear={"leaf": stage.founding.leaf})
    last = {
        "own": {"seq": 0, "leaf": good.leaf},
        "number": {"seq": 7, "leaf": good.leaf},
        "other": {"seq": 1, "leaf": stage.watches["north-gate"].leaf},
    }
    clear = {"kid": hand.kid, "last": last[which], "reason": "lost"}
    stage.hand("mission/root").record("revocation", clear=clear)
    evening(stage)
    assert rules(stage.audit()) == named


def test_a_revocation_that_names_no_good_record_is_in_order() -> None:
    stage = Stage()
    stage.revoke(stage.enrol("relief-two/declarant"))
    evening(stage)
    assert rules(stage.audit()) == set()


def test_a_head_that_somebody_else_records_says_nothing_of_when() -> None:
    stage = Stage()
    size = stage.store.size() - 1
    text = Checkpoint(ORIGIN, size, stage.root_at(size)).print()
    note = Note(text, (sign_note(text, stage.log_key, stage.key("log")),)).print()
    stage.hand("mission/officer").record("head", clear={"note": note})
    evening(stage)
    report = stage.audit()
    assert rules(report) == {"key.power"}, "and not head.no_quorum: it is no evidence"


def test_a_kind_of_a_newer_version_is_named_and_chained_and_not_judged() -> None:
    stage = Stage()
    hand = stage.hand("mission/officer")
    hand.record("offered", clear={"leaf": stage.founding.leaf, "evt": "meeting"})
    hand.record("offered", clear={"leaf": stage.founding.leaf})
    stage.stranger("tessin/officer").record("offered", clear={"leaf": stage.founding.leaf, "evt": "meeting"})
    evening(stage)
    report = stage.audit()
    assert rules(report) == {"key.unknown"}
    assert report.not_judged == {"kind meeting": 1}


def signed_anew(stage: Stage, archive: MemoryArchive, entries: list[bytes]) -> None:
    """An archive of these entries, as whoever has the log's key makes it."""
    leaves = list(map(leaf_hash, entries))
    text = Checkpoint(ORIGIN, len(leaves), root(leaves)).print()
    note = Note(text, (sign_note(text, stage.log_key, stage.key("log")),))
    archive.files["checkpoint"] = note.print().encode()
    archive.files[f"tile/entries/000.p/{len(entries)}"] = pack_bundle(entries)
    archive.files[f"tile/0/000.p/{len(entries)}"] = b"".join(leaves)


@pytest.mark.parametrize("forged", [False, True])
def test_a_founding_record_that_the_guarantor_did_not_sign_founds_no_corridor(*, forged: bool) -> None:
    stage = Stage()
    archive = stage.archive("public")
    (path,) = (path for path in archive.files if path.startswith("tile/entries/"))
    entries = split_bundle(archive.files[path], int(path.rpartition("/")[2]))
    if forged:
        signature = entries[1].rpartition(b".")[2]
        entries[0] = entries[0].rpartition(b".")[0] + b"." + signature
    signed_anew(stage, archive, entries)
    report = stage.audit(archive)
    assert report.failed == (3 if forged else 0)
    assert report.rules == ({"founding.signer"} if forged else {"head.no_quorum"})
