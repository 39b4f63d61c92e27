"""An old copy of the log is put back, by somebody who means well: it is consistent, signed, and not what was promised.

Only what lies outside the store tells. Where nobody kept anything outside, nothing does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.note import KeyType, VerifierKey
from safeconduct.service.archive_store import open_copy
from safeconduct.service.catch_up import catch_up
from safeconduct.service.rollback import check_history
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.sim.successor import Successor, begin, drafted, signed, succeed
from tests.stories.told import journey, rules


@dataclass(frozen=True)
class Kept:
    """A place outside the store, and the head in it."""

    name: str
    note: bytes

    def read(self) -> bytes:
        return self.note


def told_after(stage: Stage) -> Written:
    """A record that the log acknowledges after the backup was made."""
    account = journey(stage, people=3).account("searched")
    stage.publish()
    return account


@pytest.mark.parametrize("place", ["the published head", "the high-water note", "a receipt"])
@pytest.mark.parametrize("restored", [False, True], ids=["honest", "restored"])
def test_an_old_backup_is_noticed_before_anything_is_signed(place: str, *, restored: bool) -> None:
    stage = Stage()
    size = len(stage.entries())
    account = told_after(stage)
    receipt = stage.log.receipt(stage.index_of(account)).note.print().encode()
    source = Kept(place, receipt if place == "a receipt" else stage.head())
    if restored:
        stage.cheat.restore(size)
        with pytest.raises(Disproved, match="older than what this log has signed") as refused:
            check_history(stage.store, [source])
        assert refused.value.faults[0].where == place
    else:
        check_history(stage.store, [source])


@pytest.mark.parametrize("kept", [False, True], ids=["nothing kept", "the published head kept"])
def test_without_the_guard_the_old_copy_goes_on_and_what_was_acknowledged_is_gone(*, kept: bool) -> None:
    """The loss that the guard is for: two heads of one log, and a receipt for a record that is in no log any more."""
    stage = Stage()
    size = len(stage.entries())
    account = told_after(stage)
    receipts, source = [stage.receipt(account)], Kept("the published head", stage.head())
    stage.cheat.restore(size, everywhere=True)
    if kept:
        with pytest.raises(Disproved):
            check_history(stage.store, [source])
        return
    check_history(stage.store, [])
    stage.declare(plate="KM 4712")
    stage.close_watches()
    assert account.entry not in stage.entries()
    assert rules(stage.audit()) == set(), "the log is sound in itself"
    assert rules(stage.audit(receipts=receipts)) == {"log.receipt"}
    with pytest.raises(Disproved):
        check_history(stage.store, [source])


@pytest.mark.parametrize("published", [False, True], ids=["nothing published", "published"])
def test_what_was_published_brings_the_old_copy_back(*, published: bool) -> None:
    stage = Stage()
    size = len(stage.entries())
    account = told_after(stage)
    whole, receipts = stage.archive(), [stage.receipt(account)]
    head = Kept("the published head", whole.files["checkpoint"])
    stage.cheat.restore(size)
    if published:
        catch_up(stage.store, open_copy(whole, where="published"), now=stage.clock.now(), where="published")
        check_history(stage.store, [head])
        stage.open_log()
        assert account.entry in stage.entries()
        assert rules(stage.audit(receipts=receipts, heads=[head.note])) == set()
    else:
        with pytest.raises(Disproved):
            check_history(stage.store, [head])
        assert account.entry not in list(stage.store.entries())


# The log ends


def ended(stage: Stage) -> tuple[Successor, Written]:
    """What the parties hold ends before a record that was acknowledged; a successor says so."""
    kept = stage.archive("orva")
    lost = stage.declare(plate="KM 4712").declaration
    assert lost is not None
    stage.publish()
    return succeed(stage, kept, head=stage.head(), receipts=[lost.leaf]), lost


@pytest.mark.parametrize("asked_of", ["the party's archive", "nothing"])
def test_a_successor_is_followed_to_the_log_that_it_goes_on_for(asked_of: str) -> None:
    stage = Stage()
    kept = stage.archive("orva")
    successor, _ = ended(stage)
    if asked_of == "nothing":
        (report,) = successor.audit()
        assert "sound in itself" in next(report.lines())
        assert rules(successor.audit(corridor=stage.cor)[0]) == {"log.corridor"}
        return
    report, before = successor.audit(kept, corridor=stage.cor)
    assert next(report.lines()) == f"✓ sound for corridor {stage.cor}"
    assert rules(report) == rules(before) == set()


@pytest.mark.parametrize(
    ("consenting", "named"), [(("orva",), set()), ((), {"succession.consent"})], ids=["agreed", "alone"]
)
def test_a_guarantor_cannot_move_the_corridor_to_another_log_alone(
    consenting: tuple[str, ...], named: set[str]
) -> None:
    stage = Stage()
    kept = stage.archive()
    entry = signed(stage, drafted(stage, kept), consenting)
    if not named:
        assert rules(begin(stage, entry).audit(kept)[0]) == set()
        return
    with pytest.raises(Exception, match="missing: orva, tessin") as refused:
        begin(stage, entry)
    assert {fault.rule for fault in getattr(refused.value, "faults", ())} == named


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "leaves out"])
def test_a_successor_that_leaves_out_what_a_party_still_has_is_named(*, cheats: bool) -> None:
    """It says that the account of a search is lost; a party's archive has it."""
    stage = Stage()
    before = stage.archive()
    journey(stage).account("searched")
    stage.close_watches()
    kept = stage.archive()
    successor = succeed(stage, before if cheats else kept)
    report, old = successor.audit(kept)
    assert rules(old) == set()
    assert rules(report) == ({"succession.lost", "succession.last"} if cheats else set())
    assert rules(successor.audit(before)[0]) == set(), (
        "the lack: whoever has only the older archive sees nothing"
    )


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "another agreement"])
def test_a_successor_with_other_duties_is_none(*, cheats: bool) -> None:
    stage = Stage()
    kept = stage.archive()
    payload = drafted(stage, kept)
    if cheats:
        payload["agreement"] = payload["agreement"].replace('value = "24 h"', 'value = "240 h"', 1)
    report, _ = begin(stage, signed(stage, payload)).audit(kept)
    assert rules(report) == ({"succession.agreement"} if cheats else set())


