"""Where a passage stands: its records by what they tell, in order, and the phase that they add up to.

Observations are evolved and never refused. A record that stands changes the state; one that was corrected
or withdrawn is only told. Declarations keep their versions: each binds from its own time to the next
one's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from safeconduct.core.passage.events import (
    Accounted,
    Acknowledged,
    Arrived,
    Countersigned,
    Crossing,
    Declared,
    Entered,
    Event,
    Exited,
    Happening,
    Inspected,
    Other,
    PassGranted,
    PassRefused,
    PassRevoked,
    SealSeen,
    TurnedBack,
    happening,
)
from safeconduct.core.passage.order import History, surely_before


class Phase(Enum):
    """The last that was seen of the movement."""

    OPENED = "opened"
    DECLARED = "declared"
    REFUSED = "refused"
    CLEARED = "cleared"
    ARRIVED = "arrived"
    ON_THE_ROAD = "on the road"
    EXITED = "exited"
    TURNED_BACK = "turned back"


@dataclass(slots=True)
class PassageState:
    """Filled by `evolve`, then only read."""

    history: History
    phase: Phase = Phase.OPENED
    versions: list[Declared] = field(default_factory=list)
    declaration: Declared | None = None
    passes: dict[str, PassGranted] = field(default_factory=dict)
    refusals: list[PassRefused] = field(default_factory=list)
    revocations: list[PassRevoked] = field(default_factory=list)
    accounts: list[Accounted] = field(default_factory=list)
    arrivals: list[Arrived] = field(default_factory=list)
    entries: list[Entered] = field(default_factory=list)
    exits: list[Exited] = field(default_factory=list)
    turned_back: list[TurnedBack] = field(default_factory=list)
    inspections: list[Inspected] = field(default_factory=list)
    seals: list[SealSeen] = field(default_factory=list)
    countersigns: list[Countersigned] = field(default_factory=list)
    rest: list[Acknowledged | Other] = field(default_factory=list)
    """What changes nothing."""

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """Arrivals, entries and exits, kind by kind."""
        return (*self.arrivals, *self.entries, *self.exits)

    def declared_as(self, leaf: str) -> Declared | None:
        """The version of the declaration with this leaf, if it was not withdrawn."""
        return next((version for version in self.versions if version.event.leaf == leaf), None)

    def versions_at(self, event: Event) -> tuple[Declared, ...]:
        """The versions of the declaration that may have been in force when `event` occurred.

        Two posts' clocks do not settle which came first while their bounds overlap: then each may have been.
        """
        if len(self.versions) < 2:
            return tuple(self.versions)
        begun = [version for version in self.versions if not surely_before(event, version.event)]
        replaced = [
            place for place, version in enumerate(begun) if place and surely_before(version.event, event)
        ]
        return tuple(begun[replaced[-1] :] if replaced else begun)


def evolve(history: History) -> PassageState:
    """The state after this history."""
    state = PassageState(history)
    for event in history.standing:
        _add(state, happening(event))
    if history.versions is not history.standing:
        told = map(happening, history.versions)
        state.versions = [version for version in told if isinstance(version, Declared)]
    return state


def _add(state: PassageState, told: Happening) -> None:
    """What one happening changes."""
    match told:
        case Declared():
            state.versions.append(told)
            state.declaration = told
            if state.phase is Phase.OPENED:
                state.phase = Phase.DECLARED
        case PassGranted():
            state.passes[told.event.leaf] = told
            if state.phase in (Phase.OPENED, Phase.DECLARED, Phase.REFUSED):
                state.phase = Phase.CLEARED
        case PassRefused():
            state.refusals.append(told)
            if state.phase in (Phase.OPENED, Phase.DECLARED):
                state.phase = Phase.REFUSED
        case Arrived():
            state.arrivals.append(told)
            state.phase = Phase.ARRIVED
        case Entered():
            state.entries.append(told)
            state.phase = Phase.ON_THE_ROAD
        case Exited():
            state.exits.append(told)
            state.phase = Phase.EXITED
        case TurnedBack():
            state.turned_back.append(told)
            state.phase = Phase.TURNED_BACK
        case Inspected():
            state.inspections.append(told)
        case SealSeen():
            state.seals.append(told)
        case Countersigned():
            state.countersigns.append(told)
        case PassRevoked():
            state.revocations.append(told)
        case Accounted():
            state.accounts.append(told)
        case _:
            state.rest.append(told)  # by its type: no kind is forgotten
