"""Facts in, lines out: each that is not ok ends with what to do."""

from __future__ import annotations

import pytest

from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.tlog.policy import Policy
from safeconduct.service import checkup
from safeconduct.service.checkup import Line, State
from safeconduct.sim.stage import Stage

NOW = 1_772_000_000
DAY = 86_400


def clock(now: int, *, ahead: int = 0, kept: bool | None = True) -> Line:
    return checkup.clock(now, NOW, ahead_of_disk_s=ahead, is_synchronised=kept)


@pytest.mark.parametrize(
    ("line", "state", "says"),
    [
        (clock(NOW), "ok", "not behind"),
        (clock(NOW, kept=None), "ok", "not behind"),
        (clock(NOW - 3_600), "fail", "1 h behind the newest head"),
        (clock(NOW, ahead=6), "warn", "6 s from the clock of the disk"),
        (clock(NOW, kept=False), "warn", "nobody keeps it right"),
        (checkup.disk(2 * 2**30, 3), "ok", "2048 MiB free"),
        (checkup.disk(2**29, 3), "warn", "512 MiB"),
        (checkup.disk(2**20, 3), "fail", "1 MiB"),
        (checkup.disk(2**40, 900), "warn", "900 ms"),
        (checkup.keys(()), "ok", "log and service"),
        (checkup.keys((("others can read it", "chmod 600 it"),)), "fail", "others can read it"),
        (checkup.store("SQLite", (), ""), "ok", "SQLite"),
        (checkup.store("SQLite", ("synchronous is 1, not 2",), "restore"), "fail", "synchronous is 1"),
        (checkup.vault(7, 0), "ok", "7 disclosures"),
        (checkup.vault(0, 0), "ok", "nothing is sealed"),
        (checkup.vault(7, 2), "fail", "2 of 7"),
        (checkup.published(5, 5), "ok", "5 entries"),
        (checkup.published(5, 3), "warn", "its files 3"),
        (checkup.published(5, None), "warn", "its files none"),
        (checkup.witnesses(["orva/w"], {}, ()), "ok", "1 answer, and none shows"),
        (checkup.witnesses(["a/w", "b/w"], {"b/w": Unavailable("gone")}, ()), "warn", "1 answer; b/w: gone"),
        (checkup.witnesses([], {}, ["a/w"]), "warn", "0 answer; without an address: a/w"),
        (checkup.projections(None, 5, (), folder="d"), "ok", "none yet"),
        (checkup.projections(5, 5, (), folder="d"), "ok", "5 of 5"),
        (checkup.projections(5, 5, ("one",), folder="d"), "fail", "1 passages differ"),
        (checkup.never_backed_up(folder="d"), "warn", "ever made"),
        (checkup.backed_up(0, "monday.db", 4, 5, folder="d"), "ok", "1 s ago, monday.db with 4 of 5"),
        (checkup.backed_up(DAY, "monday.db", 4, 5, folder="d"), "ok", "1 d ago"),
        (checkup.backed_up(2 * DAY + 7_300, "monday.db", 4, 5, folder="d"), "warn", "2 d ago"),
        (checkup.backed_up(9 * DAY, "monday.db", 5, 5, folder="d"), "ok", "9 d ago, monday.db with 5 of 5"),
        (checkup.never_rehearsed(folder="d"), "warn", "ever tried"),
        (
            checkup.rehearsed(7_300, "monday.db", 3, folder="d"),
            "ok",
            "2 h ago, of monday.db; it would have lost 3",
        ),
        (checkup.rehearsed(8 * DAY, "monday.db", 0, folder="d"), "warn", "more than a week"),
        (
            checkup.rehearsed(8 * DAY, "monday.db", 0, folder="d", closed=True),
            "ok",
            "would have lost 0",
        ),
        (checkup.rehearsed(8 * DAY, "monday.db", 2, folder="d", closed=True), "warn", "more than a week"),
        (checkup.closing(17), "ok", "closed by record 17"),
        (
            checkup.witnesses(["a/w"], {"a/w": Unavailable("gone")}, (), at_rest=True),
            "ok",
            "0 answer; the log is",
        ),
        (checkup.failed("head", Unavailable("gone", where="x", next_step="Look")), "fail", "x: gone"),
        (checkup.failed("head", Unavailable("gone")), "fail", "gone"),
    ],
)
def test_each_line_says_what_it_found_and_what_to_do(line: Line, state: State, says: str) -> None:
    assert line.state == state
    assert says in line.said
    assert bool(line.fix) == (state != "ok")
    assert ("Next: " in str(line)) == (state != "ok")
    assert checkup.is_well([line]) == (state != "fail")


def test_since_when_no_head_has_its_quorum() -> None:
    stage = Stage("checkup")
    policy = Policy.parse(stage.founding.policy().encode())
    heads = stage.store.published()
    assert checkup.cosigned(heads, policy).state == "ok"
    alone = tuple(one for one in stage.store.committed() if one.size > 1)
    line = checkup.cosigned((*heads, *alone), policy)
    assert (line.state, line.said.count("since"), line.said.count("awaiting")) == ("warn", 4, 3)
    stage.witnesses[1].asleep = True
    stage.open_watches()
    stage.publish()
    line = checkup.cosigned(stage.store.published(), policy)
    assert line.state == "warn"
    assert line.said.startswith("the newest head has its quorum; awaiting orva.example/witness since ")
    line = checkup.cosigned(stage.store.published(), policy, closed=True)
    assert (line.state, line.said) == ("ok", "the last head has its quorum")
    alone = tuple(one for one in stage.store.committed() if one.size > 1)
    assert checkup.cosigned((*heads, *alone), policy, closed=True).state == "warn"
