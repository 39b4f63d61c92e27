"""A corridor is closed, and a consent ends, from a seat's own archive; and what still works afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safeconduct.adapters.keys import write_key
from safeconduct.service.sequence import Submission
from safeconduct.sim.stage import SEATS, Stage, corridor_file
from tests.cli.recovery_scene import Running, running, shell
from tests.cli.test_cli_corridor import Shell
from tests.http_server import files, serving

__all__ = ["running", "shell"]


@pytest.fixture
def seats(running: Running, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Each seat's root, and orva's fresh archive."""
    monkeypatch.chdir(running.base)
    for seat in SEATS:
        write_key(Path(f"{seat}.jwk"), running.stage.key(f"{seat}/root"))
    taken(running, shell)
    return running


def taken(running: Running, shell: Shell) -> None:
    assert shell("export", "dir", "ours", "--for", "orva") == 0, shell.err
    running.stage.log.settle()


def hand_in(running: Running, name: str) -> None:
    """As the API does; simulated corridors want to be told that they are."""
    body: dict[str, Any] = json.loads(Path(name).read_bytes())
    assert (body["disclosures"], body["nature"]) == ([], "simulated")
    running.stage.log.submit([Submission(body["record"].encode())])


PROPOSE = ("close", "ours", "--root", "mission.jwk", "--reason", "agreed", "--kept-by", "orva")


def test_a_closing_is_counted_proposed_agreed_to_and_in_force(seats: Running, shell: Shell) -> None:
    said = shell.document(*PROPOSE, "--runs-on", "answers", "--out", "closing.json")
    assert sum(one["count"] for one in said["counts"]) == seats.stage.store.size()
    assert (said["kind"], said["signer"], said["path"]) == ("closing", "mission/root", "closing.json")
    hand_in(seats, "closing.json")
    taken(seats, shell)
    (closing,) = shell.document("audit", "ours")["closings"]
    assert closing["since"] is None
    assert {one["kind"]: one["count"] for one in said["counts"]} == closing["counts"]
    agreed = ("consent", "ours", closing["entry"], "--root", "orva.jwk", "--corridor", seats.stage.cor)
    assert shell(*agreed, "--out", "consent.json") == 0, shell.err
    assert "A closing is proposed by record" in shell.out
    hand_in(seats, "consent.json")
    taken(seats, shell)
    document = shell.document("audit", "ours")
    assert document["closings"][0]["since"] is not None
    assert shell(*agreed, "--out", "again.json") == 4
    assert shell(*PROPOSE, "--out", "again.json") == 4
    assert "this log is closed since record" in shell.err
    assert not Path("again.json").exists()


def test_who_proposed_an_end_and_thinks_otherwise_refuses_it(seats: Running, shell: Shell) -> None:
    stage = seats.stage
    closing = stage.index_of(stage.propose_closing())
    taken(seats, shell)
    words = ("consent", "ours", closing, "--root", "mission.jwk", "--refuse", "not-yet", "--out", "no.json")
    assert shell.document(*words)["kind"] == "refusal"
    hand_in(seats, "no.json")
    taken(seats, shell)
    (told,) = shell.document("audit", "ours")["closings"]
    assert any("The mission" in line and "reason not-yet" in line for line in told["consents"]), told


def test_nothing_is_signed_that_the_record_contradicts(seats: Running, shell: Shell) -> None:
    stage = seats.stage
    closing = stage.propose_closing(clear={"counts": [{"kind": "founding", "count": 1}]})
    stage.publish()
    taken(seats, shell)
    words = ("consent", "ours", stage.index_of(closing), "--root", "orva.jwk", "--out", "consent.json")
    said = shell.document(*words, code=1)
    assert set(said["findings"]) == {"closing.counts"}
    assert shell(*words) == 1
    assert "nothing was signed" in shell.out
    assert not Path("consent.json").exists()


