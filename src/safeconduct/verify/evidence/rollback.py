"""A smaller head that a witness cosigned after a larger one of the same log.

A cosignature says: as of this time I saw no larger head of this log (C2SP tlog-cosignature). That the log merely
serves an older head proves nothing: it may be a cache. Where it was grown anew from there, that is a split.

Rules, in the order of the code:
 1. One key of the policy signed both heads, for one log; the first is the larger one.
 2. A witness of the policy cosigned the second at a later time than the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Listed, Policy, SignedHead
from safeconduct.verify.evidence.members import Members
from safeconduct.verify.evidence.shown import Shown, check_of_one_log, in_words


def went_back(larger: SignedHead, smaller: SignedHead, policy: Policy) -> Iterator[Listed]:
    """Rule 2: the witnesses that did."""
    for each in policy.witnesses:
        before, after = larger.cosigned.get(each.name), smaller.cosigned.get(each.name)
        if before is not None and after is not None and before < after:
            yield each


@dataclass(frozen=True, slots=True)
class Rollback:
    """Rules 1 and 2; nothing of it is checked yet."""

    kind: ClassVar[str] = "rollback"
    names: ClassVar[tuple[str, ...]] = ("heads",)

    heads: tuple[Note, Note]

    @classmethod
    def read(cls, members: Members) -> Rollback:
        """From the file."""
        return cls(members.notes("heads"))

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {"heads": [note.print() for note in self.heads]}

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return self.heads

    def check(self, policy: Policy) -> Shown:
        """Rules 1 and 2; Disproved where they do not hold."""
        larger, smaller = (policy.check(note, where="heads") for note in self.heads)
        check_of_one_log(larger, smaller)  # 1
        witnesses = tuple(went_back(larger, smaller, policy))
        if larger.checkpoint.size <= smaller.checkpoint.size or not witnesses:  # 2
            raise Disproved(
                "no witness cosigned a smaller head after a larger one",
                where="heads",
                next_step="An older head that is only served proves nothing: a cache may be behind",
            )
        return Shown(
            proved=True,
            proves=(
                (
                    f"The key of the log {larger.checkpoint.origin} signed a head of {in_words(larger)}; and one of "
                    f"{in_words(smaller)}."
                ),
                *(
                    f"The witness {each.key.name} cosigned the larger at {print_instant(larger.cosigned[each.name])} "
                    f"and the smaller one after it, at {print_instant(smaller.cosigned[each.name])}: its word is that "
                    "it had seen no larger one."
                    for each in witnesses
                ),
            ),
            keys=tuple(map(str, (larger.log_key, *(each.key for each in witnesses)))),
            leaves_open=(
                (
                    "That the log changed its past: the smaller head may be the beginning of the larger one's log. "
                    "`safeconduct compare` says whether it is."
                ),
                "Whether the witness forgot what it had seen, or its clock was set back between the two.",
                "Who signed: whoever holds these keys, by right or not.",
            ),
        )
