"""Altered, dropped, reordered: by who holds the log's key and the service's, and signs all of it anew.

Devices name what stood before them: their own last record (`prev`), the newest head that they held (`seen`).
That gives a rewritten log away, unless the devices help. Against their help only what was kept outside helps:
a head, a receipt, the witnesses' quorum.
"""

from __future__ import annotations

import pytest

from safeconduct.sim.hand import Written
from safeconduct.sim.stage import SEATS, Stage
from tests.stories.told import evening, journey, rules


def played(stage: Stage) -> Written:
    """A whole day; the record that the cheat would rather not have."""
    account = journey(stage, people=3).account("searched")
    evening(stage)
    return account


@pytest.mark.parametrize(
    ("cheats", "named"),
    [(False, set()), (True, {"record.signature", "seen.wrong"})],
    ids=["honest", "altered"],
)
def test_an_altered_entry_in_a_log_that_was_signed_anew_is_named(*, cheats: bool, named: set[str]) -> None:
    stage = Stage()
    passage = stage.declare(people=3)
    granted = passage.grant()
    stage.clock.advance(minutes=10)
    passage.arrive()
    passage.inspect()
    passage.enter()
    stage.clock.advance(hours=2)
    passage.exit()
    evening(stage)
    if cheats:
        stage.cheat.alter(
            granted, lambda payload: payload.update(valid_until=payload["valid_until"] + 1), colluding=SEATS
        )
    found = rules(stage.audit())
    assert found >= named
    assert bool(found) == cheats


@pytest.mark.parametrize(
    ("cheats", "named"), [(False, set()), (True, {"chain.hole"})], ids=["honest", "dropped"]
)
def test_a_record_dropped_from_a_chain_is_named(*, cheats: bool, named: set[str]) -> None:
    stage = Stage()
    passage = journey(stage)
    gone = stage.hand("relief-one").record(
        "account", passage=passage.psg, clear={"what": "searched", "post": "south-gate"}
    )
    passage.account("left", "south-gate")
    evening(stage)
    if cheats:
        stage.cheat.drop(gone, colluding=SEATS)
    found = rules(stage.audit())
    assert found >= named
    assert bool(found) == cheats


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "reordered"])
def test_reordered_entries_in_a_log_that_was_signed_anew_are_named(*, cheats: bool) -> None:
    stage = Stage()
    first = stage.declare()
    second = stage.declare(plate="KM 4712")
    stage.clock.advance(minutes=10)
    first.grant()
    second.grant()
    evening(stage)
    if cheats:
        assert first.declaration is not None
        assert second.declaration is not None
        stage.cheat.swap(first.declaration, second.declaration, colluding=SEATS)
    assert rules(stage.audit()) == ({"seen.wrong"} if cheats else set())


@pytest.mark.parametrize("what", ["altered", "dropped", "reordered"])
def test_where_devices_help_and_witnesses_collude_only_what_was_kept_shows_it(what: str) -> None:
    """The lack: such a log is sound in itself, and the report says that it was compared with nothing."""
    stage = Stage()
    account = played(stage)
    head, receipt = stage.head(), stage.receipt(account)
    helpers = tuple(stage.hands.values())
    match what:
        case "altered":
            stage.cheat.alter(
                account, lambda payload: payload.update(what="left"), helped_by=helpers, colluding=SEATS
            )
        case "dropped":
            stage.cheat.drop(account, helped_by=helpers, colluding=SEATS)
        case _:
            before = stage.entries()[stage.index_of(account) - 1]  # the exit, by another key
            stage.cheat.swap(account, before, helped_by=helpers, colluding=SEATS)
    alone = stage.audit()
    assert rules(alone) == set()
    assert any("Compared with nothing kept outside" in line for line in alone.lines())
    assert rules(stage.audit(heads=[head])) == {"log.rollback"}
    with_receipt = stage.audit(receipts=[receipt])
    assert rules(with_receipt) <= {"log.receipt", "log.rollback"}
    assert with_receipt.exit_code == 3


def test_without_the_witnesses_a_rewritten_log_has_no_quorum() -> None:
    stage = Stage()
    account = played(stage)
    stage.cheat.drop(account, helped_by=tuple(stage.hands.values()))
    assert "head.no_quorum" in rules(stage.audit())


