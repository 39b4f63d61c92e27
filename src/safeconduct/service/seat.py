"""What a seat's root signs next, on the seat's own machine, from its own archive of the log.

Rules, in the order of the code:
 1. The key is the root of its seat in the log, and good.
 2. The record goes on from the last one of that key in this archive, and states the archive's head as seen, if that has
    its quorum. An archive that is behind makes a fork: of two records with one number the log keeps both, and names it.
 3. It cites the version of the agreement in force there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import Entry, Seen, parse_entry, print_header
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.note import Note, Signer
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.archive_store import ArchiveStore
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Chance
from safeconduct.service.version import keyring_at


@dataclass(frozen=True, slots=True)
class Seat:
    """A root beside a copy of the log; made by `seat_of`."""

    log: ArchiveStore
    ring: Keyring
    root: Signer
    holder: str
    last: Entry | None
    """Its last record there."""
    seen: Seen | None
    cosigned_at: int | None
    """When a quorum had cosigned the head; None: no quorum dates it."""

    def require_seen(self) -> Seen:
        """The head that is stated as seen; Unavailable where there is none."""
        if self.seen is None:
            raise Unavailable(
                "the head of this archive has no quorum of witnesses",
                where="checkpoint",
                next_step="Take the archive again once they have cosigned",
            )
        return self.seen

    def sign(
        self, kind: str, clear: dict[str, Any], *, now: int, chance: Chance, withdraws: str | None = None
    ) -> bytes:
        """The signed record. Its private fields are empty, and so it has no disclosures."""
        size = self.log.size() if self.seen is None else self.seen.size
        name = f"{self.holder}/{kind}"
        drafted = draft(
            kind,
            iss=self.holder,
            iat=now,
            seq=0 if self.last is None else self.last.seq + 1,  # 2
            prev="" if self.last is None else self.last.leaf.hex(),
            cor=self.ring.founding.cor,
            agr=self.ring.version_at(size).agreement.version,  # 3
            jti=new_jti(now, chance, name),
            clear=clear,
            private={},
            salt=lambda field: chance.bytes(f"{name}/{field}", 16),
            seen=self.seen,
            withdraws=withdraws,
        )
        return sign(drafted.payload, self.root)

    def entry(self, index: int) -> Entry:
        """A record of the log; Malformed where there is none."""
        if index >= self.log.size():
            raise Malformed(
                f"this archive has {self.log.size()} entries", where="ENTRY", next_step="Name one of them"
            )
        return parse_entry(next(self.log.entries(index, index + 1)), where=f"entry {index}")


def seat_of(log: ArchiveStore, root: Signer, *, where: str) -> Seat:
    """The seat whose root this is."""
    ring, kid = keyring_at(log.founding, log, log.size()), thumbprint(root.public_key)
    enrolment = ring.keys.get(kid)
    if enrolment is None or ring.roots.get(enrolment.organisation) != kid or ring.is_revoked(kid):  # 1
        raise Malformed(
            "this is not the root key of a seat in this log",
            where=where,
            next_step="Name the file of your seat's private root key",
        )
    policy = Policy.parse(log.founding.policy().encode())
    head = policy.check(Note.parse(log.note, where="checkpoint"))
    is_met = policy.quorum.met_by(head.cosigned)
    return Seat(
        log=log,
        ring=ring,
        root=root,
        holder=enrolment.holder,
        last=_last(log, kid),
        seen=Seen(head.checkpoint.size, head.checkpoint.root.hex()) if is_met else None,
        cosigned_at=head.time(policy),
    )


def _last(log: ArchiveStore, kid: str) -> Entry | None:
    """Of two with one number the later one: the fork is there already."""
    mine = print_header(kid).encode() + b"."
    found = [parse_entry(text) for text in log.entries() if text.startswith(mine)]
    return max(found, key=lambda entry: entry.seq, default=None)


def body_of(record: bytes, nature: str) -> bytes:
    """What is handed in over HTTP (docs/spec/api.md)."""
    told = {} if nature == "live" else {"nature": nature}
    return canonical({"disclosures": [], "record": record.decode("ascii"), **told}) + b"\n"
