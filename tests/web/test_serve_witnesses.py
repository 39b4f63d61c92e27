"""`safeconduct serve` with witnesses over HTTP: receipts are logged at once, and cosigned when enough have answered."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage
from safeconduct.wiring.offline import new_store
from tests.http_server import Reply
from tests.web.running import COMMAND, Running, running
from tests.witness_server import SIZE, PlayedWitness, addresses, answering, note_in, stall, writing

SEED = "witnessed"
QUICK_S = 2.0
"""A receipt comes sooner: the limit for one witness is 8 s, a round's 10 s."""


@dataclass
class Place:
    """A live corridor, its people, and its witnesses, which answer over HTTP."""

    folder: Path
    stage: Stage
    witnesses: list[PlayedWitness]
    handed: int = 0
    times: list[float] = field(default_factory=list)

    def offer(self) -> Written:
        self.handed += 1
        return self.stage.hand("mission/officer").write("offered", clear={"leaf": f"{self.handed:064x}"})

    def hand_in(self, served: Running) -> tuple[Written, str]:
        """The record, and the grade of its first receipt."""
        written, start = self.offer(), time.monotonic()
        answer = served.post({"record": written.entry.decode()})
        self.times.append(time.monotonic() - start)
        assert answer.status == 201, answer
        return written, str(answer.document["grade"])

    def grade(self, served: Running, written: Written) -> str:
        """Of its receipt now, which holds."""
        document = served.get(f"/api/records/{written.payload['jti']}").document
        receipt = Receipt.parse(document["receipt"].encode())
        policy = Policy.parse(self.stage.founding.policy().encode())
        assert receipt.check(written.entry, policy) == document["grade"]
        return str(document["grade"])

    def write(self, *asked: PlayedWitness) -> None:
        (self.folder / "witnesses").write_text(addresses(self.stage.founding, *(asked or self.witnesses)))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "corridor"
    keys = Stage(SEED, watching=False, nature="live")
    with new_store(folder, keys={name: keys.key(name) for name in ("log", "service")}) as store:
        stage = Stage(SEED, store=store, nature="live", watching=False)
    for hand in stage.hands.values():
        hand.hand_in = lambda _: None
    witnesses = [PlayedWitness(one.verifier, one.key, stage.log_key) for one in stage.witnesses]
    with answering(*witnesses):
        made = Place(folder, stage, witnesses)
        made.write()
        yield made


