"""Many hands at once: each record enters once, whoever sends it how often, and every receipt holds."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from safeconduct.core.kernel.errors import Conflict
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.service.admission import Admission
from safeconduct.service.sequence import Submission
from safeconduct.sim.hand import Hand, Written
from safeconduct.sim.stage import Stage
from safeconduct.wiring.offline import open_corridor
from tests.web.served import Served, founded, item, served

HANDS = 16
T = TypeVar("T")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "corridor") as opened:
        yield opened


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """All of them, each in a thread of its own that waits for the others."""
    start = threading.Barrier(len(acts))

    def act(one: Callable[[], T]) -> T:
        start.wait(10)
        return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def enrolled(here: Served) -> list[Hand]:
    """Sixteen declarants whose keys are in the log."""
    pairs = [here.stranger(number) for number in range(HANDS)]
    assert {
        each["status"] for each in here.hand_in(*(enrolment for enrolment, _ in pairs)).json()["records"]
    } == {201}
    return [here.stage.hand(f"relief-{number}/declarant") for number in range(HANDS)]


def offers(hand: Hand, count: int) -> list[Written]:
    return [hand.write("offered", clear={"leaf": f"{number:064x}"}) for number in range(count)]


def once_each(here: Served, records: Sequence[Written]) -> None:
    counted = Counter(here.entries())
    assert [counted[record.entry] for record in records] == [1] * len(records)
    assert max(counted.values()) == 1


def test_sixteen_hands_with_their_own_records_lose_none_and_double_none(here: Served) -> None:
    mine = [offers(hand, 12) for hand in enrolled(here)]

    def hand_in(records: list[Written]) -> list[dict[str, Any]]:
        alone = [here.post(item(record)) for record in records[:6]]
        assert [response.status_code for response in alone] == [201] * 6
        many: list[dict[str, Any]] = here.hand_in(*records[6:]).json()["records"]
        return [*(response.json() for response in alone), *many]

    answers = at_once([lambda records=records: hand_in(records) for records in mine])  # type: ignore[misc]
    for records, said in zip(mine, answers, strict=True):
        places = [here.receipt(answer, record).index for answer, record in zip(said, records, strict=True)]
        assert places == sorted(places)
    once_each(here, [record for records in mine for record in records])


def test_the_same_record_sixteen_times_at_once_is_one_entry_with_one_receipt(here: Served) -> None:
    record = here.offer()
    answers = at_once([lambda: here.post(item(record))] * HANDS)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: HANDS - 1}
    (said,) = {answer.content for answer in answers}
    here.receipt(json.loads(said), record)
    once_each(here, [record])


def test_of_sixteen_records_with_one_jti_one_enters_and_the_others_are_told(here: Served) -> None:
    hands = enrolled(here)
    jti = hands[0].write("offered", clear={"leaf": "0" * 64}).payload["jti"]
    rivals = [hand.write("offered", clear={"leaf": "0" * 64}, jti=jti) for hand in hands]
    answers = at_once([lambda record=record: here.post(item(record)) for record in rivals])  # type: ignore[misc]
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: HANDS - 1}
    (winner,) = (record for record, answer in zip(rivals, answers, strict=True) if answer.status_code == 201)
    assert [entry for entry in here.entries() if parse_entry(entry).jti == jti] == [winner.entry]


def test_receipts_are_read_while_others_are_given(here: Served) -> None:
    record, hands = here.offer(), enrolled(here)
    first = here.post(item(record))
    path = f"/api/records/{record.payload['jti']}"

    def write(hand: Hand) -> set[int]:
        return {here.post(item(one)).status_code for one in offers(hand, 8)}

    def read() -> set[bytes]:
        return {here.client.get(path).content for _ in range(40)}

    acts: list[Callable[[], Any]] = [read] * 4
    acts += [lambda hand=hand: write(hand) for hand in hands[:4]]  # type: ignore[misc]
    said = at_once(acts)
    assert said[:4] == [{first.content}] * 4
    assert said[4:] == [{201}] * 4


def door(stage: Stage, corridor: Any) -> Admission:
    return Admission(corridor.sequencer, service=stage.key("service"), clock=corridor.clock)


def test_without_its_own_look_at_the_jti_the_store_still_refuses_and_good_items_suffer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = founded(tmp_path / "corridor")
    officer = stage.hand("mission/officer")
    good, one = offers(officer, 2)
    other = officer.write("offered", clear={"leaf": "1" * 64}, jti=one.payload["jti"])
    batch = [Submission(each.entry) for each in (good, one, other)]
    with open_corridor(tmp_path / "corridor") as corridor:
        size = corridor.store.size()
        with monkeypatch.context() as unguarded:
            unguarded.setattr(Admission, "_known", lambda *_: None)
            with pytest.raises(Conflict):
                door(stage, corridor).admit(batch)
        assert corridor.store.size() == size
        answers = door(stage, corridor).admit(batch)
        assert [answer.error is None for answer in answers] == [True, True, False]


def test_two_programs_that_take_turns_at_one_log_know_what_the_other_wrote(tmp_path: Path) -> None:
    """Only one should sequence. Each reads on before it decides, and keys count wherever they were enrolled."""
    stage = founded(tmp_path / "corridor")
    root, strangers = stage.hand("mission/root"), [stage.stranger(f"relief-{n}/declarant") for n in range(6)]
    with open_corridor(tmp_path / "corridor") as one, open_corridor(tmp_path / "corridor") as other:
        doors = [door(stage, one), door(stage, other)]
        for turn, hand in enumerate(strangers):
            clear = {"cnf": {"jwk": jwk_of(hand.key.public_key)}, "holder": hand.iss}
            enrolment, record = (
                root.write("key", clear=clear),
                hand.write("offered", clear={"leaf": "0" * 64}),
            )
            for written, program in ((enrolment, turn % 2), (record, (turn + 1) % 2), (record, turn % 2)):
                (outcome,) = doors[program].admit([Submission(written.entry)])
                assert outcome.receipt is not None, outcome.error
                outcome.receipt.check(written.entry, one.sequencer.policy)
        entries = list(one.store.entries())
    assert len(set(entries)) == len(entries)
