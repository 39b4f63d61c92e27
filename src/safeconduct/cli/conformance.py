"""`safeconduct conformance PATH…`: vector files, ours or anybody's, run against this implementation."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.verify.conformance import Counts
from safeconduct.verify.conformance import run as run_vectors

SUMMARY = "run vector files against this implementation"


def configure(parser: argparse.ArgumentParser) -> None:
    """Files, or folders with them at any depth."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a vector file, or a folder of them"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """0: no known file has a mismatch; 1: one has."""
    results = [(path, run_vectors(path.name, _read(path))) for path in _files(arguments.paths)]
    if arguments.json:
        print(json.dumps(_document(results), ensure_ascii=False, indent=2))
    else:
        for path, counts in results:
            print("\n".join(_lines(path, counts)))
        print(_total(results))
    return int(any(counts is not None and counts.failed for _, counts in results))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves; of a folder its `.json` files, in order."""
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*.json") if found.is_file())
        elif path.is_file():
            yield path
        else:
            raise Malformed("there is no such file", where=str(path), next_step="Name a file or a folder")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unavailable(
            "this file cannot be read", where=str(path), next_step="Check its rights"
        ) from error


def _lines(path: Path, counts: Counts | None) -> list[str]:
    if counts is None:
        return [f"? {path}: unknown name, not run"]
    sign = "✗" if counts.failed else "–" if counts.skipped else "✓"
    skipped = f", {counts.skipped} skipped ({counts.reason})" if counts.skipped else ""
    verdict = f"{sign} {path}: {counts.passed} passed, {counts.failed} failed{skipped}"
    return [verdict, *(f"    {mismatch}" for mismatch in counts.mismatches)]


def _total(results: list[tuple[Path, Counts | None]]) -> str:
    known = [counts for _, counts in results if counts is not None]
    passed, failed, skipped = (
        sum(getattr(counts, name) for counts in known) for name in ("passed", "failed", "skipped")
    )
    unknown = len(results) - len(known)
    total = f"{len(known)} files: {passed} passed, {failed} failed, {skipped} skipped"
    return f"{total}; {unknown} with unknown names"


def _document(results: list[tuple[Path, Counts | None]]) -> dict[str, object]:
    return {
        "files": [
            {
                "path": str(path),
                "passed": counts.passed,
                "failed": counts.failed,
                "skipped": counts.skipped,
                "reason": counts.reason,
                "mismatches": list(counts.mismatches),
            }
            for path, counts in results
            if counts is not None
        ],
        "unknown": [str(path) for path, counts in results if counts is None],
    }
