"""A party says on the record that what an erasure names is deleted from its archive (RECORD §7).

Rules, in the order of the code:
 1. Owed is each erasure record, by a key that may erase, that names a digest which this archive's reader was shown,
    until a record `erased` of this key names it.
 2. The key signs nothing but these records, here: a key that two programs sign with could fork its own chain, and
    that would be a finding about the party.
 3. A record is kept beside the archive before it is handed in, and until the archive has it: after any interruption
    the same bytes are handed in again, and its chain goes on from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import Entry, parse_entry, print_header
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.note import Signer
from safeconduct.service.archive_store import ArchiveStore
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Chance, Clock
from safeconduct.service.version import keyring_at, may_sign

KIND, _UNSEEN = "erased", "erased-not-yet-seen"


class Notes(Protocol):
    """What is kept beside an archive: a part of `Shelf`."""

    def note(self, name: str) -> bytes | None:
        """What is kept under this name."""
        ...

    def keep_note(self, name: str, data: bytes) -> None:
        """Keeps it, durably; nothing: takes it away."""
        ...


class Desk(Protocol):
    """Where records are handed in."""

    def hand_in(self, records: Sequence[bytes], nature: str) -> None:
        """Returns once all of them are in the log; Unavailable or what the log's refusal says otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class Confirming:
    """Who confirms, and where: the key of this mirror alone."""

    key: Signer
    desk: Desk
    clock: Clock
    chance: Chance

    def confirm(self, copy: ArchiveStore, notes: Notes) -> tuple[int, ...]:
        """The erasure records that are confirmed by this call, by their index."""
        ring = keyring_at(copy.founding, copy, copy.size())
        holder = ring.holder_of(thumbprint(self.key.public_key))
        if holder is None:
            step = "Have it enrolled for your seat, and use it for nothing else"
            raise Malformed("this key is not enrolled in the log", where="--confirm", next_step=step)
        logged = self._logged(copy)  # 2
        here = {entry.leaf for entry in logged}
        unseen = [
            entry
            for text in (notes.note(_UNSEEN) or b"").split()
            if (entry := parse_entry(text)).leaf not in here
        ]
        told = {str(entry.payload["of"]) for entry in (*logged, *unseen)}
        owed = [(index, leaf) for index, leaf in _owed(copy) if leaf not in told]  # 1
        agr = ring.version.agreement.version
        last = max((*logged, *unseen), key=lambda entry: entry.seq, default=None)
        for _, leaf in owed:
            last = self._signed(copy, leaf, holder=holder, agr=agr, after=last)
            unseen.append(last)
        notes.keep_note(_UNSEEN, b"\n".join(entry.text for entry in unseen))  # 3
        if unseen:
            self.desk.hand_in([entry.text for entry in unseen], copy.founding.nature)
        return tuple(index for index, _ in owed)

    def _logged(self, copy: ArchiveStore) -> list[Entry]:
        """Rule 2."""
        header = f"{print_header(thumbprint(self.key.public_key))}.".encode()
        ours = [parse_entry(text) for text in copy.entries() if text.startswith(header)]
        other = next((entry.evt for entry in ours if entry.evt != KIND), None)
        if other is not None:
            step = "Make one for this mirror alone: safeconduct key new; have it enrolled for your seat"
            raise Malformed(f"this key signs {other!r}, too", where="--confirm", next_step=step)
        return ours

    def _signed(self, copy: ArchiveStore, of: str, *, holder: str, agr: int, after: Entry | None) -> Entry:
        now = self.clock.now()
        drafted = draft(
            KIND,
            iss=holder,
            iat=now,
            seq=0 if after is None else after.seq + 1,
            prev="" if after is None else after.leaf.hex(),
            cor=copy.founding.cor,
            agr=agr,
            jti=new_jti(now, self.chance, f"{KIND}/{of}"),
            seen=(copy.size(), copy.head.root.hex()),
            clear={"of": of},
            salt=lambda name: self.chance.bytes(name, 16),
        )
        return parse_entry(sign(drafted.payload, self.key))


def _owed(copy: ArchiveStore) -> Iterator[tuple[int, str]]:
    shown = {digest for _, digest in copy.erased()}
    records = [(index, parse_entry(text)) for index, text in copy.of_kinds({"erasure"})] if shown else []
    ring = keyring_at(copy.founding, copy, copy.size()) if records else None
    for index, entry in records:
        if (
            ring is not None
            and may_sign(ring, index, entry)
            and not shown.isdisjoint(entry.payload["digests"])
        ):
            yield index, entry.leaf.hex()