def test_a_consent_is_given_for_a_term_and_ended_by_its_seat_or_by_time(seats: Running, shell: Shell) -> None:
    stage = seats.stage
    past = "2020-01-01"
    given = ("consent", "ours", 0, "--root", "orva.jwk", "--until")
    assert shell(*given, past, "--out", "joins.json") == 0, shell.err
    hand_in(seats, "joins.json")
    consent = stage.store.size() - 1
    taken(seats, shell)
    ended = ("consent", "ours", consent, "--end", "--runs-on", "answers")
    said = shell.document(*ended, "--root", "tessin.jwk", "--out", "lapse.json")
    assert (said["kind"], said["signer"]) == ("lapse", "tessin/root")
    hand_in(seats, "lapse.json")
    taken(seats, shell)
    assert any("lapsed by record" in line for line in shell.document("audit", "ours")["consents"])
    assert shell(*given, "2090-01-01", "--out", "again.json") == 0
    hand_in(seats, "again.json")
    consent = stage.store.size() - 1
    taken(seats, shell)
    others = ("consent", "ours", consent, "--end", "--root", "tessin.jwk", "--out", "no.json")
    assert shell(*others) == 2
    assert "no consent of tessin/root" in shell.err
    own = ("consent", "ours", consent, "--end", "--root", "orva.jwk", "--out", "ends.json")
    assert shell.document(*own)["kind"] == "withdrawal"
    hand_in(seats, "ends.json")
    taken(seats, shell)
    document = shell.document("audit", "ours")
    assert document["findings"] == []
    assert any("withdrew its consent" in line for line in document["consents"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("consent ours 0 --root mission.jwk --out x --until soon", "is not a day"),
        ("consent ours 0 --root mission.jwk --out x --runs-on a", "Give it with --end"),
        ("consent ours 0 --root mission.jwk --out x --end --until 2030-01-01", "only a consent has a term"),
        (
            "consent ours 0 --root mission.jwk --out x --refuse a --until 2030-01-01",
            "only a consent has a term",
        ),
        ("consent ours 0 --root mission.jwk --out x --refuse a --end", "one record does one of them"),
        ("consent ours 0 --root mission.jwk --out x --refuse Ä", "is no code"),
        (
            "consent ours 0 --root mission.jwk --out x --end --runs-on Ä --runs-on a --runs-on a",
            "stands twice",
        ),
        ("consent ours -1 --root mission.jwk --out x", "no entry has such a number"),
        ("consent ours 999 --root mission.jwk --out x", "this archive has"),
        ("consent ours 1 --root mission.jwk --out x", "proposes nothing"),
        ("consent ours 0 --root mission.jwk --out x --end", "no consent of mission/root"),
        ("consent ours 0 --root officer.jwk --out x", "not the root key of a seat"),
        ("consent ours 0 --root stranger.jwk --out x", "not the root key of a seat"),
        ("consent ours 0 --root mission.jwk --out x --corridor beef", "--corridor"),
        ("close ours --root mission.jwk --out x --reason A --kept-by a=b=c", "says no archive"),
        (
            "close ours --root mission.jwk --out x --reason a --kept-by a --runs-on b --runs-on b",
            "stands twice",
        ),
        (
            "close ours --root mission.jwk --out x --reason a --kept-by a=https://b.example/",
            "says no archive",
        ),
    ],
)
def test_what_cannot_be_signed_says_why(seats: Running, shell: Shell, words: str, says: str) -> None:
    for name in ("mission/officer", "stranger"):
        write_key(Path(f"{name.rpartition('/')[2]}.jwk"), seats.stage.key(name))
    assert shell(*words.split()) == 2
    assert says in shell.err
    assert not Path("x").exists()


def test_an_archive_that_is_not_sound_or_whose_head_nobody_cosigned_is_not_signed_from(
    seats: Running, shell: Shell
) -> None:
    assert shell(*PROPOSE, "--out", "x", "--corridor", "ab" * 32) == 3
    head = Path("ours/checkpoint")
    alone = b"\n".join(head.read_bytes().split(b"\n")[:5]) + b"\n"
    head.write_bytes(alone)
    assert shell(*PROPOSE, "--out", "x") == 5
    assert "has no quorum of witnesses" in shell.err
    assert not Path("x").exists()
    assert shell("consent", "ours", 0, "--root", "orva.jwk", "--out", "unseen.json") == 0


def test_a_closed_log_is_mirrored_exported_copied_rebuilt_and_succeeded(seats: Running, shell: Shell) -> None:
    stage = seats.stage
    stage.close()
    seats.published()
    size = stage.store.size()
    assert shell("export", "dir", "public.zip", "--for", "public") == 0
    taken(seats, shell)
    last = stage.store.size()
    assert size <= last <= size + 2
    taken(seats, shell)
    assert stage.store.size() == last, "what was told once needs no other record"
    assert shell("audit", "ours", "--corridor", stage.cor) == 0
    assert f"Closed by record {stage.log.closed_from}, on " in shell.out
    assert shell("audit", "ours", "--html", "report.html") == 0
    assert "Closed by record" in Path("report.html").read_text(encoding="utf-8")
    with serving(files(stage.archive("orva").files)) as served:
        assert shell("mirror", served.url, "mirrored", "--corridor", stage.cor) == 0, shell.err
    assert shell("audit", "mirrored") == 0
    seats.backed_up(shell)
    assert shell("restore", "a/log.db", "restored", "--vault", "b/vault.db", "--keys", "c/keys") == 0, (
        shell.err
    )
    assert shell("rebuild", "ours", "rebuilt", "--keys", "c/keys") == 0, shell.err
    for folder in ("restored", "rebuilt"):
        assert shell("export", folder, f"{folder}-archive", "--for", "orva") == 0, shell.err
        assert shell("audit", f"{folder}-archive") == 0
        assert "Closed by record" in shell.out
    draft = ("succeed", "dir", "new", "--origin", "second.example", "--cause", "goes.on", "--archive", "ours")
    assert shell(*draft) == 0, shell.err
    agreed = ("succeed", "agree", "new/succession.json", "ours", "--seat", "orva", "--root", "orva.jwk")
    assert shell(*agreed, "--out", "orva.consent") == 0, shell.err
    begin = ("succeed", "dir", "new", "--root", "mission.jwk", "--consent", "orva.consent")
    assert shell(*begin) == 0, shell.err
    assert shell("export", "new", "new-archive", "--for", "orva") == 0, shell.err
    assert shell("audit", "new-archive", "--predecessor", "ours", "--corridor", stage.cor) == 0, shell.out


WORDS = """
[[undertakings]]
id = "visits"
who = ["orva"]
says = "Families may visit the graves."
source = { from = "proposed" }

[[deadlines]]
id = "answers"
about = "questions are answered"
who = ["mission"]
within = "30 d"
source = { from = "proposed" }
"""


def test_what_runs_on_in_the_agreements_own_words_is_told_in_these() -> None:
    stage = Stage(agreement=corridor_file("agreement.toml") + WORDS)
    stage.close(clear={"runs_on": ["visits", "answers", "road"]})
    (closing,) = stage.audit().closings
    assert closing.runs_on == (
        "visits (Families may visit the graves.)",
        "answers (questions are answered)",
        "road",
    )
