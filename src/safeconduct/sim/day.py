"""A normal day on a corridor of the size of Lachin's, all of it invented; as many days as are asked for.

920 vehicles with 2,450 people, both ways: residents who need no pass, relief goods under passes, inspected
and sealed, and the guarantor's own traffic. Two posts with two shifts each; at each the liaisons of both
parties, who countersign; one post without a network for two hours. In the evening everybody is through, and
every shift has handed in.

The same seed gives the same log, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TypeAlias

from safeconduct.service.ports import Store
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import OBSERVED, POSTS, Stage

VEHICLES = 920
PEOPLE = 2_450
BEAT_S = 900
"""A head every quarter of an hour, while there is something to log."""

_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
_SHIFT_S = 8 * _HOUR_S
_FIRST_ARRIVAL_S, _LAST_ARRIVAL_S = 3 * _HOUR_S, 14 * _HOUR_S
_OFFLINE_S = (5 * _HOUR_S, 7 * _HOUR_S)
_PRESENT = ("orva", "tessin")
_LETTERS = "ABEKMHOPCTYX"
_GOODS = (
    ("1101", 20_000, "KGM"),
    ("1006", 12_000, "KGM"),
    ("3004", 800, "KGM"),
    ("2710", 15_000, "LTR"),
    ("6301", 400, "C62"),
    ("0713", 9_000, "KGM"),
)

Step: TypeAlias = tuple[int, int, Callable[[], object]]
"""When, in which order of those at one instant, what."""


@dataclass(slots=True)
class _Traffic:
    """One vehicle's day before it happens."""

    number: int
    movement: Movement
    arrives: int
    road_s: int


class Day:
    """The corridor on one day after the other."""

    def __init__(self, seed: str, *, vehicles: int, people: int, store: Store | None) -> None:
        """Founded, and everybody enrolled."""
        self.stage = Stage(seed, store=store, watching=False, bulk=True)
        self.vehicles, self.people = vehicles, people
        for post in POSTS:
            self.stage.enrol(f"{post}/post", f"{post}/second")
            for seat in _PRESENT:
                self.stage.enrol(f"{seat}/liaison", f"{post}/{seat}")
        self.stage.publish()
        self._order = count()

    def play(self, number: int) -> None:
        """Day `number`, from 06:00 to 06:00."""
        clock = self.stage.clock
        start = clock.now()
        steps = sorted((*self._shifts(start), *self._traffic(start, number)), key=lambda step: step[:2])
        beat = start + BEAT_S
        for time, _, act in steps:
            while time >= beat:
                clock.tick(beat - clock.now())
                self.stage.publish()
                beat += BEAT_S
            clock.tick(time - clock.now())
            act()
        clock.set(start + _DAY_S)

    def _step(self, time: int, act: Callable[[], object]) -> Step:
        return time, next(self._order), act

    # Watches

    def _shifts(self, start: int) -> Iterator[Step]:
        """Two shifts at each post, a device each; the south gate's first has no network for a while."""
        for post in POSTS:
            for shift, device in enumerate((f"{post}/post", f"{post}/second")):
                begin = start + shift * _SHIFT_S
                yield self._step(begin, partial(self._open, post, device))
                yield self._step(begin + _SHIFT_S, partial(self._close, post, device))
        south = self.stage.hand("south-gate")
        yield self._step(start + _OFFLINE_S[0], lambda: setattr(south, "offline", True))
        yield self._step(start + _OFFLINE_S[1], south.connect)

    def _open(self, post: str, device: str) -> None:
        clear = {"post": post, "kinds": list(OBSERVED), "present": list(_PRESENT)}
        self.stage.watches[device] = self.stage.hand(device).record("watch-start", clear=clear)
        self.stage.on_duty[post] = device

    def _close(self, post: str, device: str) -> None:
        clear = {"post": post, "start": self.stage.watches.pop(device).leaf}
        self.stage.hand(device).record("watch-end", clear=clear)

    # Traffic

    def _traffic(self, start: int, day: int) -> Iterator[Step]:
        for number in range(self.vehicles):
            yield from self._steps(self._vehicle(start, day, number))

    def _draw(self, name: str, below: int) -> int:
        return int.from_bytes(self.stage.chance.bytes(f"day/{name}", 8), "big") % below

    def _vehicle(self, start: int, day: int, number: int) -> _Traffic:
        """Which vehicle, with whom; the classes and the people add up to those of the whole day."""
        name = f"{day}/{number}"
        place = number % 92  # of 92 vehicles 18 carry relief goods, 4 are the guarantor's
        traffic_class = "humanitarian" if place < 18 else "guarantor" if place < 22 else "resident"
        aboard = self.people * (number + 1) // self.vehicles - self.people * number // self.vehicles
        letter = _LETTERS[self._draw(f"{name}/letter", len(_LETTERS))]
        movement = self.stage.passage(
            plate=f"{letter} {10_000 + self._draw(f'{name}/plate', 90_000)}",
            people=aboard,
            direction="in" if self._draw(f"{name}/direction", 2) else "out",
            traffic_class=traffic_class,
            goods=self._goods(name) if traffic_class == "humanitarian" else (),
        )
        arrives = start + _FIRST_ARRIVAL_S + self._draw(f"{name}/arrives", _LAST_ARRIVAL_S - _FIRST_ARRIVAL_S)
        return _Traffic(number, movement, arrives, 4_200 + self._draw(f"{name}/road", 1_500))

    def _goods(self, name: str) -> list[tuple[str, int, str]]:
        first = self._draw(f"{name}/goods", len(_GOODS))
        return [_GOODS[(first + n) % len(_GOODS)] for n in range(1 + self._draw(f"{name}/lines", 3))]

    def _steps(self, one: _Traffic) -> Iterator[Step]:
        moving, arrives = one.movement, one.arrives
        entered = arrives + 120
        if moving.traffic_class == "humanitarian":
            seal = f"{7_000_000 + self._draw(f'{moving.psg}/seal', 1_000_000)}"
            entered = arrives + 1_500
            yield self._step(arrives - 2 * _HOUR_S - 1_200, moving.declare)
            yield self._step(arrives - 2 * _HOUR_S, moving.grant)
            yield self._step(arrives + 600, lambda: self._inspect(moving))
            yield self._step(arrives + 1_200, lambda: moving.affix_seal(seal))
            yield self._step(entered + one.road_s - 300, lambda: moving.find_seal(seal))
        yield self._step(arrives, moving.arrive)
        yield self._step(entered, moving.enter)
        yield self._step(entered + one.road_s, moving.exit)

    def _inspect(self, moving: Movement) -> None:
        seen = moving.inspect()
        for seat in _PRESENT:
            moving.countersign(seen, by=f"{moving.start}/{seat}")


def play_day(
    seed: str = "a normal day",
    *,
    vehicles: int = VEHICLES,
    people: int | None = None,
    days: int = 1,
    store: Store | None = None,
) -> Stage:
    """The stage after `days` days, every record logged; people as many for each vehicle as at Lachin."""
    aboard = PEOPLE * vehicles // VEHICLES if people is None else people
    corridor = Day(seed, vehicles=vehicles, people=aboard, store=store)
    for number in range(days):
        corridor.play(number)
    return corridor.stage
