"""Witnesses over HTTP: honest, down, slow, lying, refusing, endless. Whatever they do, the log goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, BinaryIO

import pytest

from safeconduct.adapters.keys import Ed25519Key
from safeconduct.adapters.witness_client import WitnessClient
from safeconduct.adapters.witnesses import Pace, Witnesses
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import verify_cosignature
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Listed
from safeconduct.service.asking import Growing, is_enough
from safeconduct.service.rollback import History, own_head
from safeconduct.sim.stage import Stage
from tests.http_server import Reply
from tests.witness_server import (
    SIZE,
    PlayedWitness,
    answering,
    drip,
    drip_headers,
    endless,
    endless_headers,
    note_in,
    stall,
    writing,
)

LIMIT_S = 0.4
SLACK_S = 1.0
PACE = Pace(round_s=1.0, grace_s=0.2, first_pause_s=0.05, longest_pause_s=0.2, look_s=60.0)


@pytest.fixture
def stage() -> Stage:
    return Stage(watching=False)


@pytest.fixture
def played(stage: Stage) -> Iterator[list[PlayedWitness]]:
    """The witnesses of the founding record, over HTTP."""
    made = [
        PlayedWitness(one.verifier, one.key, stage.log_key, now=stage.clock.now) for one in stage.witnesses
    ]
    with answering(*made):
        yield made


Connect = Callable[..., WitnessClient]


@pytest.fixture
def client_of() -> Iterator[Connect]:
    """Clients, each closed in the end."""
    made: list[WitnessClient] = []

    def connect(stage: Stage, witness: PlayedWitness, limit_s: float = LIMIT_S) -> WitnessClient:
        listed = Listed(witness.verifier.name, witness.verifier, witness.url)
        made.append(WitnessClient.of(listed, stage.log_key, stage.clock, limit_s=limit_s))
        return made[-1]

    yield connect
    for one in made:
        one.http.close()


def grown(stage: Stage) -> Growing:
    """A head of one more entry, with the log's signature alone."""
    stage.hand("mission/officer").record("offered", clear={"leaf": "0" * 64})
    stage.publish()
    growing = Growing.of(stage.log)
    return replace(growing, note=Note(growing.note.text, growing.note.lines_of(stage.log_key)))


def good(stage: Stage, witness: PlayedWitness, line: Signature, growing: Growing) -> bool:
    now = stage.clock.now()
    return verify_cosignature(growing.note.text, witness.verifier, line) == now


# One


def test_head_after_head_is_cosigned_with_one_question_each(
    client_of: Connect, stage: Stage, played: list[PlayedWitness]
) -> None:
    client = client_of(stage, played[0])
    for _ in range(3):
        growing = grown(stage)
        assert good(stage, played[0], client.cosign(growing), growing)
        assert client.last == growing.size
    assert len(played[0].asked) == 3
    assert good(stage, played[0], client.cosign(growing), growing), "the same once more"


def test_after_a_restart_the_size_is_what_it_says_or_shows(
    client_of: Connect, stage: Stage, played: list[PlayedWitness]
) -> None:
    before = grown(stage)
    client_of(stage, played[0]).cosign(before)
    growing = grown(stage)
    played[0].asked.clear()
    assert good(stage, played[0], client_of(stage, played[0]).cosign(growing), growing)
    assert [body.split(b"\n")[0] for body in played[0].asked] == [
        b"old 0",
        f"old {before.size}".encode(),
    ]
    again = client_of(stage, played[0])
    note = again.shown()
    assert note is not None
    assert own_head(note, stage.log_key, where="").size == again.last == growing.size
    assert client_of(stage, played[1]).shown() is None, "it never cosigned"


def lines_of(make: Callable[[Stage, PlayedWitness, Note], list[Signature]]) -> Any:
    """A witness that answers 200 with these lines."""

    def told(stage: Stage, witness: PlayedWitness) -> Callable[[bytes], Reply]:
        return lambda body: Reply("".join(map(str, make(stage, witness, note_in(body)))).encode())

    return told


