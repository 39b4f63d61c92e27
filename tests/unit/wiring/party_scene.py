"""A party of a simulated corridor that a web server of this machine serves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safeconduct.adapters.clock import FixedClock
from safeconduct.sim.stage import Stage
from safeconduct.wiring.party import Corridor, found_at, new_party
from safeconduct.wiring.party_mirror import PartyMirror

NAME = "orva.example/witness"
NOON = 1_790_000_000


def public(stage: Stage) -> Mapping[str, bytes]:
    return stage.archive("public").files


def new(folder: Path, url: str, stage: Stage) -> Corridor:
    """A party that follows it."""
    found = found_at(url, stage.cor, None)
    new_party(folder, NAME, found)
    return found[0]


@dataclass
class Log:
    """Instead of the lines."""

    said: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, event: str, **fields: object) -> None:
        json.dumps(fields)  # it could be written
        self.said.append({"event": event, **fields})

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.said]


def mirror_of(folder: Path, corridor: Corridor, log: Log, clock: FixedClock) -> PartyMirror:
    return PartyMirror(folder, corridor, clock, log)
