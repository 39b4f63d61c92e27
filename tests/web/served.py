"""A simulated corridor in a folder, its log in SQLite, with its API under `/api/`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.test import Client, override_settings

from safeconduct.adapters.group_commit import GroupCommit
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.service.admission import admit
from safeconduct.service.ports import Store
from safeconduct.service.sequence import Sequencer
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage
from safeconduct.web.api.needs import Corridor, Submit
from safeconduct.wiring.offline import corridor_over, new_store, open_store
from tests.web import api_urls

SEED = "served"


def founded(folder: Path) -> Stage:
    """A corridor in this folder; its people sign on, and nobody's records go anywhere by themselves."""
    keys = Stage(SEED, watching=False)
    held = {name: keys.key(name) for name in ("log", "service")}
    held |= {f"witness-{witness.seat}": witness.key for witness in keys.witnesses}
    with new_store(folder, keys=held, seed=SEED.encode()) as store:
        stage = Stage(SEED, store=store)
        stage.declare().grant()
        stage.publish()
    for hand in stage.hands.values():
        hand.hand_in = lambda _: None
    return stage


@dataclass
class Served:
    """The corridor, its people, and a client who has no cookie."""

    stage: Stage
    corridor: Corridor
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def offer(self, digit: str = "0", **claims: Any) -> Written:
        return self.stage.hand("mission/officer").write("offered", clear={"leaf": digit * 64}, **claims)

    def stranger(self, number: int) -> tuple[Written, Written]:
        """A declarant's enrolment, and its first record."""
        hand = self.stage.stranger(f"relief-{number}/declarant")
        clear = {"cnf": {"jwk": jwk_of(hand.key.public_key)}, "holder": hand.iss}
        return (
            self.stage.hand("mission/root").write("key", clear=clear),
            hand.write("offered", clear={"leaf": "0" * 64}),
        )

    def post(self, body: object, **headers: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic("POST", "/api/records", data, "application/json", **headers)

    def hand_in(self, *written: Written) -> Any:
        return self.post({"records": [item(one) for one in written]})

    def receipt(self, answer: dict[str, Any], written: Written) -> Receipt:
        """The receipt in an answer, which holds, and has the grade that it says."""
        receipt = Receipt.parse(answer["receipt"].encode())
        assert self.corridor.sequencer is not None
        assert receipt.check(written.entry, self.corridor.sequencer.policy) == answer["grade"]
        return receipt

    def entries(self) -> list[bytes]:
        return list(self.corridor.store.entries())


def item(written: Written) -> dict[str, Any]:
    """A record as it is handed in."""
    disclosures = {"disclosures": list(written.disclosures)} if written.disclosures else {}
    return {"record": written.entry.decode(), **disclosures, "nature": "simulated"}


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The whole: founded, opened, reachable."""
    stage = founded(folder)
    store: Any = PerThread(folder)
    sequencer = corridor_over(store, folder).sequencer
    group = GroupCommit(partial(admit, sequencer))
    here = Open(store, sequencer, group.submit)
    try:
        with under_api(here):
            yield Served(stage, here)
    finally:
        group.stop()


class PerThread:
    """One database, each thread with its own connection to it: what the server's store does."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._local = folder, threading.local()

    def __getattr__(self, name: str) -> Any:
        if not hasattr(self._local, "store"):
            self._local.store = open_store(self._folder)
        return getattr(self._local.store, name)


@contextmanager
def under_api(corridor: Corridor) -> Iterator[None]:
    """This corridor's API, for every client in this process."""
    before, api_urls.current = api_urls.current, corridor
    try:
        with override_settings(ROOT_URLCONF="tests.web.api_urls"):
            yield
    finally:
        api_urls.current = before


@dataclass
class Open:
    """What the API needs of a server."""

    store: Store
    sequencer: Sequencer | None
    submit: Submit
    stopped: SafeconductError | None = None


def problem(response: Any, status: int, rule: str) -> dict[str, Any]:
    """The problem document of an answer, which is whole."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    document: dict[str, Any] = json.loads(response.content)
    check_problem(document, status, [rule])
    return document


def check_problem(document: dict[str, Any], status: int, rules: Sequence[str]) -> None:
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert [fault["rule"] for fault in document["faults"]] == list(rules)
    assert {"title", "detail", "where", "next_step"} <= document.keys()
    assert document["rule"] == rules[0]
    assert document["next_step"]
