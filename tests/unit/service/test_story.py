"""Records in words, in order."""

from __future__ import annotations

from string import Formatter

import pytest

from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.disclosure import Place
from safeconduct.core.record.entry import At, parse_entry
from safeconduct.core.record.kind import ENVELOPE
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.story import Log, tell_entry, tell_passage
from safeconduct.service.words import _TELLING, details, sentence, when
from safeconduct.sim.stage import Stage


def name_of(leaf: str) -> str:
    return f"<{leaf[:4]}>"


@pytest.mark.parametrize("kind", _TELLING)
def test_a_sentence_uses_only_what_every_record_of_its_kind_has(kind: str) -> None:
    required = {name for name, shape in KINDS[kind].clear.items() if not shape.optional} | {"withdraws"}
    assert {field for _, field, _, _ in Formatter().parse(_TELLING[kind]) if field} <= required


def test_a_kind_without_a_sentence_of_its_own_is_told_by_its_description() -> None:
    assert sentence({"evt": "meeting"}, name_of) == "meeting: a kind that this version does not know"
    assert all(kind in _TELLING for kind in KINDS)


def test_details_hold_every_clear_claim_and_what_is_disclosed() -> None:
    payload = {
        "evt": "declaration",
        "direction": "in",
        "class": "x",
        "trip": "out",
        "notice": {"from": 0, "until": 60},
        "people": 2,
        "plate": {"_sd": ["…"]},
        "corrects": "abcd" * 16,
        "lines": [{"hs": "1001", "quantity": 5, "description": {"_sd": ["…"]}}],
        "later": None,
    }
    private: dict[Place, str] = {"plate": "KM 4711", (0, "description"): "wheat"}
    assert details(payload, private, name_of, hidden=False) == [
        "later: none",
        "notice: 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z",
        "people: 2",
        "plate: KM 4711",
        "line 0: hs 1001, quantity 5, description 'wheat'",
        "corrects <abcd>",
    ]
    assert details(payload, {}, name_of, hidden=True)[-1] == "private fields: this copy opens none"
    assert set(payload) & set(ENVELOPE) == {"evt", "corrects", "lines"}


def test_a_time_says_who_claims_it_and_what_proves_it() -> None:
    assert when(60, None, None, None) == "1970-01-01T00:01:00Z (by its device alone)"
    assert when(60, None, 0, 120) == (
        "1970-01-01T00:01:00Z (by the heads after 1970-01-01T00:00:00Z and before 1970-01-01T00:02:00Z)"
    )
    told = At(0, 60, "paper")
    assert when(0, told, None, 5) == (
        "1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z, told afterwards (via paper)"
    )
    assert when(0, At(0, 0, "source"), None, None) == "1970-01-01T00:00:00Z, told afterwards (via source)"


@pytest.fixture(scope="module")
def told() -> tuple[Stage, Log, str]:
    stage = Stage("story")
    first = stage.declare()
    first.grant()
    late = stage.hand("south-gate")
    first.arrive()
    first.enter()
    late.offline = True
    exited = first.exit()
    other = stage.declare(plate="AB 1")
    other.turn_back()
    late.connect()
    first.countersign(exited, by="orva/liaison")
    stage.enrol("orva/second-liaison")
    stage.publish()
    store = stage.store
    held: dict[int, list[str]] = {}
    for index, text in store.disclosures():
        held.setdefault(index, []).append(text)
    return (
        stage,
        Log(store.entries, lambda index: tuple(held.get(index, ())), stage.founding, stage.head()),
        first.psg,
    )


def test_a_passage_is_told_in_the_order_of_its_happening(told: tuple[Stage, Log, str]) -> None:
    _, log, passage = told
    story = tell_passage(log, passage)
    kinds = [each.event.evt for each in story]
    assert kinds == ["declaration", "pass", "arrival", "entered", "exited", "countersign"]
    assert [each.event.occurred for each in story] == sorted(each.event.occurred for each in story)
    assert all(each.event.bounds.before is not None for each in story[:2])


def test_what_names_a_record_of_the_passage_belongs_to_it(told: tuple[Stage, Log, str]) -> None:
    _, log, passage = told
    last = tell_passage(log, passage)[-1]
    assert last.event.evt == "countersign"


def test_one_entry_is_told_by_number_and_leaf(told: tuple[Stage, Log, str]) -> None:
    _, log, _ = told
    third = list(log.entries())[3]
    (by_number,) = tell_entry(log, "3")
    (by_leaf,) = tell_entry(log, leaf_hash(third).hex())
    assert by_number == by_leaf
    assert by_number.entry == parse_entry(third)


@pytest.mark.parametrize("reference", ["1000000", "03", "", "x"])
def test_a_reference_to_nothing_is_unavailable(told: tuple[Stage, Log, str], reference: str) -> None:
    with pytest.raises(Unavailable, match="passage's identifier"):
        tell_entry(told[1], reference)


def test_a_passage_of_nobody_is_unavailable(told: tuple[Stage, Log, str]) -> None:
    with pytest.raises(Unavailable, match="no record here belongs"):
        tell_passage(told[1], "0" * 32)


def test_an_entry_that_is_no_record_is_passed_over(told: tuple[Stage, Log, str]) -> None:
    _, log, passage = told
    entries = [*log.entries(), b"junk", b"a.b.c", b"a.e30.c"]
    damaged = Log(lambda: entries, log.disclosures, log.founding, log.newest)
    assert tell_passage(damaged, passage) == tell_passage(log, passage)
