"""The service's own records: `head` and `disclosure`, chained and signed with the service key."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeAlias

from safeconduct.core.agreement.founding import SERVICE_HOLDER
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import Entry, Seen, parse_entry, print_header
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.note import Signer
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Chance, Clock

Claims: TypeAlias = tuple[str, dict[str, Any]]
"""A kind and its clear claims."""


class Scribe:
    """Remembers where the service key's chain stands."""

    def __init__(self, service: Signer, clock: Clock, chance: Chance) -> None:
        """A chain that nothing is on yet."""
        self.kid = thumbprint(service.public_key)
        self.last_head: bytes | None = None
        self.service, self._clock, self._chance = service, clock, chance
        self._mine = print_header(self.kid).encode() + b"."
        self._last: Entry | None = None

    @property
    def last_seen(self) -> Seen | None:
        """The head that the last record of the service had seen."""
        return None if self._last is None else self._last.seen

    def wrote(self, newest_first: Iterable[bytes]) -> None:
        """Takes note of what is now in the log, from its end back to the last head record."""
        last: Entry | None = None
        for text in newest_first:
            entry = self._mine_in(text)
            last = last or entry
            if entry is not None and entry.evt == "head":
                self.last_head = entry.payload["note"].encode()
                break
        self._last = last or self._last

    def _mine_in(self, text: bytes) -> Entry | None:
        """Whoever put there what is no record: the chain goes on from the last one that is one."""
        if not text.startswith(self._mine):
            return None
        try:
            return parse_entry(text)
        except Malformed:
            return None

    def records(self, claims: Iterable[Claims], *, cor: str, agr: int, seen: Seen | None) -> list[bytes]:
        """One signed record for each (kind, clear claims), each chained to the one before."""
        made: list[bytes] = []
        last, now = self._last, self._clock.now()
        for kind, clear in claims:
            seq, prev = (0, "") if last is None else (last.seq + 1, last.leaf.hex())
            name = f"{self.kid}/{seq}"
            drafted = draft(
                kind,
                iss=SERVICE_HOLDER,
                iat=now,
                seq=seq,
                prev=prev,
                cor=cor,
                agr=agr,
                jti=new_jti(now, self._chance, name),
                clear=clear,
                private={},
                salt=partial(self._salt, name),
                seen=seen,
            )
            made.append(sign(drafted.payload, self.service))
            last = parse_entry(made[-1], where="a record of the service")
        return made

    def _salt(self, name: str, field: str) -> bytes:
        return self._chance.bytes(f"{name}/{field}", 16)
