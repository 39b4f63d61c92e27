"""Each family of faults as rows of the table, as often as told."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.faults import calls, clocks, flips
from tests.faults.after import check
from tests.faults.processes import fresh
from tests.faults.scene import Scene, crowd
from tests.faults.served import Load, kill_at_random
from tests.faults.stopped_postgres import stopped
from tests.faults.table import Row
from tests.faults.writers import race
from tests.postgres import Postgres, binaries

_ROOT = Path(__file__).parents[2]
PHASES = {"start": "opening what a kill left", "commit": "commit", "follow": "files, erasure, projections"}


@contextmanager
def a_postgres() -> Iterator[Postgres | None]:
    """One of its own, to be stopped; None where there is none."""
    found = binaries()
    if found is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Postgres(found, folder)
    (folder / "data").mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        shutil.chown(folder / "data", "nobody")
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


Wanted = tuple[calls.Point, str]


def every_call(scene: Scene, killed: Path) -> list[Wanted]:
    """All calls of all phases, in every way that makes sense."""
    found = [point for phase in PHASES for point in _points(scene, phase, killed)]
    return [(point, way) for point in found for way in calls.WAYS if calls.meaningful(point, way)]


def one_of_each(scene: Scene, killed: Path, seed: int) -> list[Wanted]:
    """Of each kind of call one, at random: killed before or after it, and met by an error."""
    chance, kinds = random.Random(seed), defaultdict(list)  # noqa: S311 - a sample
    for phase in ("commit", "follow"):
        for point in _points(scene, phase, killed):
            kinds[point.call].append(point)
    wanted = []
    for number, points in enumerate(kinds[call] for call in sorted(kinds)):
        ways = list(calls.WAYS)[number % 2 :: 2]
        chosen = [(chance.choice(points), way) for way in ways]
        wanted += [each for each in chosen if calls.meaningful(*each)]
    return wanted


def _points(scene: Scene, phase: str, killed: Path) -> list[calls.Point]:
    return calls.points(scene, phase, killed if phase == "start" else None)


def at_calls(scene: Scene, killed: Path, wanted: Sequence[Wanted]) -> list[Row]:
    """Two at a time."""

    def play(one: Wanted) -> calls.Trial:
        point, way = one
        return calls.trial(scene, point, way, killed if point.thread == "start" else None)

    with ThreadPoolExecutor(2) as pool:
        trials = list(pool.map(play, wanted))
    rows = []
    for phase, name in PHASES.items():
        for way in calls.WAYS:
            here = [each for each in trials if (each.point.thread, each.way) == (phase, way)]
            if here:
                rows.append(Row(way, name, len(here), _broken(here), _note(here)))
    return rows


def _broken(trials: Sequence[calls.Trial]) -> tuple[str, ...]:
    bad = [each for each in trials if each.broken or not each.fired]
    return tuple(f"{each.point}: {each.broken or 'it was not reached'}" for each in bad)


def _note(trials: Sequence[calls.Trial]) -> str:
    by_call = Counter(each.point.call for each in trials)
    waits = sorted(_named(each.point) for each in trials if each.needs_restart)
    kinds = ", ".join(f"{call} {count}" for call, count in by_call.most_common())
    return kinds + (
        f"; took records again only once restarted, and said why: {', '.join(waits)}" if waits else ""
    )


def _named(point: calls.Point) -> str:
    return f"{point.call} {point.number} of {Path(point.what).name}"


def flipped(scene: Scene, *, each: int, seed: int) -> list[Row]:
    honest = fresh(flips.entries_of, scene.whole)

    def play(place: str, number: int) -> tuple[list[str], list[str]]:
        with calls.place() as there:
            folder = scene.copy(there, whole=True)
            flips.flip(folder, place, random.Random(f"{seed}/{place}/{number}"))  # noqa: S311 - a sample
            noticed, broken = fresh(flips.look, folder, honest, scene.spare[0])
        is_read = place in flips.FILES or "entry" in place or "key" in place
        if is_read and not noticed:
            broken.append(f"bit {number} of a {place} was not noticed")
        return noticed, broken

    rows = []
    with ThreadPoolExecutor(2) as pool:
        for place in flips.PLACES:
            found = list(pool.map(play, [place] * each, range(each)))
            who = Counter(one.partition(":")[0] for noticed, _ in found for one in noticed)
            broken = tuple(one for _, bad in found for one in bad)
            unseen = sum(not noticed for noticed, _ in found)
            named = ", ".join(f"{name} {count}" for name, count in who.most_common())
            rows.append(
                Row(
                    "a bit flipped",
                    place,
                    each,
                    broken,
                    f"named by {named}" + (f"; {unseen} changed no answer" if unseen else ""),
                )
            )
    return rows


def moved_clock(scene: Scene) -> list[Row]:
    """Right, an hour back, right; a year on, right again."""
    with calls.place() as there:
        folder = scene.copy(there)
        clocks.lives_now(folder)
        turns = [("right", 0), ("back", -clocks.HOUR_S), ("right", 0), ("on", clocks.YEAR_S), ("right", 0)]
        found = []
        for number, (_, ahead_s) in enumerate(turns):
            found.append(fresh(clocks.at, folder, ahead_s, [scene.spare[number]]))
        taken = [one for n, one in enumerate(scene.spare[:5]) if found[n][0][0][0] is not None]
        kept = {one.entry: found[scene.spare.index(one)][0][0][0] for one in taken}
        broken = fresh(clocks.found_at, folder, clocks.YEAR_S, taken, kept)
        hour, year = found[1], found[4]
        if hour[0][0][0] is not None or hour[1] != hour[2]:
            broken.append("a head was signed with a clock behind the newest one")
        if found[2][0][0][0] is None:
            broken.append(f"it does not go on once the clock is right: {found[2][0][0][1]}")
        later = year[0][0][1] or "taken"
        return [
            Row("clock back an hour", "live corridor", 1, tuple(broken[:1]), f"refused: {hour[0][0][1]}"),
            Row("clock on by a year", "live corridor", 1, tuple(broken[1:2]), f"set right again: {later}"),
        ]


def two_writers(scene: Scene, postgres: Postgres | None, *, rounds: int) -> Iterator[Row]:
    for name in ("SQLite", "PostgreSQL") if postgres else ("SQLite",):
        for is_compared in (True, False):
            with calls.place() as there:
                url = postgres.database() if postgres and name == "PostgreSQL" else None
                folder = there / "corridor"
                (records,) = fresh(crowd, folder, url, 1, 2 * rounds)
                won = race(folder, url, records, is_compared=is_compared)
                broken = [f"{pair.count(True)} won" for pair in won if pair.count(True) != 1]
                broken += fresh(check, folder, url, None, records, {}, None, None)
                guard = "compare-and-swap" if is_compared else "unique numbers alone"
                note = f"each of them once: first {sum(a for a, _ in won)}, second {sum(b for _, b in won)}"
                where = f"{name}, locks off, {guard}"
                yield Row("two append at one size", where, len(won), tuple(broken), note)


def two_servers() -> Row:
    """The tests of servers on one store, run again."""
    command = [sys.executable, "-m", "pytest", "tests/races", "-p", "no:randomly"]
    said = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False).stdout
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", said)}
    broken = tuple(re.findall(r"^(?:FAILED|ERROR) .*", said, re.MULTILINE))
    return Row(
        "two servers, many hands", "tests/races", sum(counts.values()), broken, "SQLite and PostgreSQL"
    )


def killed_serve(*, seconds: float, longest_s: float, clients: int, each: int, seed: int) -> Row:
    with calls.place() as there:
        folder = there / "corridor"
        load = Load(fresh(crowd, folder, None, clients, each), pause_s=0.02)
        kill_at_random(folder, load, seconds=seconds, longest_s=longest_s, seed=seed)
        broken = [*load.broken, *fresh(check, folder, None, None, load.sent, load.acknowledged, None, None)]
        note = f"{len(load.acknowledged):,} receipts over HTTP in {seconds:.0f} s, all kept"
        return Row("SIGKILL of `serve` at random", f"{clients} clients", load.kills, tuple(broken), note)


def stopped_postgres(postgres: Postgres, *, faults: int, clients: int, each: int, seed: int) -> Row:
    with calls.place() as there:
        folder, url = there / "corridor", postgres.database()
        chains = fresh(crowd, folder, url, clients, each)
        kept, told, count = stopped(postgres, folder, url, chains, faults=faults, seed=seed)
        sent = [one for chain in chains for one in chain]
        broken = fresh(check, folder, url, None, sent, kept, None, None)
        broken += [f"no receipt for {len(sent) - len(kept)} records"] if len(kept) != len(sent) else []
        note = f"{len(kept):,} receipts; the server went on by itself; meanwhile it said {len(told)} different things"
        where = "PostgreSQL: stopped at once, a backend killed, in turn"
        return Row("stopped in mid-commit", where, count, tuple(broken), note)
