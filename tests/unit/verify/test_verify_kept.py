"""Heads, receipts and offers that somebody kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.proofs import inclusion_proof
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tiles import hash_tiles
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.sim.stage import Stage
from tests.unit.verify.verify_scene import archive_of, audit_of, head_of, open_rules, said


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_log_that_goes_on_from_what_was_kept_says_with_what_it_was_compared(stage: Stage) -> None:
    record = stage.passage().declare()
    head, receipt = stage.head(), stage.receipt(record)
    stage.declare()
    report = stage.audit(heads=[head], receipts=[receipt])
    assert report.exit_code == 0
    assert report.checked.kept == ("head head-1", "receipt receipt-1")
    assert any("it agrees with head head-1, receipt receipt-1" in line for line in report.lines())


def test_offers_alone_show_no_log_that_was_signed_anew(stage: Stage) -> None:
    record = stage.passage().declare()
    report = stage.audit(offers=[record.entry])
    assert report.checked.kept == ()
    lines = list(report.lines())
    assert any("Compared with nothing kept outside" in line for line in lines)
    assert "  Looked for what was offered in offers-1" in lines


def test_a_smaller_log_and_another_one_did_not_go_on_from_a_kept_head(stage: Stage) -> None:
    entries = stage.entries()
    leaves = list(map(leaf_hash, entries))
    larger = head_of(stage, [*leaves, b"x" * 32]).print().encode()
    other = head_of(stage, [*leaves[:-1], b"x" * 32]).print().encode()
    report = stage.audit(heads=[larger, other])
    assert said(report) == (3, {"log.rollback"})
    assert [fault.where for fault in report.faults] == ["head-1", "head-2"]
    much_larger = head_of(stage, [b"y" * 32] * (len(entries) + 9)).print().encode()
    assert "an older copy" in stage.audit(heads=[much_larger]).faults[0].message


def receipt_in(stage: Stage, entries: list[bytes], index: int) -> Receipt:
    """A receipt as the log gives it for an entry of some other tree."""
    leaves = list(map(leaf_hash, entries))
    tiles = dict(hash_tiles(leaves))
    proof = inclusion_proof(tiles.__getitem__, index=index, size=len(leaves))
    return Receipt(index, tuple(proof), head_of(stage, leaves))


@pytest.mark.parametrize(
    ("logged", "index", "rules"),
    [
        (lambda entries: [*entries, b"withheld"], -1, {"log.receipt"}),
        (lambda entries: [*entries[:4], b"withheld", *entries[5:]], 4, {"log.receipt"}),
        (lambda entries: [*entries[:4], b"withheld", *entries[5:]], 3, {"log.rollback"}),
        (lambda entries: entries, 4, set()),
    ],
)
def test_what_the_log_gave_a_receipt_for_stands_in_it(
    stage: Stage, logged: Callable[[list[bytes]], list[bytes]], index: int, rules: set[str]
) -> None:
    entries = stage.entries()
    receipt = receipt_in(stage, logged(entries), index % len(logged(entries)))
    report = stage.audit(archive_of(stage, entries), receipts=[receipt.print().encode()])
    assert report.rules == rules


def test_a_kept_file_that_is_itself_wrong_is_refused_under_its_own_name(stage: Stage) -> None:
    receipt = receipt_in(stage, stage.entries(), 2)
    head = stage.head()
    size = str(stage.store.size()).encode()
    with pytest.raises(Malformed, match="head-1"):
        stage.audit(heads=[b"no head"])
    with pytest.raises(Disproved, match="head-1"):
        stage.audit(heads=[head.replace(size, b"9", 1)])
    with pytest.raises(Malformed, match="receipt-1"):
        stage.audit(receipts=[b"no receipt"])
    with pytest.raises(Malformed, match="receipt-1"):
        stage.audit(receipts=[Receipt(10**6, receipt.proof, receipt.note).print().encode()])
    with pytest.raises(Disproved, match="receipt-1"):
        stage.audit(receipts=[Receipt(2, receipt.proof, Note.parse(Stage("x").head())).print().encode()])


def test_an_offer_is_in_the_log_or_not_yet_or_withheld(stage: Stage) -> None:
    now = print_instant(stage.clock.now())
    there = stage.passage().declare()
    account = stage.passage().account("searched")  # logged
    gone = stage.hand("orva/liaison").write("offered", clear={"leaf": "1" * 64})
    offers = f"{there.leaf} {now}\n{account.leaf} {now}\n{'2' * 64} {now}\n".encode() + gone.entry
    early = stage.audit(offers=[offers])
    assert early.exit_code == 0
    assert open_rules(early) == ["offered.withheld", "offered.withheld"]
    stage.close_watches()
    stage.pass_time(days=2)
    late = stage.audit(offers=[offers])
    found = [finding for finding in late.findings if finding.rule == "offered.withheld"]
    assert [finding.evidence for finding in found] == [("2" * 64,), ("1" * 64,)]
    assert [finding.entries for finding in found] == [(), ()]
    assert late.rules == {"offered.withheld"}


def test_an_offer_that_is_logged_counts_from_the_head_over_it(stage: Stage) -> None:
    stage.hand("orva/liaison").record("offered", clear={"leaf": "1" * 64})
    assert open_rules(stage.audit()) == ["offered.withheld"]
    stage.close_watches()
    stage.pass_time(days=2)
    assert stage.audit().rules == {"offered.withheld"}


def test_an_offer_that_no_dated_head_covers_waits() -> None:
    stage = Stage(witnesses=())
    stage.hand("orva/liaison").record("offered", clear={"leaf": "1" * 64})
    stage.pass_time(days=2)
    assert open_rules(stage.audit()) == ["offered.withheld"]


def test_a_record_that_was_offered_itself_may_claim_its_time(stage: Stage) -> None:
    hand = stage.hand("orva/liaison")
    record = hand.write("offered", clear={"leaf": "1" * 64}, at=stage.clock.now() - 10**6, via="paper")
    assert stage.audit(offers=[record.entry]).rules == {"offered.withheld"}


def unknown_key(stage: Stage) -> bytes:
    return stage.stranger("orva/none").write("offered", clear={"leaf": "1" * 64}).entry


def bad_signature(stage: Stage) -> bytes:
    entry = stage.hand("orva/liaison").write("offered", clear={"leaf": "1" * 64}).entry
    return entry[:-86] + b"B" * 85 + b"A"


def of_another_corridor(stage: Stage) -> bytes:
    return stage.hand("orva/liaison").write("offered", clear={"leaf": "1" * 64}, cor="0" * 64).entry


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (unknown_key, Disproved),
        (bad_signature, Disproved),
        (of_another_corridor, Malformed),
        (lambda _: b"a.b.c", Malformed),
        (lambda _: b"1234 yesterday", Malformed),
        (lambda _: b"1" * 64 + b" yesterday", Malformed),
        (lambda _: b"\n" + b"1" * 64, Malformed),
        (lambda _: b"\xff", Malformed),
    ],
)
def test_a_file_of_offers_that_is_wrong_is_refused_with_its_line(
    stage: Stage, line: Callable[[Stage], bytes], error: type[Exception]
) -> None:
    data = line(stage)
    with pytest.raises(error, match="offers-1 line 1"):
        stage.audit(offers=[data])


def test_a_record_that_could_not_be_logged_is_no_offer(stage: Stage) -> None:
    hand = stage.hand("relief-one")
    record = hand.write("offered", clear={"leaf": "1" * 64}, iss="relief-one/other")
    with pytest.raises(Malformed, match=r"key\.issuer"):
        stage.audit(offers=[record.entry])


def test_no_offers_are_an_empty_file(stage: Stage) -> None:
    assert stage.audit(offers=[b""]).exit_code == 0


def test_a_log_made_by_hand_is_sound(stage: Stage) -> None:
    assert audit_of(stage, stage.entries()).exit_code == 0
