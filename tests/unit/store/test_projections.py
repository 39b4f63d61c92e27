"""The stored fold: brought on, made anew, compared; each of its guards shown missing what it guards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeconduct.cli import projections as command
from safeconduct.cli.run import run
from safeconduct.core.kernel.errors import Conflict
from safeconduct.sim.stage import Stage
from safeconduct.store.folding import Step
from safeconduct.store.models import ProjectedPassage, ProjectedState
from safeconduct.store.projections import Projections, in_memory
from tests.databases import connected
from tests.postgres import Postgres
from tests.stories.told import evening, journey, under_way
from tests.web.served import founded


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        with in_memory() as found:
            yield found
        return
    server: Postgres = request.getfixturevalue("postgres")
    with connected(tmp_path, server.database()) as found:
        yield found


@pytest.fixture
def memory() -> Iterator[str]:
    with in_memory() as found:
        yield found


def projections_of(stage: Stage, alias: str) -> Projections:
    stage.publish()
    return Projections(stage.store, stage.founding, alias=alias)


def test_a_row_says_what_the_fold_of_its_passage_says(alias: str) -> None:
    stage = Stage()
    whole = journey(stage)
    out = under_way(stage)
    projections = projections_of(stage, alias)
    projections.update()
    rows = {row.psg: row for row in projections.rows()}
    assert rows.keys() == {whole.psg, out.psg}
    row = rows[whole.psg]
    assert (row.phase, row.traffic_class, row.direction) == ("exited", "humanitarian", "in")
    assert row.posts == ("north-gate", "south-gate")
    assert (row.rules, row.open) == ((), (("signed by fewer", "countersign.short"),))
    assert row.first < row.last < rows[out.psg].first
    assert rows[out.psg].phase == "on the road"
    assert ("undecidable", "pair.never_exited") in rows[out.psg].open  # no head covers it yet
    projections.close()


def test_what_was_stored_and_what_is_new_is_a_fold_from_nothing(alias: str) -> None:
    stage = Stage()
    projections = projections_of(stage, alias)
    for act in (
        lambda: under_way(stage),
        lambda: evening(stage),
        lambda: journey(stage),
        lambda: evening(stage),
    ):
        act()
        stage.publish()
        assert projections.update() > 0
        assert projections.compare() == []
    before = projections.rows()
    assert projections.rebuild() == 2
    assert projections.rows() == before
    assert projections.update() == 0
    projections.close()


def test_time_alone_turns_an_open_state_into_a_finding(memory: str) -> None:
    stage = Stage()
    under_way(stage)
    projections = projections_of(stage, memory)
    projections.update()
    assert projections.rows()[0].rules == ()
    stage.clock.advance(hours=70)
    stage.close_watches()
    stage.pass_time(days=1)
    projections.update()
    assert projections.rows()[0].rules == ("pair.never_exited",)
    assert projections.compare() == []


def test_a_revoked_keys_records_count_no_more(memory: str) -> None:
    stage = Stage()
    passage = under_way(stage)
    projections = projections_of(stage, memory)
    projections.update()
    stage.revoke(stage.hand("north-gate"))
    stage.publish()
    projections.update()
    assert projections.compare() == []
    assert {row.psg: row.phase for row in projections.rows()}[passage.psg] != "on the road"


def test_a_record_that_came_before_the_one_it_names_gets_its_passage_from_it(memory: str) -> None:
    stage = Stage()
    post = stage.hand("north-gate")
    post.offline = True
    passage = stage.declare()
    seen = passage.arrive()
    stage.hand("orva/liaison").record("countersign", clear={"of": seen.leaf, "verdict": "refuses"})
    projections = projections_of(stage, memory)
    projections.update()
    assert projections.rows()[0].rules == ()
    post.connect()
    stage.publish()
    projections.update()
    assert projections.rows()[0].rules == ("countersign.refused",)
    assert projections.compare() == []


def revoked(stage: Stage) -> None:
    stage.revoke(stage.hand("north-gate"))


def bounded(stage: Stage) -> None:
    """Nothing but heads, which say that the entry was not as late as its device told."""


@pytest.mark.parametrize(("guard", "act"), [("_rebounded", bounded), ("_judged_again", revoked)])
@pytest.mark.parametrize("on", [True, False])
def test_without_its_guards_the_stored_fold_is_not_one_from_nothing(
    memory: str, guard: str, act: Callable[[Stage], None], monkeypatch: pytest.MonkeyPatch, *, on: bool
) -> None:
    off = {"_rebounded": lambda step: step.before.size, "_judged_again": lambda _step, _ring: iter(())}
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    passage.arrive()
    passage.enter(iat=stage.clock.now() + 216_000, seen=None)
    passage.exit()
    with monkeypatch.context() as patched:
        if not on:
            patched.setattr(Step, guard, off[guard])
        projections = projections_of(stage, memory)
        projections.update()
        act(stage)
        evening(stage)
        projections.update()
    told = projections.compare()
    assert len(told) == (0 if on else 1)


def test_compare_names_a_row_that_somebody_changed_lost_or_added(memory: str) -> None:
    stage = Stage()
    one, two = journey(stage), journey(stage)
    projections = projections_of(stage, memory)
    projections.update()
    rows = ProjectedPassage.objects.using(memory)
    rows.filter(psg=one.psg).update(phase="refused")
    rows.filter(psg=two.psg).update(psg="0" * 32)
    told = projections.compare()
    assert len(told) == 3
    assert f"passage {'0' * 32}: stored Row(" in told[0]
    assert "from nothing nothing" in told[0]
    assert projections.rebuild() == 2
    assert projections.compare() == []


def test_of_two_who_fold_from_one_size_one_is_told(memory: str) -> None:
    stage = Stage()
    journey(stage)
    first, second = projections_of(stage, memory), projections_of(stage, memory)
    second.update(until=3)
    first.update(until=7)
    with pytest.raises(Conflict, match="another process folds"):
        second._step(3, 7)
    second.update()
    first.update()
    assert first.compare() == second.compare() == []


def test_tables_of_another_version_and_those_of_a_longer_log_are_made_anew(memory: str) -> None:
    stage = Stage()
    journey(stage)
    projections = projections_of(stage, memory)
    projections.update()
    ProjectedState.objects.using(memory).update(version=0)
    assert projections.rows() == ()
    assert projections.update() > 0
    ProjectedState.objects.using(memory).update(size=10_000)
    projections.update()
    assert projections.compare() == []
    assert len(projections.rows()) == 1


def test_the_command_makes_the_rows_and_compares_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    founded(tmp_path / "dir")
    commands = {"projections": command.__name__}
    assert run([], ["projections", "compare", str(tmp_path / "dir")], commands) == 0
    assert "✓ 1 passages" in capsys.readouterr().out
    assert run([], ["projections", "rebuild", str(tmp_path / "dir"), "--json"], commands) == 0
    assert '"differing": []' in capsys.readouterr().out
    ProjectedPassage.objects.using("projections").update(phase="refused")
    assert run([], ["projections", "compare", str(tmp_path / "dir")], commands) == 1
    assert "projections rebuild" in capsys.readouterr().out