def test_a_rewritten_log_that_keeps_its_old_head_records_contradicts_itself() -> None:
    stage = Stage()
    account = played(stage)
    stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=SEATS, heads_too=False)
    assert "head.wrong" in rules(stage.audit())


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "split"])
def test_a_split_view_is_shown_by_the_head_that_the_other_party_holds(*, cheats: bool) -> None:
    stage = Stage()
    account = played(stage)
    heads = [stage.head()]
    if cheats:
        stage.cheat.alter(
            account,
            lambda payload: payload.update(what="left"),
            helped_by=tuple(stage.hands.values()),
            colluding=SEATS,
        )
    assert rules(stage.audit(heads=heads)) == ({"log.rollback"} if cheats else set())


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "restored"])
def test_a_restored_backup_is_shown_by_a_head_kept_earlier(*, cheats: bool) -> None:
    stage = Stage()
    journey(stage)
    size = len(stage.entries())
    stage.pass_time(hours=12)
    heads = [stage.head()]
    if cheats:
        stage.cheat.restore(size)
    stage.declare(plate="KM 4712")
    stage.close_watches()
    assert rules(stage.audit(heads=heads)) == ({"log.rollback"} if cheats else set())
    assert rules(stage.audit()) == ({"head.no_quorum", "seen.wrong"} if cheats else set())


def test_a_backup_that_is_restored_everywhere_is_shown_by_nothing_else() -> None:
    """The lack: witnesses and devices were put back too; only the head that somebody kept tells of it."""
    stage = Stage()
    journey(stage)
    size = len(stage.entries())
    stage.pass_time(hours=12)
    heads = [stage.head()]
    stage.cheat.restore(size, everywhere=True)
    stage.close_watches()
    assert rules(stage.audit()) == set()
    assert rules(stage.audit(heads=heads)) == {"log.rollback"}


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "never logged"])
def test_a_record_that_was_accepted_and_is_not_in_the_log_is_shown_by_its_receipt(*, cheats: bool) -> None:
    stage = Stage()
    account = played(stage)
    receipts = [stage.receipt(account)]
    if cheats:
        stage.cheat.drop(account, helped_by=tuple(stage.hands.values()), colluding=SEATS)
    assert rules(stage.audit(receipts=receipts)) == ({"log.receipt"} if cheats else set())
    assert rules(stage.audit()) == set(), "the lack: without the receipt nothing tells of it"


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "withheld"])
def test_a_record_that_was_offered_and_is_not_logged_is_withheld(*, cheats: bool) -> None:
    stage = Stage()
    passage = journey(stage)
    account = stage.hand("relief-one").write(
        "account", passage=passage.psg, clear={"what": "searched", "post": "north-gate"}
    )
    stage.hand("orva/liaison").record("offered", clear={"leaf": account.leaf})
    if not cheats:
        stage.hand_in(account)
    early = stage.audit()
    assert rules(early) == set()
    evening(stage)
    assert rules(stage.audit()) == ({"offered.withheld"} if cheats else set())


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "withheld"])
def test_an_offer_that_was_refused_too_is_shown_by_the_party_that_published_it(*, cheats: bool) -> None:
    stage = Stage()
    passage = journey(stage)
    account = stage.hand("relief-one").write(
        "account", passage=passage.psg, clear={"what": "searched", "post": "north-gate"}
    )
    if not cheats:
        stage.hand_in(account)
    evening(stage)
    offers = [account.entry + b"\n"]
    assert rules(stage.audit(offers=offers)) == ({"offered.withheld"} if cheats else set())
    assert rules(stage.audit()) == set(), "the lack: whoever has no offer knows of none"


@pytest.mark.parametrize(("asleep", "named"), [(0, set()), (1, set()), (2, {"head.no_quorum"})])
def test_a_head_without_its_quorum_is_named(asleep: int, named: set[str]) -> None:
    stage = Stage()
    journey(stage)
    evening(stage)
    for witness in stage.witnesses[:asleep]:
        witness.asleep = True
    report = stage.audit()
    assert rules(report) == named
    assert report.sound


def test_without_witnesses_nothing_is_dated_and_no_limit_passes() -> None:
    """The lack: `quorum none` is sound, and what needs a limit stays undecidable."""
    stage = Stage(witnesses=())
    passage = stage.declare()
    passage.grant()
    passage.arrive()
    passage.inspect()
    passage.enter()
    evening(stage)
    report = stage.audit()
    assert rules(report) == set()
    assert report.head is not None
    assert report.head.time is None
    assert ("pair.never_exited", "undecidable") in {
        (state.rule, state.why.value) for state in report.open_states
    }
