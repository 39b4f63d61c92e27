"""Logs whose pages are looked at, and a server with several threads that shows one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from django.urls import include, path

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.replay_folder import ReplayFolder
from safeconduct.core.agreement.founding import Founding
from safeconduct.service.ports import Clock, Store
from safeconduct.service.replay_source import read_replayable
from safeconduct.sim.day import play_day
from safeconduct.sim.hand import Written
from safeconduct.sim.replay import replay
from safeconduct.sim.stage import Stage, corridor_file
from safeconduct.web import public

ROOT = Path(__file__).parents[2]
LOCALE = Path(public.__file__).parent / "locale"
POWER = 'restriction = ["mission/officer"'

urlpatterns = [path("", include("safeconduct.web.public.urls"))]


@dataclass(eq=False)
class Scene:
    """A log, as the pages read it."""

    store: Store
    founding: Founding
    clock: Clock


_given: list[Scene] = []


def log() -> Scene:
    """What the setting names: the scene of the moment."""
    return _given[-1]


@contextmanager
def under_pages(scene: Scene) -> Iterator[None]:
    """The pages of this log, for every client in this process."""
    _given.append(scene)
    try:
        with override_settings(
            ROOT_URLCONF="tests.web.public_scene",
            MIDDLEWARE=["safeconduct.web.security.secure"],
            SAFECONDUCT_PUBLIC_LOG="tests.web.public_scene.log",
            LOCALE_PATHS=[str(LOCALE)],
            ALLOWED_HOSTS=["*"],
        ):
            yield
    finally:
        _given.pop()


def scene_of(stage: Stage) -> Scene:
    return Scene(stage.store, stage.founding, stage.clock)


@cache
def black_sea() -> Scene:
    """The voyages of the example, replayed."""
    source = read_replayable(ReplayFolder(ROOT / "examples" / "black-sea-2022"))
    replayed = replay(source, MemoryStore())
    return Scene(replayed.sequencer.store, replayed.sequencer.founding, replayed.clock)


@cache
def simulated_day() -> Scene:
    """A small invented day."""
    return scene_of(play_day("pages", vehicles=92))


def agreement_with_restrictions(*, delay: str = "0 s") -> str:
    text = corridor_file("agreement.toml").replace(POWER, f'{POWER}, "liaison"')
    return text.replace(
        '[limits.publication_delay]\nvalue = "0 s"', f'[limits.publication_delay]\nvalue = "{delay}"'
    )


def restrict(stage: Stage, claims: dict[str, Any], by: str = "mission/officer") -> Written:
    """A restriction, logged: closed from now on, for everybody, unless said otherwise."""
    clear = {"state": "closed", "from": stage.clock.now(), "conditions": [], **claims}
    written = stage.hand(by).record("restriction", clear=clear)
    stage.publish()
    return written


@cache
def restricted() -> Scene:
    """A road that is closed for residents, restricted for relief goods, and a queue at its gate."""
    stage = Stage("restricted", agreement=agreement_with_restrictions())
    for number in range(4):
        moving = stage.declare(plate=f"KM {4711 + number}", people=2, lines=[("1101", 20_000, "KGM")])
        moving.grant()
        moving.arrive()
        if number < 2:
            seen = moving.inspect()
            moving.countersign(seen, by="orva/liaison")
            moving.enter()
            stage.clock.advance(hours=1)
            moving.exit()
        stage.clock.advance(hours=2)
    restrict(stage, {"class": "resident", "ordered_by": "orva", "reason": "repairs"}, by="orva/liaison")
    half = {
        "class": "humanitarian",
        "state": "restricted",
        "conditions": ["daylight-only"],
        "direction": "in",
    }
    restrict(stage, half)
    restrict(stage, {"class": "guarantor", "state": "open"})
    return scene_of(stage)


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing: the tests speak."""


@contextmanager
def serving(scene: Scene) -> Iterator[str]:
    """The address of a server that shows this log."""
    with (
        under_pages(scene),
        make_server("127.0.0.1", 0, get_wsgi_application(), _Threading, _Quiet) as server,
    ):
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
