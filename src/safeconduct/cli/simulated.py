"""`safeconduct demo --simulated`: an invented day, exported and audited like a real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from safeconduct.adapters.chance import SeededChance
from safeconduct.adapters.demo_folder import fresh_folder
from safeconduct.cli.console import Console
from safeconduct.cli.readers import audit_all, export_all, one_head
from safeconduct.service.export import PUBLIC
from safeconduct.sim.day import PEOPLE, VEHICLES, play_day
from safeconduct.sim.replay import key_of
from safeconduct.sim.stage import SEATS
from safeconduct.verify.report import Report
from safeconduct.wiring.offline import new_store

SEED = "a normal day"


def run(folder: Path, console: Console) -> int:
    """0: the day is sound, nothing is found in it, and every archive has one head; else 1."""
    chance = SeededChance(SEED.encode())
    keys = {"log": key_of(chance, "log"), "service": key_of(chance, "service")}
    keys |= {f"witness-{seat}": key_of(chance, f"{seat}/witness") for seat in SEATS}
    readers = (*SEATS, PUBLIC)
    with fresh_folder(folder) as making:
        console.step("played the day", 0, 1)
        with new_store(making / "corridor", keys=keys, seed=SEED.encode()) as store:
            play_day(SEED, store=store)
        console.step("played the day", 1, 1)
        corridor = export_all(making, readers)
        reports = audit_all(making, readers, corridor, console)
    came_out = one_head(reports) and not any(report.exit_code for report in reports.values())
    for line in _lines(reports, folder, came_out=came_out):
        console.say(line)
    console.document(
        {
            "came_out": came_out,
            "nature": "simulated",
            "corridor": corridor,
            "one_head": one_head(reports),
            "archives": {reader: report.to_json() for reader, report in reports.items()},
        }
    )
    return 0 if came_out else 1


def _lines(reports: Mapping[str, Report], folder: Path, *, came_out: bool) -> Iterator[str]:
    yield f"Simulated: {VEHICLES} vehicles and {PEOPLE:,} people in one day. Nothing in it happened."
    for reader, report in reports.items():
        size = 0 if report.head is None else report.head.size
        verdict = "sound, nothing found" if report.exit_code == 0 else f"exit {report.exit_code}"
        yield f"{'✗' if report.exit_code else '✓'} {reader}: {size:,} entries, {verdict}"
        if report.exit_code:
            yield from (f"    {line}" for line in report.lines())
    yield "✓ All archives have the same head" if one_head(reports) else "✗ The archives have different heads"
    party = list(reports)[-2]
    yield f"{'Next' if came_out else 'See'}: safeconduct audit {folder / 'archives' / party}"
