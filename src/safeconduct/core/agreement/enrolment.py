"""Keys, versions and consents as values; `keyring.py` holds the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.closing import Closing
from safeconduct.core.agreement.route import Route
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.kernel.spelling import length_prefixed

StandingState = Literal["consented", "refused", "withdrawn", "lapsed", "silent", "empty"]


def rotation_message(cor: str, seat: str, old_kid: str, new_kid: str) -> bytes:
    """What a new root signs to show that it is held (rule 7); `old_kid` is empty for an empty seat."""
    return b"".join(map(length_prefixed, ("safeconduct/v1/root", cor, seat, old_kid, new_kid)))


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A key, its holder, and from where on it may sign. `by` None: the founding record."""

    kid: str
    public_key: bytes
    holder: str
    index: int
    by: str | None
    replaces: str | None

    @property
    def organisation(self) -> str:
        """The first half of the holder: a seat, a post, the log or a declarant."""
        return self.holder.rpartition("/")[0]

    @property
    def is_root(self) -> bool:
        """Whether it is a seat's highest key."""
        return self.holder.endswith("/root")


@dataclass(frozen=True, slots=True)
class Revocation:
    """From where on a key is no longer good."""

    kid: str
    index: int
    by: str
    leaf: str
    last: tuple[int, str] | None
    earlier_stand: bool = False
    """True for a lost root: all that was logged before stands."""

    def covers(self, seq: int, leaf: str, index: int) -> bool:
        """Whether a record of the key is past its last good one (rule 5)."""
        if leaf == self.leaf or (self.last is not None and leaf == self.last[1]):
            return False  # a root may revoke itself: that very record is good
        return index > self.index or (not self.earlier_stand and self.is_past(seq, leaf))

    def is_past(self, seq: int, leaf: str) -> bool:
        """Whether a record lies past the last good one, or beside it under the same number."""
        return self.last is None or seq > self.last[0] or (seq == self.last[0] and leaf != self.last[1])


@dataclass(frozen=True, slots=True)
class Version:
    """An agreement in force for records at an index above `index`."""

    index: int
    leaf: str
    agreement: Agreement
    route: Route


@dataclass(frozen=True, slots=True)
class Said:
    """What a seat said last of a proposal, in which record."""

    state: StandingState
    index: int
    reason: str = ""
    leaf: str = ""
    """Of a consent: what ends it names this."""
    until: int | None = None
    """Of a consent: its term, in POSIX seconds; None: it has none."""
    runs_on: tuple[str, ...] = ()
    """Of one that ended: codes of what goes on without it."""


@dataclass(slots=True)
class Proposal:
    """What seats can consent to: the founding, an amendment, the successor of a lost root, a closing."""

    leaf: str
    index: int
    subject: Version | Enrolment | Closing
    said: dict[str, Said] = field(default_factory=dict)
    in_force_from: int | None = None

    def consented(self) -> tuple[str, ...]:
        """The seats that agree."""
        return tuple(seat for seat, said in self.said.items() if said.state == "consented")


@dataclass(frozen=True, slots=True)
class Standing:
    """What one seat said of a proposal."""

    seat: str
    name: str
    role: str
    state: StandingState
    index: int | None
    reason: str
    until: int | None = None
    runs_on: tuple[str, ...] = ()


def consents_in_words(standings: Iterable[Standing], now: int | None = None) -> tuple[str, ...]:
    """One line for each seat, for pages and reports. `now`: the time of the newest dated head, if there is one."""
    words: Mapping[StandingState, str] = {
        "consented": "consented",
        "refused": "refused",
        "withdrawn": "withdrew its consent",
        "lapsed": "its consent has lapsed",
        "silent": "has not answered",
        "empty": "empty seat",
    }
    return tuple(
        f"{one.name} ({one.role}): {words[one.state]}"
        + (f" by record {one.index}" if one.index is not None else "")
        + (f", reason {one.reason}" if one.reason else "")
        + _term(one, now)
        for one in standings
    )


def _term(one: Standing, now: int | None) -> str:
    """Until when a consent holds, and what runs on after its end, as far as a record says."""
    if one.state in ("withdrawn", "lapsed"):
        return f"; runs on: {', '.join(one.runs_on) or 'nothing is named'}"
    if one.until is None:
        return ""
    passed = now is not None and now >= one.until
    return f", until {print_instant(one.until)}" + (_NO_LAPSE if passed else "")


_NO_LAPSE = ", which has passed; no record of that says what runs on"
