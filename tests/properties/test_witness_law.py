"""No sequence of requests, rivals, restarts and clocks makes a witness cosign two heads that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.witness_store import WitnessStore
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import verify_cosignature
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tree import root
from safeconduct.core.tlog.witness import Cosigned, Decision
from safeconduct.core.tlog.witness_request import Request, print_request
from safeconduct.service.witnessing import Witnessing
from tests.witness_scene import KEY, LOG, NOON, ORIGIN, TRUE, history, note_of, proof, request, signer

SIZE = 12
HISTORIES = (TRUE[:SIZE], *(history(f"parts at {n}", SIZE, parts_at=n) for n in (0, 3, 8)))
DECISION = Decision(KEY, signer(KEY.name), (LOG,))


@dataclass(slots=True)
class Interrupted(WitnessStore):
    """A memory in which somebody else may be first, between the decision and the commit."""

    meanwhile: Callable[[], object] | None = None

    def cosigned(self, before: Cosigned | None, now: Cosigned) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        WitnessStore.cosigned(self, before, now)


@cache
def begun() -> bytes:
    """The memory of a witness that has cosigned nothing: made once, since each takes the disk's time."""
    with TemporaryDirectory() as folder:
        WitnessStore.create(Path(folder) / "witness.db", KEY)
        return (Path(folder) / "witness.db").read_bytes()


@dataclass
class Life:
    """One witness through its restarts, and every head that it let out of its hands."""

    path: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    out: list[tuple[int, Checkpoint]] = field(default_factory=list)
    opened: list[WitnessStore] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.write_bytes(begun())

    def start(self) -> Interrupted:
        """Another process on the same file; those before it were killed, or still run."""
        memory = Interrupted.open(self.path, KEY)
        memory._db.execute("PRAGMA synchronous=OFF")  # nobody pulls the plug here
        self.opened.append(memory)
        return memory

    def ask(self, memory: WitnessStore, data: bytes) -> int:
        answer = Witnessing(DECISION, memory, self.clock).add_checkpoint(data)
        if answer.status == 200:
            note = Request.parse(data).note
            (line,) = Note.parse(f"{note.text}\n{answer.body}".encode()).signatures
            self.out.append((verify_cosignature(note.text, KEY, line), Checkpoint.parse(note.text)))
        return answer.status


@contextmanager
def living() -> Iterator[Life]:
    with TemporaryDirectory() as folder:
        life = Life(Path(folder) / "witness.db")
        try:
            yield life
        finally:
            for memory in life.opened:
                memory.close()


def are_of_one_log(one: Checkpoint, other: Checkpoint) -> bool:
    return any(
        root(leaves[: one.size]) == one.root and root(leaves[: other.size]) == other.root
        for leaves in HISTORIES
    )


heads = st.tuples(st.sampled_from(HISTORIES), st.integers(0, SIZE))
"""A history, and how much of it."""
honest = heads.map(lambda head: (head, None, head[0]))
anything = st.tuples(heads, st.one_of(st.none(), st.integers(0, SIZE)), st.sampled_from(HISTORIES))
asked = st.one_of(honest, honest, anything)
"""A head, the old size (none: the right one), and whose proof."""
steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), asked),
        st.tuples(st.just("race"), st.tuples(asked, asked)),
        st.tuples(st.just("restart"), st.none()),
        st.tuples(st.just("clock"), st.integers(-50, 100)),
    ),
    min_size=1,
    max_size=16,
)


def written(memory: WitnessStore, what: tuple[tuple[list[bytes], int], int | None, list[bytes]]) -> bytes:
    (leaves, size), old, whose = what
    known = memory.last(ORIGIN)
    old = (0 if known is None else known.head.size) if old is None else old
    return print_request(old, proof(whose[:size], old), note_of(leaves, size))


def live(life: Life, what_happens: list[Any]) -> None:
    memory = life.start()
    for step, what in what_happens:
        match step:
            case "ask":
                life.ask(memory, written(memory, what))
            case "race":
                rival, (mine, theirs) = life.start(), what
                memory.meanwhile = partial(life.ask, rival, written(memory, theirs))
                life.ask(memory, written(memory, mine))
                memory.meanwhile = None
            case "restart":
                memory = life.start()
            case "clock":
                life.clock.seconds += what


@given(steps=steps)
@settings(max_examples=120, deadline=None)
def test_what_a_witness_cosigned_is_one_history(steps: list[Any]) -> None:
    with living() as life:
        live(life, steps)
    for (earlier, one), (later, other) in pairwise(life.out):
        assert (earlier <= later, one.size <= other.size) == (True, True)
    assert all(are_of_one_log(one, other) for (_, one), (_, other) in combinations(life.out, 2))


def test_the_law_sees_a_witness_that_forgot() -> None:
    """Two requests, and a memory that is begun again between them: what the law is there to exclude."""
    with living() as life:
        assert life.ask(life.start(), request(HISTORIES[0], 0, 9)) == 200
        life.path = life.path.with_name("begun again.db")
        life.path.write_bytes(begun())
        assert life.ask(life.start(), request(HISTORIES[3], 0, 9)) == 200
    (_, one), (_, other) = life.out
    assert not are_of_one_log(one, other)


@pytest.mark.parametrize("common", [0, 2])
def test_a_race_is_decided_anew_for_the_second(common: int) -> None:
    with living() as life:
        memory, rival = life.start(), life.start()
        assert life.ask(memory, request(HISTORIES[0], 0, common)) == 200
        memory.meanwhile = lambda: life.ask(rival, request(HISTORIES[0], common, 9))
        assert life.ask(memory, request(HISTORIES[2], common, 9)) == 409
    assert [head.size for _, head in life.out] == [common, 9]
