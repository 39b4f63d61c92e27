"""What a mirror that runs by itself remembers of how it went, in one small file, for whoever looks at it later.

Rules:
 1. The file is one line of JCS, exchanged as a whole; once `keep` returns, it survives a power cut.
 2. A split stays: two signed heads are a proof, whatever comes afterwards.
 3. A trouble keeps the time at which it began, as long as it is of one kind.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from safeconduct.adapters.files import read_file, reading, replace_file
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, SafeconductError, Unavailable

OLDER = "older"
"""The kind of trouble where a smaller head of the same log is served; any other is the name of an error."""
KINDS = (Malformed, Disproved, Conflict, Unavailable)
_MOST = 65_536
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is learnt: its kind, in words, since when (POSIX seconds)."""

    kind: str
    said: str
    since: int


@dataclass(frozen=True, slots=True)
class Split:
    """Two heads that cannot both be of one log: when it was seen first, the refused head, where both are kept."""

    time: int
    size: int
    root: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MirrorMemory:
    """Times in POSIX seconds; `learnt`: when the corridor last answered as it should."""

    asked: int | None = None
    learnt: int | None = None
    trouble: Trouble | None = None
    split: Split | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Of an earlier run; of none where there is no file."""
        with reading(path):
            if not path.exists():
                return cls()
        where = str(path)
        members = parse_canonical(read_file(path, most=_MOST).removesuffix(b"\n"), where=where)
        try:
            trouble, split = members["trouble"], members["split"]
            return cls(
                _time(members["asked"]),
                _time(members["learnt"]),
                None
                if trouble is None
                else Trouble(str(trouble["kind"]), str(trouble["said"]), int(trouble["since"])),
                None if split is None else _split(split),
            )
        except (KeyError, TypeError, ValueError) as error:
            step = "Remove it: the next run writes a new one"
            raise Malformed("this is no memory of a mirror", where=where, next_step=step) from error

    def keep(self, path: Path) -> None:
        """Rule 1."""
        replace_file(path, canonical({**asdict(self), "split": self._split_members()}) + b"\n")

    def _split_members(self) -> dict[str, Any] | None:
        split = self.split
        return None if split is None else {**asdict(split), "evidence": list(split.evidence)}

    def well(self, now: int) -> Self:
        """The corridor answered, and nothing contradicts."""
        return replace(self, asked=now, learnt=now, trouble=None)

    def troubled(self, kind: str, said: str, now: int) -> Self:
        """Nothing was learnt: rule 3."""
        before = self.trouble
        since = before.since if before is not None and before.kind == kind else now
        words = said[:_LONGEST].encode("ascii", "backslashreplace").decode()  # others sent some of them
        return replace(self, asked=now, trouble=Trouble(kind, words, since))

    def failed(self, error: SafeconductError, now: int) -> Self:
        """The same, of an error."""
        kind = next(one.__name__ for one in KINDS if isinstance(error, one))
        return self.troubled(kind, str(error.faults[0]), now)

    def split_by(self, split: Split, now: int) -> Self:
        """Two histories: rule 2; the first proof stays."""
        return replace(self, asked=now, trouble=None, split=self.split or split)


def _time(value: object) -> int | None:
    return None if value is None else int(str(value))


def _split(members: dict[str, Any]) -> Split:
    evidence = tuple(str(name) for name in members["evidence"])
    return Split(int(members["time"]), int(members["size"]), str(members["root"]), evidence)
