"""`make torture`: every fault, all of them; prints the table and writes docs/reference/faults.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from tests.faults import calls, faults
from tests.faults.processes import fresh
from tests.faults.scene import make
from tests.faults.table import Row, lines, write

say = partial(print, flush=True)
FAMILIES = ("calls", "flips", "clock", "writers", "servers", "serve", "postgres")


def rows(wanted: set[str], minutes: float, seed: int) -> Iterator[Row]:
    with ExitStack() as opened:
        there = opened.enter_context(calls.place())
        scene = fresh(make, there / "corridor")
        postgres = opened.enter_context(faults.a_postgres())
        if "calls" in wanted:
            (there / "killed").mkdir()
            killed = calls.left_by_a_kill(scene, there / "killed")
            yield from faults.at_calls(scene, killed, faults.every_call(scene, killed))
        if "flips" in wanted:
            yield from faults.flipped(scene, each=24, seed=seed)
        if "clock" in wanted:
            yield from faults.moved_clock(scene)
        if "writers" in wanted:
            yield from faults.two_writers(scene, postgres, rounds=50)
        if "servers" in wanted:
            yield faults.two_servers()
        if "postgres" in wanted and postgres is not None:
            yield faults.stopped_postgres(postgres, faults=20, clients=6, each=600, seed=seed)
        if "serve" in wanted:
            yield faults.killed_serve(
                seconds=60 * minutes, longest_s=6, clients=6, each=int(1_500 * minutes) + 50, seed=seed
            )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "family", nargs="*", choices=[*FAMILIES, []], help="default: all, and the page is written"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long `serve` is killed")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    found, begun = [], time.monotonic()
    for row in rows(set(told.family or FAMILIES), told.minutes, told.seed):
        found.append(row)
        say(f"{row.held:>5} of {row.times:>5} held  {row.fault}, {row.where}. {row.note}")
        for broken in row.broken:
            say(f"      BROKEN {broken}")
    say("\n".join(lines(found)))
    say(f"{time.monotonic() - begun:.0f} s")
    if not told.family:
        write(found)
    return int(any(row.broken for row in found))


if __name__ == "__main__":
    sys.exit(main())