@pytest.mark.parametrize("cheats", [False, True], ids=["honest", "other roots"])
def test_a_successor_with_other_peoples_roots_is_none(*, cheats: bool) -> None:
    """Somebody makes a whole corridor of keys, and consents to it in everybody's name."""
    stage = Stage()
    kept = stage.archive()
    payload = drafted(stage, kept)
    maker = stage
    if cheats:
        maker = Stage(seed="somebody else")
        other = drafted(maker, maker.archive())
        payload = {**other, "cor": payload["cor"], "note": payload["note"], "kept": payload["kept"]}
    report, _ = begin(maker, signed(maker, payload)).audit(kept)
    assert rules(report) == ({"succession.agreement"} if cheats else set())


def test_a_successor_can_have_one_and_the_chain_is_walked_to_the_founding() -> None:
    stage = Stage()
    first = stage.archive()
    second = succeed(stage, first)
    middle = second.archive()
    third = succeed(stage, middle, name="third-")
    reports = third.audit(middle, first, corridor=stage.cor)
    assert [rules(report) for report in reports] == [set(), set(), set()]
    assert next(reports[0].lines()) == f"✓ sound for corridor {stage.cor}"
    alone = third.audit(middle)
    assert "sound in itself" in next(alone[0].lines()), (
        "the lack: up to the second log nothing proves the identifier"
    )
    skipped = third.audit(first)
    assert "succession.predecessor" in rules(skipped[0])


@pytest.mark.parametrize("consenting", [("orva",), ()], ids=["agreed", "alone"])
def test_other_witnesses_need_the_seats_and_are_told_to_whoever_compares(consenting: tuple[str, ...]) -> None:
    """One key is exchanged, and the quorum lowered to one."""
    stage = Stage()
    kept = stage.archive()
    goes = stage.witnesses[0].verifier
    comes = VerifierKey.of("mission.example/witness-2", KeyType.COSIGNATURE, stage.key("another").public_key)
    others: dict[str, Any] = {"witnesses": (comes,), "without": (goes.name,), "quorum": 1}
    payload = drafted(stage, kept, cause="keys.rotated", **others)
    entry = signed(stage, payload, consenting)
    if not consenting:
        with pytest.raises(Malformed, match=r"succession\.consent|missing: orva, tessin"):
            begin(stage, entry)
        return
    successor = begin(stage, entry)
    report, before = successor.audit(kept, corridor=stage.cor)
    assert rules(report) == rules(before) == set()
    assert report.succession is not None
    assert report.succession.remarks == (
        f"Agreed with it: witness {goes} does not go on",
        f"Agreed with it: witness {comes} is new",
        "Agreed with it: 1 of 3 witnesses cosign each head; it was 2 of 3",
    )
    alone = successor.audit()[0]
    assert alone.succession is not None
    assert alone.succession.remarks == (), (
        "the lack: without the predecessor nobody sees that they are others"
    )


@pytest.mark.parametrize("kept_longer", [False, True], ids=["lost", "kept"])
def test_the_receipt_of_a_lost_record_is_told_of_and_that_of_a_kept_one_is_checked(
    *, kept_longer: bool
) -> None:
    stage = Stage()
    before = stage.archive()
    account = stage.declare(plate="KM 4712").declaration
    assert account is not None
    stage.publish()
    receipt = stage.receipt(account)
    kept = stage.archive() if kept_longer else before
    successor = succeed(stage, kept, head=stage.head())
    report, old = successor.audit(kept, receipts=[receipt])
    assert (rules(report), rules(old)) == (set(), set())
    told = any("past what is kept of it" in line for line in report.lines())
    assert told != kept_longer
    assert (old.checked.kept == ("receipt receipt-1",)) == kept_longer


def test_everybody_who_cosigned_is_still_asked_for_the_new_log() -> None:
    stage = Stage()
    successor, _ = ended(stage)
    assert {each.seat for each in stage.witnesses} == set(SEATS)
    head = successor.audit()[0].head
    assert head is not None
    assert len(head.cosigned) == len(SEATS)
