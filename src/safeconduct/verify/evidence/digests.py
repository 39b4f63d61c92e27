"""A record in which a private field has several digests: its signer can show two readers two values (RECORD §3).

Rules, in the order of the code:
 1. A key of the policy signed `head`; its log holds the record, and the one that enrols the key.
 2. The key signed the record.
 3. A field of it, at the top or in an element of `lines`, has two or more digests, and they are several.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.verify.evidence.logged import Logged, enrolled_in, signed_in
from safeconduct.verify.evidence.members import Members
from safeconduct.verify.evidence.shown import Shown, in_words


@dataclass(frozen=True, slots=True)
class TwoDigests:
    """Rules 1 to 3; nothing of it is checked yet."""

    kind: ClassVar[str] = "digests"
    names: ClassVar[tuple[str, ...]] = ("head", "key", "record")

    head: Note
    key: Logged
    record: Logged

    @classmethod
    def read(cls, members: Members) -> TwoDigests:
        """From the file."""
        key = Logged.read(members.value["key"], where=f"{members.where}.key")
        record = Logged.read(members.value["record"], where=f"{members.where}.record")
        return cls(members.note("head"), key, record)

    def members(self) -> dict[str, Any]:
        """For the file."""
        return {"head": self.head.print(), "key": self.key.members(), "record": self.record.members()}

    def notes(self) -> tuple[Note, ...]:
        """Every signed head in it."""
        return (self.head,)

    def check(self, policy: Policy) -> Shown:
        """Rules 1 to 3; Disproved where they do not hold."""
        head = policy.check(self.head, where="head")
        self.key.check(head)  # 1
        self.record.check(head)
        signed = signed_in(self.record.record, where="record")
        key = enrolled_in(self.key, signed.kid, where="key")
        signed.check(key, where="record")  # 2
        fields = tuple(_with_several(signed.payload))
        if not fields:  # 3
            raise Disproved(
                "no field of this record has two digests",
                where="record",
                next_step="There is nothing to prove",
            )
        return Shown(
            proved=True,
            proves=(
                (
                    f"The log {head.checkpoint.origin} holds a record, entry {self.record.index}, in which "
                    f"{key.in_words()}, signed several digests for one field: {', '.join(fields)}. So its signer can "
                    "show two readers two values of it, each as the one that was signed."
                ),
                f"It holds it under a head of {in_words(head)}.",
            ),
            keys=(str(head.log_key), key.kid),
            leaves_open=(
                "That two values were shown to anybody.",
                "That whoever enrolled the key was entitled to: an audit shows that.",
            ),
        )


def _with_several(payload: dict[str, Any]) -> Iterator[str]:
    """Rule 3: the fields, as people name them."""
    yield from sorted(name for name, value in payload.items() if _has_several(value))
    lines = payload.get("lines")
    for number, line in enumerate(lines if type(lines) is list else ()):
        if type(line) is dict:
            yield from sorted(
                f"lines[{number}].{name}" for name, value in line.items() if _has_several(value)
            )


def _has_several(value: Any) -> bool:
    digests = value.get("_sd") if type(value) is dict else None
    return type(digests) is list and len({digest for digest in digests if type(digest) is str}) > 1
