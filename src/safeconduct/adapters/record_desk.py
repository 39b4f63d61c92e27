"""A corridor's `POST /api/records` (docs/spec/api.md), from outside: records are handed in until they are in the log.

Rules:
 1. Where the archive is at `…/archive/`, the API is at `…/api/`.
 2. Every record must be answered with a receipt; that a record is in the log, the archive shows later, and not this.
 3. What the other side says is shown shortened, and nothing else is done with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from safeconduct.adapters.http_ask import HttpAsker
from safeconduct.adapters.http_get import Address
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable

_ARCHIVE, _PATH = "/archive/", "api/records"
_LIMIT_S = 20.0
_MOST = 1024 * 1024
_LATER = "It is kept beside the archive, and handed in again with the next run"


@dataclass(frozen=True, slots=True)
class HttpDesk:
    """Where the corridor whose archive this is takes records; made by `of`."""

    address: Address

    @classmethod
    def of(cls, url: str) -> HttpDesk:
        """Rule 1; Malformed where the address is not a party's."""
        address = Address.parse(url)
        if not address.folder.endswith(_ARCHIVE):
            step = "Write the address of your party's archive: https://HOST/archive/"
            raise Malformed("records cannot be handed in here", where=url[:200], next_step=step)
        return cls(address._replace(folder=address.folder.removesuffix(_ARCHIVE) + "/"))

    def hand_in(self, records: Sequence[bytes], nature: str) -> None:
        """Rule 2: returns once each has its receipt; Disproved where one is refused, else Unavailable."""
        told = {"records": [{"record": text.decode("ascii"), "nature": nature} for text in records]}
        with closing(HttpAsker(self.address, _LIMIT_S)) as asker:
            said = asker.ask("POST", _PATH, json.dumps(told).encode(), most=_MOST, kind="application/json")
        where = f"{self.address}{_PATH}"
        statuses = _statuses(said.body) if said.status == 207 else []
        if len(statuses) != len(records) or any(one >= 500 for one in statuses):
            raise Unavailable(f"no record was taken (HTTP {said.status})", where=where, next_step=_LATER)
        refused = [one for one in statuses if one not in {200, 201}]
        if refused:
            shown = said.body[:400].decode("utf-8", "replace")
            raise Disproved(f"a record was refused: {shown}", where=where, next_step=_LATER)


def _statuses(body: bytes) -> list[int]:
    try:
        items = json.loads(body)["records"]
        return [int(item["status"]) for item in items]
    except (ValueError, KeyError, TypeError):
        return []