def soon(holds: Callable[[], bool], limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def ready(served: Running) -> Any:
    return served.get("/ready").document


def awaited(served: Running) -> dict[str, Any]:
    return {one["witness"]: one for one in ready(served).get("awaiting", [])}


def signed(stage: Stage, size: int) -> bytes:
    text = Checkpoint(stage.log_key.name, size, b"\1" * 32).print()
    return Note(text, (sign_note(text, stage.log_key, stage.key("log")),)).print().encode()


def test_with_two_of_three_witnesses_a_receipt_is_logged_and_then_cosigned(place: Place) -> None:
    place.write(*place.witnesses[:2])
    silent = place.witnesses[2].verifier.name
    with running(place.folder) as served:
        for _ in range(3):
            written, grade = place.hand_in(served)
            assert grade == "logged"
            soon(lambda written=written: place.grade(served, written) == "cosigned")  # type: ignore[misc]
        assert max(place.times) < QUICK_S
        soon(lambda: set(awaited(served)) == {silent})
        assert "no_quorum_since" not in ready(served)
        served.until_published()
        shown = Note.parse((place.folder / "published" / "checkpoint").read_bytes())
        assert [bool(shown.lines_of(one.verifier)) for one in place.witnesses] == [True, True, False]
        assert place.witnesses[2].asked == []
        before = awaited(served)
        written, _ = place.hand_in(served)
        soon(lambda: place.grade(served, written) == "cosigned")
        assert awaited(served) == before, "since the first head that it did not cosign"


@pytest.mark.parametrize("how", ["stalls", "is down", "lies", "refuses"])
def test_with_one_that_does_not_answer_receipts_come_as_fast_and_are_cosigned(place: Place, how: str) -> None:
    bad = place.witnesses[0]
    match how:
        case "stalls":
            bad.play = writing(stall)
        case "is down":
            bad.url = "http://127.0.0.1:1/"
            place.write()
        case "lies":
            bad.play = lambda body: Reply(str(place.witnesses[1].line(note_in(body))).encode())
        case _:
            bad.play = lambda _: Reply(b"no\n", 403)
    with running(place.folder) as served:
        for _ in range(3):
            written, grade = place.hand_in(served)
            assert grade == "logged"
        assert max(place.times) < QUICK_S
        soon(lambda: place.grade(served, written) == "cosigned")
        if how != "stalls":
            soon(lambda: bool(awaited(served)[bad.verifier.name].get("says")))
            assert "127.0.0.1" not in str(awaited(served)), "nothing of where it is"


def test_without_a_quorum_heads_are_published_and_cosigned_once_somebody_answers(place: Place) -> None:
    for one in place.witnesses[1:]:
        one.play = lambda _: Reply(b"no\n", 503)
    with running(place.folder) as served:
        written, _ = place.hand_in(served)
        served.until_published()
        soon(lambda: "no_quorum_since" in ready(served))
        assert place.grade(served, written) == "logged"
        for one in place.witnesses[1:]:
            one.play = None
        soon(lambda: place.grade(served, written) == "cosigned")
        soon(lambda: "awaiting" not in ready(served))
        assert "no_quorum_since" not in ready(served)


def test_under_load_heads_still_get_their_quorum(place: Place) -> None:
    """Each witness takes longer for a head than the log for the next one."""

    def slowly(one: PlayedWitness) -> Callable[[bytes], Reply]:
        def play(body: bytes) -> Reply:
            time.sleep(0.4)
            return one.honest(body)

        return play

    for one in place.witnesses:
        one.play = slowly(one)
    with running(place.folder) as served:
        written = []
        end = time.monotonic() + 3
        while time.monotonic() < end:
            written.append(place.hand_in(served)[0])
        assert max(place.times) < QUICK_S
        assert place.grade(served, written[0]) == "cosigned", "while it goes on"
        soon(lambda: place.grade(served, written[-1]) == "cosigned")
        soon(lambda: "awaiting" not in ready(served))
        assert len(place.witnesses[0].asked) < len(written) / 2


def test_a_log_that_is_an_old_copy_is_known_by_what_a_witness_shows(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.folder, tmp_path / "copy")
    with running(place.folder) as served:
        written, _ = place.hand_in(served)
        soon(lambda: place.grade(served, written) == "cosigned")
    shutil.rmtree(place.folder)
    shutil.copytree(tmp_path / "copy", place.folder)
    with running(place.folder) as served:
        assert not served.said["takes_records"]
        assert "older than what this log has signed" in served.said["why_not"]
        assert served.get("/").status == 200
        served.get("/ready").problem(503, "log.rollback")
    doctor = doctors(place.folder)
    assert "witnesses: " in doctor
    assert "older than what this log has signed" in doctor
    (place.folder / "witnesses").unlink()
    with running(place.folder) as served:  # the guard off: nothing else tells
        assert served.said["takes_records"]


def test_a_head_that_a_witness_shows_later_stops_the_signing(place: Place) -> None:
    liar, honest = place.witnesses[:2]
    with running(place.folder) as served:
        place.hand_in(served)
        liar.play = lambda _: Reply(b"1000\n", 409, SIZE)
        written, _ = place.hand_in(served)
        soon(lambda: place.grade(served, written) == "cosigned")
        assert "its word alone" in awaited(served)[liar.verifier.name]["says"]
        honest.play = lambda _: Reply(b"1000\n", 409, SIZE)
        honest.show = lambda: Reply(signed(place.stage, 1000))
        place.hand_in(served)
        soon(lambda: served.get("/ready").status == 503)
        served.get("/ready").problem(503, "log.rollback")
        assert served.post({"record": place.offer().entry.decode()}).status == 503


def test_a_file_that_names_others_is_refused_at_the_start(place: Place) -> None:
    text = (place.folder / "witnesses").read_text()
    (place.folder / "witnesses").write_text(text.replace("quorum witnesses", "quorum none"))
    typed = [*COMMAND, "serve", str(place.folder), "--port", "0"]
    done = subprocess.run(typed, capture_output=True, check=False, timeout=60)
    assert done.returncode == 2, done
    assert b"is not this corridor's" in done.stderr
    assert b"published/policy" in done.stderr


def doctors(folder: Path) -> str:
    done = subprocess.run(
        [COMMAND[0], "-m", "safeconduct.cli", "doctor", str(folder)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr
    return done.stdout.decode()


def test_doctor_says_who_answers_and_whom_the_log_waits_for(place: Place) -> None:
    assert "✓ witnesses: 3 answer" in doctors(place.folder)
    place.witnesses[0].show = lambda: Reply(b"no\n", 500)
    said = doctors(place.folder)
    assert f"… witnesses: 2 answer; {place.witnesses[0].verifier.name}: it answers 500." in said
    (place.folder / "witnesses").unlink()
    said = doctors(place.folder)
    assert "… witnesses: 0 answer; without an address: " in said
    assert "write their addresses into the file witnesses" in said
