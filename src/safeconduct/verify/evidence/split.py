"""Two signed heads of one log that no log can have: made by `compare`, or from a head that was kept.

Rules, in the order of the code:
 1. One key of the policy signed both heads, for one log. They stand by size, then by root.
 2. The proof leads from `root` to the root of the larger head (RFC 9162 §2.1.4): `root` is the root that its first
    entries have, as many as the smaller head has.
 3. That is not the root of the smaller head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tree import verify_consistency
from safeconduct.verify.evidence.members import Members
from safeconduct.verify.evidence.shown import Shown, check_of_one_log, in_words, witnesses_of_both


@dataclass(frozen=True, slots=True)
class Split:
    """Rules 1 to 3; nothing of it is checked yet."""

    kind: ClassVar[str] = "split"
    names: ClassVar[tuple[str, ...]] = ("heads", "proof", "root")

    heads: tuple[Note, Note]
    root: bytes
    """Of the first entries of the second head's log, as many as the first head has."""
    proof: tuple[bytes, ...]

    @classmethod
    def read(cls, members: Members) -> Split:
        """From the file."""
        return cls(members.notes("heads"), members.hash("root"), members.hashes("proof"))

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {
            "heads": [note.print() for note in self.heads],
            "root": self.root.hex(),
            "proof": [step.hex() for step in self.proof],
        }

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return self.heads

    def check(self, policy: Policy) -> Shown:
        """Rules 1 to 3; Disproved where they do not hold."""
        small, large = (policy.check(note, where="heads") for note in self.heads)
        check_of_one_log(small, large)  # 1
        one, other = small.checkpoint, large.checkpoint
        if (one.size, one.root) > (other.size, other.root):
            raise Disproved(
                "the two heads stand in another order", where="heads", next_step="Put the smaller one first"
            )
        verify_consistency(  # 2
            old_size=one.size, old_root=self.root, size=other.size, root=other.root, proof=self.proof
        )
        if self.root == one.root:  # 3
            raise Disproved(
                "the larger head goes on from the smaller one",
                where="heads",
                next_step="They are heads of one honest log: there is nothing to prove",
            )
        both = witnesses_of_both(small, large, policy)
        begins = (
            "" if one.size == other.size else f", whose first {one.size} entries have root {self.root.hex()}"
        )
        return Shown(
            proved=True,
            proves=(
                (
                    f"The key of the log {one.origin} signed two heads that no one log can have: one of "
                    f"{in_words(small)}; and one of {in_words(large)}{begins}."
                ),
                *(f"The witness {key.name} cosigned both." for key in both),
            ),
            keys=tuple(map(str, (small.log_key, *both))),
            leaves_open=(
                "Which of the two histories is the true one, or whether either is.",
                "Who signed: whoever holds the log's key, by right or not. Nor when, nor whom each was shown to.",
            ),
        )
