"""Vector files, ours or anybody's, run against this implementation: `run` knows a file by its name."""

from safeconduct.verify.conformance.counts import Counts, is_known, run

__all__ = ["Counts", "is_known", "run"]