def says(status: int, body: bytes = b"no\n", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: lambda _: Reply(body, status, named)


def other_key(_: Stage, witness: PlayedWitness, note: Note) -> list[Signature]:
    """Of its name, by another key."""
    key = Ed25519Key(b"\7" * 32)
    verifier = VerifierKey.of(witness.verifier.name, KeyType.COSIGNATURE, key.public_key)
    return [replace(witness, verifier=verifier, key=key).line(note)]


def broken(_: Stage, witness: PlayedWitness, note: Note) -> list[Signature]:
    line = witness.line(note)
    return [replace(line, blob=line.blob[:-1] + bytes([line.blob[-1] ^ 1]))]


LIES = {
    "another's line": lines_of(other_key),
    "a bad signature": lines_of(broken),
    "of the time 0": lines_of(
        lambda _, witness, note: [replace(witness.line(note), blob=bytes(8) + witness.line(note).blob[8:])]
    ),
    "of a time ahead": lines_of(lambda stage, witness, note: [witness.line(note, stage.clock.now() + 301)]),
    "over another head": lines_of(
        lambda stage, witness, _: [
            witness.line(Note(Checkpoint(stage.log_key.name, 1, b"\1" * 32).print(), ()))
        ]
    ),
    "the log's own line": lines_of(lambda stage, _, note: list(note.lines_of(stage.log_key))),
    "65 lines": lines_of(lambda _, witness, note: [witness.line(note)] * 65),
    "nothing": says(200, b""),
    "no lines": says(200, b"thanks\n"),
    "not text": says(200, b"\xff\x00\n"),
    "two blank lines": says(200, b"\n\n"),
    "a page": says(200, b"<html>" * 1000),
    "too long": says(200, b"x" * 70_000),
    "malformed": says(400),
    "another's log": says(404),
    "an unknown key": says(403),
    "not growing": says(422),
    "elsewhere": says(302, Location="http://127.0.0.1:1/"),
    "busy": says(503, Retry_After="7"),
    "nonsense": says(999),
    "409 without a size": says(409, b""),
    "409 of another type": says(409, b"1\n"),
    "409 with words": says(409, b"one\n", **SIZE),
    "409 with a sign": says(409, b"+1\n", **SIZE),
    "409 with no end": says(409, b"1", **SIZE),
    "409 far beyond": says(409, b"9" * 4000 + b"\n", **SIZE),
    "409 beyond ours": says(409, b"1000\n", **SIZE),
    "409 for ever": says(409, b"1\n", **SIZE),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_cosignature_of_its_key_over_this_head_is_one_of_our_errors(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], lie: str
) -> None:
    client, growing = client_of(stage, played[0]), grown(stage)
    played[0].play = LIES[lie](stage, played[0])
    with pytest.raises((Malformed, Disproved, Unavailable, Conflict)) as caught:
        client.cosign(growing)
    (fault,) = caught.value.faults
    assert fault.next_step
    assert played[0].verifier.name in fault.where or "add-checkpoint" in fault.where
    assert len(played[0].asked) <= 2
    assert isinstance(caught.value, Conflict) == (
        lie in ("not growing", "409 beyond ours", "409 of another type", "409 without a size")
    )
    assert client.wait_s == (7 if lie == "busy" else 0)
    played[0].play = None
    assert good(stage, played[0], client.cosign(growing), growing), "and the next answer counts"


SLOW = {
    "drips": drip,
    "drips headers": drip_headers,
    "is endless": endless,
    "has endless headers": endless_headers,
    "stalls": stall,
    "hangs up": lambda _: None,
    "speaks something else": lambda out: out.write(b"SSH-2.0-OpenSSH_9.6\r\n") and None,
    "breaks off": lambda out: out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n-") and None,
}


@pytest.mark.parametrize("how", SLOW)
def test_an_answer_is_given_up_in_time(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], how: str
) -> None:
    client, growing = client_of(stage, played[0]), grown(stage)
    played[0].play = played[0].show = writing(SLOW[how])
    for act in (lambda: client.cosign(growing), client.shown):
        start = time.monotonic()
        with pytest.raises(SafeconductError):
            act()
        assert time.monotonic() - start < LIMIT_S + SLACK_S


def test_a_connection_that_was_closed_meanwhile_is_opened_again(
    client_of: Connect, stage: Stage, played: list[PlayedWitness]
) -> None:
    client = client_of(stage, played[0])

    def closes(body: bytes) -> Reply:
        """Without having said so."""
        answer = played[0].honest(body).body
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)

        def write(out: BinaryIO) -> None:
            out.write(whole)

        return Reply(write=write)

    played[0].play = closes
    for _ in range(3):
        growing = grown(stage)
        assert good(stage, played[0], client.cosign(growing), growing)
        time.sleep(0.05)
    assert len(played[0].asked) == 3


