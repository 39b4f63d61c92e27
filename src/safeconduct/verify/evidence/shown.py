"""What a piece of evidence shows: whether it proves what it is for, on whose keys, and what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.note import Note, VerifierKey
from safeconduct.core.tlog.policy import Policy, SignedHead


@dataclass(frozen=True, slots=True)
class Shown:
    """Sentences for people; the keys are verifier keys, or names of keys of records."""

    proved: bool
    proves: tuple[str, ...]
    keys: tuple[str, ...]
    leaves_open: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """What it takes besides, where it proves nothing alone."""

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "proved": self.proved,
            "proves": list(self.proves),
            "keys": list(self.keys),
            "does_not_prove": list(self.leaves_open),
            "needs": list(self.needs),
        }


def check_of_one_log(one: SignedHead, other: SignedHead) -> None:
    """Two heads can contradict each other only if one key signed both, for one log."""
    if one.log_key != other.log_key:
        raise Disproved(
            "the two heads are of two logs",
            next_step="Ask for two heads of one log: two logs contradict each other in nothing",
        )


def check_only_listed(note: Note, policy: Policy, *, where: str) -> None:
    """A line by nobody that the policy names says nothing, and could say anything."""
    keys = [each.key for each in (*policy.logs, *policy.witnesses)]
    if not all(any(line.is_by(key) for key in keys) for line in note.signatures):
        raise Malformed(
            "it has a line by nobody that the policy names", where=where, next_step="Take the line out"
        )


def listed_only(note: Note, policy: Policy) -> Note:
    """The note with the lines of the log and its witnesses, and no other."""
    keys = [each.key for each in (*policy.logs, *policy.witnesses)]
    return Note(note.text, tuple(line for line in note.signatures if any(line.is_by(key) for key in keys)))


def in_words(head: SignedHead) -> str:
    """A head, for people."""
    return f"{head.checkpoint.size} entries, root {head.checkpoint.root.hex()}"


def witnesses_of_both(one: SignedHead, other: SignedHead, policy: Policy) -> tuple[VerifierKey, ...]:
    """Who cosigned both heads."""
    return tuple(
        each.key for each in policy.witnesses if each.name in one.cosigned and each.name in other.cosigned
    )
