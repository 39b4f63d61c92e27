"""`safeconduct --help` against `python -c pass`: wall time of whole processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, compare

SAFECONDUCT = Path(sys.executable).with_name("safeconduct")


def figures() -> Iterator[Figure]:
    """One figure; twenty starts a round."""

    def repeat(*command: str | Path) -> None:
        for _ in range(20):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    yield compare(
        "safeconduct --help / python -c pass",
        lambda: repeat(SAFECONDUCT, "--help"),
        lambda: repeat(sys.executable, "-c", "pass"),
        clock=time.perf_counter,
        at_most=3.0,
    )
