"""`safeconduct conformance PATH…`: vector files, ours or anybody's, run against this implementation."""

from __future__ import annotations

import argparse
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from safeconduct.adapters.files import read_file, reading
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.verify.conformance import Counts, is_known
from safeconduct.verify.conformance import run as run_vectors

SUMMARY = "run vector files against this implementation"
_MOST = 64 * 2**20


def configure(parser: argparse.ArgumentParser) -> None:
    """Files, or folders with them at any depth."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a vector file, or a folder of them"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: no known file has a mismatch; 1: one has."""
    console: Console = arguments.console
    results = _run_all(_files(arguments.paths))
    for path, counts in results:
        for line in _lines(path, counts):
            console.say(line)
    console.say(_total(results))
    console.document(_document(results))
    return int(any(counts is not None and counts.failed for _, counts in results))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves; of a folder its `.json` files, in order, and at least one."""
    for path in paths:
        with reading(path):
            mode = path.stat().st_mode
            in_it = [path]
            if stat.S_ISDIR(mode):
                in_it = sorted(found for found in path.rglob("*.json") if found.is_file())
        if not in_it:
            raise Malformed(
                "no vector file is in it", where=str(path), next_step="Name a folder with .json files"
            )
        yield from in_it


def _run_all(paths: Iterable[Path]) -> list[tuple[Path, Counts | None]]:
    """Each file's counts, or every file that is none."""
    results: list[tuple[Path, Counts | None]] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            data = read_file(path, most=_MOST) if is_known(path.name) else b""
            results.append((path, run_vectors(path.name, data)))
        except Malformed as error:
            faults.extend(replace(fault, where=str(path)) for fault in error.faults)
    if faults:
        raise Malformed.of(faults)
    return results


def _lines(path: Path, counts: Counts | None) -> list[str]:
    if counts is None:
        return [f"? {path}: unknown name, not run"]
    verdict = f"{'✗' if counts.failed else '✓'} {path}: {counts.passed} passed, {counts.failed} failed"
    return [verdict, *(f"    {mismatch}" for mismatch in counts.mismatches)]


def _total(results: list[tuple[Path, Counts | None]]) -> str:
    known = [counts for _, counts in results if counts is not None]
    passed, failed = (sum(getattr(counts, name) for counts in known) for name in ("passed", "failed"))
    unknown = len(results) - len(known)
    return f"{len(known)} files: {passed} passed, {failed} failed; {unknown} with unknown names"


def _document(results: list[tuple[Path, Counts | None]]) -> dict[str, object]:
    return {
        "files": [
            {
                "path": str(path),
                "passed": counts.passed,
                "failed": counts.failed,
                "mismatches": list(counts.mismatches),
            }
            for path, counts in results
            if counts is not None
        ],
        "unknown": [str(path) for path, counts in results if counts is None],
    }
