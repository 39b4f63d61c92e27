"""Every figure, or those of the modules that are named: `python -m benchmarks tree startup`."""

from __future__ import annotations

import importlib
import sys

from benchmarks.measure import show

MODULES = ("startup", "tree", "audit", "server", "answers", "mirror", "witness", "party")


def main() -> int:
    """Exit 1 where a figure missed its limit."""
    chosen = [name for name in sys.argv[1:] if name in MODULES] or MODULES
    missed = sum(show(importlib.import_module(f"benchmarks.{name}").figures()) for name in chosen)
    print(f"{missed} missed" if missed else "all within their limits")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
