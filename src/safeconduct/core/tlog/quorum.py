"""How many witnesses it takes, and who is missing (C2SP tlog-policy, "Defining a witness group").

One answer, two doors: `missing` explains, `require` enforces.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from safeconduct.core.kernel.errors import Disproved

NONE = "none"


@dataclass(frozen=True, slots=True)
class Quorum:
    """So many of these witnesses and groups. `none` needs nobody."""

    name: str
    needed: int
    members: tuple[str | Quorum, ...]

    def met_by(self, cosigned: Collection[str]) -> bool:
        """Whether it takes nobody else."""
        return sum(_stands(member, cosigned) for member in self.members) >= self.needed

    def missing(self, cosigned: Collection[str]) -> tuple[str, ...]:
        """Rule 5: a sentence for each group that is short; nothing where the quorum is met."""
        if self.met_by(cosigned):
            return ()
        absent = [member for member in self.members if not _stands(member, cosigned)]
        names = ", ".join(member if isinstance(member, str) else member.name for member in absent)
        there = len(self.members) - len(absent)
        inner = [line for member in absent if isinstance(member, Quorum) for line in member.missing(cosigned)]
        return (f"{self.name}: {there} of the {self.needed} needed; not there: {names}", *inner)

    def require(self, cosigned: Collection[str], *, where: str = "") -> None:
        """Rule 5, enforced."""
        missing = self.missing(cosigned)
        if missing:
            raise Disproved(
                f"the head has no quorum ({'; '.join(missing)})",
                where=where,
                next_step="Ask the witnesses again, or wait for the next head",
            )

    def names(self) -> tuple[str, ...]:
        """The names of its members."""
        return tuple(member if isinstance(member, str) else member.name for member in self.members)


def _stands(member: str | Quorum, cosigned: Collection[str]) -> bool:
    return member in cosigned if isinstance(member, str) else member.met_by(cosigned)
