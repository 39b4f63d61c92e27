"""The four errors, each named for what the reader can do about it.

========== ============================== =========================== ====
error      what happened                  what to do                  exit
========== ============================== =========================== ====
Malformed  it is not what the format says correct it                  2
Disproved  a signature or a proof fails   trust none of it; keep it   3
Conflict   somebody else was first        read again, repeat          4
Unavailable no answer from outside        the same call later is safe 5
========== ============================== =========================== ====

A document's faults are reported all at once: one error carries every `Fault`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it stands, what it is, what to write or do instead, by which rule."""

    message: str
    where: str = ""
    next_step: str = ""
    rule: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {_sentence(self.next_step)}" if self.next_step else ""
        return f"{place}{_sentence(self.message)}{advice}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


class SafeconductError(Exception):
    """What went wrong, in a sentence for the person who can act. Never holds a private value."""

    exit_code: ClassVar[int]

    def __init__(self, message: str, *, where: str = "", next_step: str = "", rule: str = "") -> None:
        """One fault; see `of` for several."""
        self.faults: tuple[Fault, ...] = (Fault(message, where, next_step.rstrip("."), rule),)
        super().__init__(str(self.faults[0]))

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        """One error for all faults of a document, in their order; at least one."""
        found = tuple(faults)
        error = cls(found[0].message, where=found[0].where, next_step=found[0].next_step, rule=found[0].rule)
        error.faults = found
        error.args = ("\n".join(str(fault) for fault in found),)
        return error

    @property
    def rule(self) -> str:
        """The identifier of the first rule that was broken, or an empty string."""
        return self.faults[0].rule


class Malformed(SafeconductError):
    """It is not what the format says: correct it."""

    exit_code = 2


class Disproved(SafeconductError):
    """A signature or a proof fails: trust none of it, and keep it."""

    exit_code = 3


class Conflict(SafeconductError):
    """Somebody else was first: read again, repeat."""

    exit_code = 4


class Unavailable(SafeconductError):
    """No answer from outside: the same call later is safe."""

    exit_code = 5
