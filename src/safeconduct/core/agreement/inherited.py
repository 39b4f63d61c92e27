"""What a successor takes over from its predecessor: what is in force there, seat by seat and word for word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from safeconduct.core.agreement.founding import Founding, Seat
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.record.entry import Entry


@dataclass(frozen=True, slots=True)
class Inherited:
    """The agreement's and the route's text, and the seats with the roots that are good."""

    agreement: str
    route: str
    nature: str
    seats: tuple[Seat, ...]


def inherited(ring: Keyring, amendments: Iterable[Entry]) -> Inherited:
    """What the keyring leaves in force; `amendments`: those of the log, of which one may be it."""
    founding, leaf = ring.founding, ring.version.leaf
    texts = {one.leaf.hex(): (one.payload["agreement"], one.payload["route"]) for one in amendments}
    texts[founding.leaf] = (founding.agreement_text, founding.route_text)
    agreement, route = texts[leaf]
    seats = tuple(
        Seat(one.seat, one.role, _root_of(ring, one.seat)) for one in ring.version.agreement.signatories
    )
    return Inherited(agreement, route, founding.nature, seats)


def stands_in(founding: Founding) -> Inherited:
    """The same as an entry 0 says it."""
    return Inherited(founding.agreement_text, founding.route_text, founding.nature, founding.seats)


def rotated(older: Founding, newer: Founding) -> Iterator[str]:
    """Which witnesses of a log do not go on in its successor, which are new, and whether it needs more or fewer.

    In words, one for each change. A witness with another key is another witness.
    """
    yield from (f"witness {key} does not go on" for key in older.witnesses if key not in newer.witnesses)
    yield from (f"witness {key} is new" for key in newer.witnesses if key not in older.witnesses)
    before, after = ((one.quorum, len(one.witnesses)) for one in (older, newer))
    if before != after:
        yield f"{after[0]} of {after[1]} witnesses cosign each head; it was {before[0]} of {before[1]}"


def _root_of(ring: Keyring, seat: str) -> bytes | None:
    """A seat's root key; None where the seat is empty, or its root revoked itself."""
    kid = ring.roots.get(seat)
    return None if kid is None or ring.is_revoked(kid) else ring.keys[kid].public_key