def test_an_address_that_is_none_is_refused(stage: Stage) -> None:
    key = stage.witnesses[0].verifier
    for url in ("ftp://w.example/", "https://u:p@w.example/", "https://w.example/?a", "here"):
        with pytest.raises(Malformed, match="no address of a witness"):
            WitnessClient.of(Listed("w", key, url), stage.log_key, stage.clock)


# What it shows


def signed(stage: Stage, size: int, root: bytes = b"\1" * 32) -> bytes:
    text = Checkpoint(stage.log_key.name, size, root).print()
    return Note(text, (sign_note(text, stage.log_key, stage.key("log")),)).print().encode()


@pytest.mark.parametrize(
    "shown", [b"", b"rubbish", b"x" * 300_000, b"other log"], ids=["nothing", "rubbish", "long", "other"]
)
def test_what_our_key_did_not_sign_is_never_shown(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], shown: bytes
) -> None:
    content = Stage("other", watching=False).head() if shown == b"other log" else shown
    played[0].show = lambda: Reply(content)
    client = client_of(stage, played[0])
    with pytest.raises(SafeconductError):
        client.shown()
    assert client.last == 0


# All of them


def enough(stage: Stage, growing: Growing) -> Callable[[Any], bool]:
    return lambda lines: is_enough(stage.log.policy, growing.note, lines)


class Woken:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1

    def until(self, count: int) -> None:
        soon(lambda: self.times >= count)


def soon(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def asking(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], woken: Woken
) -> Iterator[Witnesses]:
    made = Witnesses([client_of(stage, one) for one in played], wake=woken, pace=PACE)
    yield made
    made.stop()


def names(lines: list[Signature]) -> list[str]:
    return [line.name for line in lines]


def test_all_are_asked_and_all_lines_come_together(
    stage: Stage, played: list[PlayedWitness], asking: Witnesses, woken: Woken
) -> None:
    asking.first_look()
    for _ in range(3):
        growing = grown(stage)
        lines = asking.cosigned(growing, enough(stage, growing))
        assert names(lines) == [one.verifier.name for one in played]
    assert woken.times == 0, "nothing came late"
    assert asking.errors() == {}
    assert asking.cosigned(growing, enough(stage, growing)) == lines
    assert {len(one.asked) for one in played} == {3}, "nobody is asked twice for one head"


@pytest.mark.parametrize("how", [*SLOW, "is down", "another's line", "an unknown key", "not growing"])
def test_one_that_fails_keeps_nobody_from_their_quorum(
    stage: Stage, played: list[PlayedWitness], asking: Witnesses, woken: Woken, how: str
) -> None:
    bad = played[2]
    asking.first_look()
    match how:
        case "is down":
            asking._asked[2].client.http.close()
            asking._asked[2].client.http.address = asking._asked[2].client.http.address._replace(port=1)
        case _ if how in SLOW:
            bad.play = writing(SLOW[how])
        case _:
            bad.play = LIES[how](stage, bad)
    start = time.monotonic()
    growing = grown(stage)
    lines = asking.cosigned(growing, enough(stage, growing))
    assert names(lines) == [one.verifier.name for one in played[:2]]
    assert time.monotonic() - start < PACE.grace_s + 0.6, "the slow one is not waited for"
    soon(lambda: bad.verifier.name in asking.errors())
    played[2].play = None
    asking._asked[2].client.http.address = asking._asked[1].client.http.address._replace(
        port=int(bad.url.split(":")[2].strip("/"))
    )
    woken.until(1)
    lines = asking.cosigned(growing, enough(stage, growing))
    assert names(lines) == [one.verifier.name for one in played], "by itself it was asked again"
    assert asking.errors() == {}


def test_without_a_quorum_a_round_ends_once_nobody_is_asked_any_more(
    stage: Stage, played: list[PlayedWitness], asking: Witnesses
) -> None:
    asking.first_look()
    for one in played[1:]:
        one.play = says(503, Retry_After="60")()
    growing = grown(stage)
    start = time.monotonic()
    assert names(asking.cosigned(growing, enough(stage, growing))) == [played[0].verifier.name]
    assert time.monotonic() - start < 0.7
    counts = [len(one.asked) for one in played]
    growing = grown(stage)
    start = time.monotonic()
    assert len(asking.cosigned(growing, enough(stage, growing))) == 1
    assert time.monotonic() - start < 0.7
    time.sleep(3 * PACE.longest_pause_s)
    assert [len(one.asked) for one in played] == [counts[0] + 1, *counts[1:]], "they asked to be left alone"


