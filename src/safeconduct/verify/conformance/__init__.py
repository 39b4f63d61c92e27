"""Vector files, ours or anybody's, run against this implementation: `run` knows a file by its name."""

from safeconduct.verify.conformance.counts import Counts, run

__all__ = ["Counts", "run"]
