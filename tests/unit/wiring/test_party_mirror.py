"""A party's mirror that runs by itself: what it remembers, when it asks again, and that nothing ends it but `stop`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.adapters import http_get
from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.mirror_memory import MirrorMemory, Split, Trouble
from safeconduct.core.kernel.errors import Malformed, SafeconductError
from safeconduct.sim.stage import Stage
from safeconduct.wiring import party_mirror
from safeconduct.wiring.party import MIRRORED, Corridor
from safeconduct.wiring.party_look import OVERDUE_S, look
from safeconduct.wiring.party_mirror import LONGEST_LEFT_ALONE_S, PartyMirror
from tests.http_server import Reply, files, serving
from tests.unit.service.test_mirror import two_histories
from tests.unit.wiring.party_scene import NOON, Log, mirror_of, new, public


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "PAUSES_S", (0.0, 0.0, 0.0))


def soon(holds: Callable[[], bool], limit_s: float = 10) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_each_run_is_remembered_and_a_split_for_ever(tmp_path: Path) -> None:
    one, other = two_histories()
    early = public(Stage("split"))
    shown = dict(public(one))
    folder, log, clock = tmp_path / "party", Log(), FixedClock(NOON)
    with serving(files(shown)) as served:
        mirror = mirror_of(folder, new(folder, served.url, one), log, clock)

        def once(archive: dict[str, bytes]) -> tuple[tuple[bool, int], MirrorMemory]:
            shown.clear()
            shown.update(archive)
            clock.seconds += 60
            ran = mirror.once()
            assert MirrorMemory.read(folder / MIRRORED) == mirror.memory
            return ran, mirror.memory

        good = dict(public(one))
        assert once(good) == ((True, 0), MirrorMemory(NOON + 60, NOON + 60))
        assert once(good) == ((False, 0), MirrorMemory(NOON + 120, NOON + 120))
        for since in (NOON + 180, NOON + 180):
            _, memory = once(dict(early))
            assert memory.trouble == Trouble(
                "older", f"an older head of {size(early)} entries is served", since
            )
            assert memory.learnt == NOON + 120
        _, memory = once({})
        assert memory.trouble is not None
        assert (memory.trouble.kind, memory.trouble.since) == ("Unavailable", NOON + 300)
        _, memory = once(dict(public(other)))
        seen = memory.split
        assert seen is not None
        assert (seen.time, seen.size, memory.learnt) == (NOON + 360, size(public(other)), NOON + 120)
        assert [Path(path).exists() for path in seen.evidence] == [True, True]
        _, memory = once(good)
        assert (memory.split, memory.learnt, memory.trouble) == (seen, NOON + 420, None)
    assert log.events == ["mirrored", "older", "older", "not mirrored", "split"]
    assert look(folder).archive is not None


def size(archive: Mapping[str, bytes]) -> int:
    return int(archive["checkpoint"].split(b"\n")[1])


def is_running(mirror: PartyMirror) -> bool:
    return mirror._thread is not None and mirror._thread.is_alive()


class Waits(threading.Event):
    """Nobody waits; how long was asked for is kept."""

    def __init__(self, waited: list[float | None], *, stops: bool = False) -> None:
        super().__init__()
        self.waited, self.stops = waited, stops

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if self.stops:
            self.set()
        return self.is_set()


def test_another_corridor_and_spoilt_files_are_refused_and_the_next_run_is_well(tmp_path: Path) -> None:
    stage, stranger = Stage("party"), Stage("somebody else")
    shown = dict(public(stage))
    folder, log, clock = tmp_path / "party", Log(), FixedClock(NOON)
    with serving(files(shown)) as served:
        mirror = mirror_of(folder, new(folder, served.url, stage), log, clock)
        shown.update(public(stranger))
        mirror.once()
        assert mirror.memory.trouble is not None
        assert mirror.memory.trouble.kind == "Disproved"
        assert look(folder).is_pressing(NOON)
        assert look(folder).archive is None
        shown.update(public(stage))
        mirror.once()
        assert mirror.memory == MirrorMemory(NOON, NOON)


def test_a_defect_ends_a_run_and_not_the_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, log = Stage("party"), Log()
    monkeypatch.setattr(party_mirror, "SHORTEST_S", 0.01)
    with serving(files(public(stage))) as served:
        folder = tmp_path / "party"
        mirror = mirror_of(folder, new(folder, served.url, stage), log, FixedClock(NOON))

        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patched:
            patched.setattr(party_mirror, "mirror", broken)
            mirror.start()
            soon(lambda: log.events == ["not mirrored"])
            assert "a defect of safeconduct: ZeroDivisionError in " in log.said[0]["said"]
        mirror.wake()
        soon(lambda: log.events == ["not mirrored", "mirrored"])
        mirror.stop()
        assert not is_running(mirror)


def test_a_memory_that_cannot_be_read_or_written_stops_nothing(tmp_path: Path) -> None:
    stage, log = Stage("party"), Log()
    with serving(files(public(stage))) as served:
        folder = tmp_path / "party"
        mirror = mirror_of(folder, new(folder, served.url, stage), log, FixedClock(NOON))
        (folder / MIRRORED).write_text("nonsense\n")
        assert look(folder).unread is not None
        mirror.start()
        soon(lambda: log.events == ["not mirrored", "mirrored"])
        mirror.stop()
        assert MirrorMemory.read(folder / MIRRORED) == MirrorMemory(NOON, NOON)
        (folder / MIRRORED).unlink()
        (folder / MIRRORED).mkdir()
        mirror.once()
        assert log.events[-1] == "not remembered"


def test_who_asks_to_be_left_alone_is_and_an_hour_at_most(tmp_path: Path) -> None:
    stage, log = Stage("party"), Log()
    folder = tmp_path / "party"
    with serving(files(public(stage))) as served:
        corridor = new(folder, served.url, stage)
    with serving(lambda *_: Reply(b"", 503, {"Retry-After": "999999"})) as served:
        asked = Corridor(served.url, corridor.identifier)
        assert mirror_of(folder, asked, log, FixedClock(NOON)).once() == (False, 999_999)
        waited = list[float | None]()
        mirror = PartyMirror(
            folder, asked, FixedClock(NOON), log,
            _stopped=Waits(waited, stops=True), _woken=Waits(waited),
        )  # fmt: skip
        mirror._run()
        assert waited == [LONGEST_LEFT_ALONE_S, 0]


def test_a_new_head_ends_the_pause_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(party_mirror, "SHORTEST_S", 0.01)
    stage, folder = Stage("party"), tmp_path / "party"
    with serving(files(public(stage))) as served:
        corridor = new(folder, served.url, stage)
        before = served.asked.count("checkpoint")
        mirror = mirror_of(folder, corridor, Log(), FixedClock(NOON))
        mirror.start()
        for runs in (1, 2, 3):
            soon(lambda runs=runs: served.asked.count("checkpoint") == before + runs, 4)  # type: ignore[misc]
            soon(lambda: mirror.memory.asked == NOON)
            time.sleep(0.3)
            assert served.asked.count("checkpoint") == before + runs, "it pauses for five seconds"
            mirror.wake()
        mirror.stop()


def test_a_run_that_stalls_does_not_hold_up_the_end(tmp_path: Path) -> None:
    stage, log, asked, held = Stage("party"), Log(), threading.Event(), threading.Event()

    def answer(path: str, sent: object) -> Reply | None:
        if path == "checkpoint" and stalls:
            asked.set()
            held.wait(10)
        return files(public(stage))(path, {})

    stalls = list[bool]()
    with serving(answer) as served:
        folder = tmp_path / "party"
        mirror = mirror_of(folder, new(folder, served.url, stage), log, FixedClock(NOON))
        stalls.append(True)
        mirror.start()
        assert asked.wait(10)
        started = time.monotonic()
        mirror.stop()
        assert time.monotonic() - started < 1.5
        held.set()
        soon(lambda: not is_running(mirror))


def test_somebody_must_act_once_nothing_was_learnt_for_longer_than_any_pause(tmp_path: Path) -> None:
    stage, clock = Stage("party"), FixedClock(NOON)
    folder = tmp_path / "party"
    with serving(files(public(stage))) as served:
        mirror = mirror_of(folder, new(folder, served.url, stage), Log(), clock)
        mirror.once()
    clock.seconds += 60
    mirror.once()
    seen = look(folder)
    assert seen.memory.trouble is not None
    assert seen.overdue_since(NOON + OVERDUE_S) is None
    assert seen.overdue_since(NOON + OVERDUE_S + 1) == NOON
    assert seen.is_pressing(NOON), "it is not served"
    assert not seen.is_served


times = st.none() | st.integers(0, 2**40)
words = st.text(max_size=600)
troubles = st.builds(Trouble, words, words, st.integers(0, 2**40))
splits = st.builds(
    Split, st.integers(0, 2**40), st.integers(0, 2**40), st.text("0123456789abcdef"),
    st.lists(st.text("abc/-"), max_size=3).map(tuple),
)  # fmt: skip


@given(st.builds(MirrorMemory, times, times, st.none(), st.none() | splits), words, st.integers(0, 2**40))
def test_what_is_remembered_is_what_is_read_whatever_words_were_sent(
    tmp_path_factory: pytest.TempPathFactory, memory: MirrorMemory, said: str, now: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "mirrored"
    troubled = memory.troubled("Unavailable", said, now)
    for one in (memory, troubled):
        one.keep(path)
        assert MirrorMemory.read(path) == one
    assert troubled.trouble is not None
    assert troubled.trouble.said.isascii()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"asked":null,"learnt":"x","split":null,"trouble":null}', "1", '{"asked":1}'],
)  # fmt: skip
def test_any_other_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mirrored").write_text(f"{text}\n")
    with pytest.raises(Malformed) as refused:
        MirrorMemory.read(tmp_path / "mirrored")
    assert isinstance(refused.value, SafeconductError)