def test_without_a_quorum_a_round_ends_at_its_limit(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], woken: Woken
) -> None:
    for one in played[1:]:
        one.play = writing(stall)
    slow = Witnesses([client_of(stage, one, 5.0) for one in played], wake=woken, pace=PACE)
    try:
        slow.first_look()
        growing = grown(stage)
        start = time.monotonic()
        assert len(slow.cosigned(growing, enough(stage, growing))) == 1
        assert 0.9 < time.monotonic() - start < PACE.round_s + 0.7
    finally:
        start = time.monotonic()
        slow.stop()
        assert time.monotonic() - start < 1.5, "what is being asked is cut short"


def test_one_that_fails_is_left_alone_each_time_for_longer(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], woken: Woken
) -> None:
    times: list[float] = []

    def refuse(_: bytes) -> Reply:
        times.append(time.monotonic())
        return Reply(b"no\n", 403)

    played[0].play = refuse
    pace = replace(PACE, first_pause_s=0.05, longest_pause_s=0.4)
    one = Witnesses([client_of(stage, played[0])], wake=woken, pace=pace)
    growing = grown(stage)
    assert one.cosigned(growing, enough(stage, growing)) == []
    soon(lambda: len(times) >= 6)
    one.stop()
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[0] >= 0.05
    assert gaps[1] >= 0.1
    assert gaps[2] >= 0.2
    assert all(gap >= 0.4 for gap in gaps[3:])


def history(stage: Stage, asking: Witnesses) -> History:
    return History(stage.log_key, asking.sources, lambda: stage.log.size, stage.log.root_at)


def test_one_that_shows_a_head_of_ours_that_we_do_not_have_stops_the_signing(
    stage: Stage, played: list[PlayedWitness], asking: Witnesses, woken: Woken
) -> None:
    asking.first_look()
    history(stage, asking).check()
    played[1].play = says(409, b"1000\n", **SIZE)()
    growing = grown(stage)
    asking.cosigned(growing, enough(stage, growing))
    soon(lambda: played[1].looked >= 2)
    history(stage, asking).check()  # its word alone stops nobody
    assert "its word alone" in str(asking.errors()[played[1].verifier.name])
    played[1].show = lambda: Reply(signed(stage, 1000))
    before = woken.times
    woken.until(before + 1)
    with pytest.raises(Disproved, match="older than what this log has signed") as caught:
        history(stage, asking).check()
    assert played[1].verifier.name in caught.value.faults[0].where


@pytest.mark.parametrize("what", ["larger", "other root", "rubbish", "another log's", "stalls"])
def test_what_is_shown_at_the_start_is_looked_at_first(
    client_of: Connect, stage: Stage, played: list[PlayedWitness], woken: Woken, what: str
) -> None:
    size = stage.log.size
    match what:
        case "larger":
            played[0].show = lambda: Reply(signed(stage, size + 1))
        case "other root":
            played[0].show = lambda: Reply(signed(stage, size))
        case "rubbish":
            played[0].show = lambda: Reply(b"rubbish")
        case "another log's":
            other = Stage("other", watching=False).head()
            played[0].show = lambda: Reply(other)
        case _:
            played[0].show = writing(stall)
    made = Witnesses([client_of(stage, one) for one in played], wake=woken, pace=PACE)
    try:
        start = time.monotonic()
        made.first_look(2.0)
        assert time.monotonic() - start < LIMIT_S + SLACK_S
        if what in ("larger", "other root"):
            with pytest.raises(Disproved):
                history(stage, made).check()
        else:
            history(stage, made).check()
            assert played[0].verifier.name in made.errors()
    finally:
        made.stop()


def test_a_defect_of_ours_ends_no_thread(
    stage: Stage, played: list[PlayedWitness], asking: Witnesses
) -> None:
    asking.first_look()
    growing = grown(stage)

    def fails(_: int) -> list[bytes]:
        raise ZeroDivisionError("private")

    asking.cosigned(replace(growing, prove=fails), enough(stage, growing))
    assert "defect of safeconduct: ZeroDivisionError" in str(asking.errors()[played[0].verifier.name])
    after = grown(stage)
    soon(lambda: len(asking.cosigned(after, enough(stage, after))) == 3)
