"""A witness at work: races, offers, its clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.enrolled_keys import PAUSE_S, ArchiveKeys
from safeconduct.adapters.watched_clock import WatchedClock
from safeconduct.adapters.witness_store import WitnessStore
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Conflict, Unavailable
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.witness import Cosigned, Decision, received_at
from safeconduct.service import witnessing
from safeconduct.service.version import keyring_at
from safeconduct.service.witnessing import Witnessing
from safeconduct.sim.hand import Hand
from safeconduct.sim.stage import Stage
from tests.unit.adapters.witness_scene import LOG_KEY, NOW, ORIGIN, Party, Tree


class Overtaken(WitnessStore):
    """Another process cosigns a larger head between reading and writing."""

    rivals: int = 1
    rival: Cosigned | None = None

    def cosigned(self, before: Cosigned | None, now: Cosigned) -> None:
        if self.rivals and self.rival is not None:
            self.rivals -= 1
            super().cosigned(before, self.rival)
        super().cosigned(before, now)


def test_who_was_overtaken_decides_anew(tmp_path: Path) -> None:
    party, tree = Party(tmp_path), Tree()
    with party.awake() as witness:
        rival = witness.decision.answer(tree.request(0, 9), lambda _: None, now=NOW).kept
    with Overtaken.open(party.path, party.key) as memory:
        memory.rival = rival
        witness = Witnessing(witness.decision, memory, party.clock)
        assert witness.add_checkpoint(tree.request(0, 7)).body == "9\n"
        memory.rivals = 0


class Refusing(WitnessStore):
    """Somebody else is always first."""

    def cosigned(self, before: Cosigned | None, now: Cosigned) -> None:
        raise Conflict(f"another was first: {before} {now.time}")


def test_who_is_overtaken_every_time_is_told_to_repeat(tmp_path: Path) -> None:
    party = Party(tmp_path)
    with party.awake() as witness:
        decision = witness.decision
    with Refusing.open(party.path, party.key) as memory:
        answer = Witnessing(decision, memory, party.clock).add_checkpoint(Tree().request(0, 7))
        assert (answer.status, answer.retry_after_s) == (503, 1)


def test_a_clock_put_back_stops_cosigning_until_it_is_right_again(tmp_path: Path) -> None:
    party, tree = Party(tmp_path), Tree()
    with party.awake() as witness:
        assert witness.add_checkpoint(tree.request(0, 7)).status == 200
    party.clock.seconds -= 60
    with party.awake() as witness:
        assert witness.add_checkpoint(tree.request(7, 9)).status == 503
        assert witness.memory.last(ORIGIN) is not None
        party.clock.seconds += 60
        assert witness.add_checkpoint(tree.request(7, 9)).status == 200


def test_a_jump_of_the_clock_is_told_once_and_a_step_of_ntp_is_not() -> None:
    told: list[tuple[int, int]] = []
    shown = iter([1_000.0, 1_010.0, 1_040.0, 5_000.0, 5_001.0, 1_100.0])
    passed = iter([0.0, 10.0, 20.0, 30.0, 31.0, 40.0])
    clock = WatchedClock(lambda *jump: told.append(jump), shown.__next__, passed.__next__)
    assert [clock.now() for _ in range(6)] == [1_000, 1_010, 1_040, 5_000, 5_001, 1_100]
    assert told == [(5_000, 3_950), (1_100, -3_910)]
    assert WatchedClock(lambda *_: None).now() > NOW


# Offers


@dataclass
class Ring:
    stage: Stage

    def keyring(self) -> Keyring:
        return keyring_at(self.stage.founding, self.stage.store, self.stage.store.size())


@dataclass
class Offering:
    """A corridor, a witness that knows its keys, and a hand that offers."""

    stage: Stage
    witness: Witnessing
    hand: Hand

    def record(self) -> bytes:
        return self.hand.write("offered", clear={"leaf": "0" * 64}).entry


@pytest.fixture
def offering(tmp_path: Path) -> Offering:
    party, stage = Party(tmp_path), Stage(watching=False)
    WitnessStore.create(party.path, party.key)
    memory = WitnessStore.open(party.path, party.key)
    decision = Decision(party.key, party.signer, (LOG_KEY,))
    return Offering(
        stage, Witnessing(decision, memory, party.clock, Ring(stage)), stage.hand("mission/officer")
    )


def test_an_enrolled_keys_record_gets_a_signed_time_and_the_same_one_again(offering: Offering) -> None:
    record, witness = offering.record(), offering.witness
    answer = witness.receive(record)
    assert answer.status == 200
    assert received_at(Note.parse(answer.body.encode()), record, witness.decision.key) == NOW
    assert isinstance(witness.clock, FixedClock)
    witness.clock.seconds += 60
    assert witness.receive(record) == answer
    assert witness.memory.offer_count() == 1


def test_what_nobody_signed_who_is_known_here_is_not_taken(offering: Offering) -> None:
    record, witness = offering.record(), offering.witness
    assert witness.receive(b"no record").status == 400
    header, payload, signature = record.split(b".")
    turned = b".".join((header, payload, signature[::-1].replace(b"=", b"A")))
    for text, said in (
        (offering.stage.stranger("nobody/liaison").write("offered", clear={"leaf": "0" * 64}).entry, "no good key"),
        (changed(record, turned), "signature fails"),
        (Stage("elsewhere", watching=False).hand("mission/officer").write(
            "offered", clear={"leaf": "0" * 64}).entry, "another corridor"),
    ):  # fmt: skip
        answer = witness.receive(text)
        assert (answer.status, said in answer.body) == (403, True), answer.body
    assert witness.memory.offer_count() == 0
    alone = Witnessing(witness.decision, witness.memory, witness.clock)
    assert "no archive" in alone.receive(record).body


def changed(record: bytes, turned: bytes) -> bytes:
    """The same record under a signature of something else."""
    try:
        parse_entry(turned)
    except Exception:  # noqa: BLE001 - the reversed text may not be canonical
        head, _, signature = record.rpartition(b".")
        return head + b"." + (b"A" if signature[:1] != b"A" else b"B") + signature[1:]
    return turned


def test_no_offer_is_dated_back_and_there_is_an_end(
    offering: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = offering.witness
    assert isinstance(witness.clock, FixedClock)
    assert witness.receive(offering.record()).status == 200
    witness.clock.seconds -= 1
    assert witness.receive(offering.record()).status == 503
    witness.clock.seconds += 1
    monkeypatch.setattr(witnessing, "MOST_OFFERS", 1)
    assert "no room" in witness.receive(offering.record()).body


def test_keys_come_from_the_archive_and_what_is_new_there_counts_after_a_while(tmp_path: Path) -> None:
    stage, passed = Stage(watching=False), [0.0]
    write(stage, tmp_path)
    keys = ArchiveKeys(tmp_path, lambda: passed[0])
    known = keys.keyring()
    assert {enrolment.holder for enrolment in known.keys.values()} >= {"mission/root", "mission/officer"}
    stage.declare()
    stage.publish()
    write(stage, tmp_path)
    assert keys.keyring() is known
    passed[0] = PAUSE_S
    newer = keys.keyring()
    assert newer is not known
    passed[0] = 2 * PAUSE_S
    assert keys.keyring() is newer
    with pytest.raises(Unavailable):
        ArchiveKeys(tmp_path / "nowhere").keyring()


def write(stage: Stage, folder: Path) -> None:
    for path, content in stage.archive().files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
