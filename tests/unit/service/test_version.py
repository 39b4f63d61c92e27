"""The version that the service cites is the auditor's, whoever handed in what."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.identifiers import new_jti
from safeconduct.service.sequence import Submission
from safeconduct.service.version import keyring_at, version_in_force
from tests.unit.service.service_scene import AGREEMENT, CHANCE, ROUTE, START, Scene, key

ALLOWED = f'{AGREEMENT}amendment = ["root"]\n'


@pytest.fixture
def scene() -> Scene:
    made = Scene(MemoryStore(), agreement=ALLOWED)
    made.log.submit([Submission(made.founding)])
    return made


def proposed(scene: Scene) -> str:
    """The leaf of the guarantor's proposal of version 2."""
    text = ALLOWED.replace("version = 1", "version = 2")
    proposal = scene.record("amendment", {"agreement": text, "route": ROUTE, "version": 2})
    scene.log.submit([proposal])
    return leaf_hash(proposal.entry).hex()


def consent(scene: Scene, of: str, *, name: str = "orva", **claims: Any) -> Submission:
    """A consent under a party's name."""
    drafted = draft(
        "consent",
        iss="orva/root",
        iat=START,
        seq=0,
        prev="",
        cor=scene.log.founding.cor,
        agr=1,
        jti=new_jti(START, CHANCE, f"consent/{name}/{claims}"),
        clear={"of": of},
        salt=lambda field: CHANCE.bytes(field, 16),
    )
    return Submission(sign({**drafted.payload, **claims}, key(name)))


def in_force(scene: Scene) -> int:
    return version_in_force(scene.log.founding, scene.store, scene.store.size())


def test_an_amendment_is_in_force_with_the_consent_that_it_needs(scene: Scene) -> None:
    assert in_force(scene) == 1
    leaf = proposed(scene)
    assert in_force(scene) == 1
    scene.log.submit([consent(scene, leaf)])
    assert in_force(scene) == 2


def test_a_consent_of_nobody_or_of_another_corridor_counts_for_nothing(scene: Scene) -> None:
    leaf = proposed(scene)
    scene.log.submit([consent(scene, leaf, name="thief")])
    scene.log.submit([consent(scene, leaf, cor="c0" * 32)])
    forged = consent(scene, leaf).entry
    other = consent(scene, leaf, agr=2).entry
    scene.log.submit([Submission(forged.rpartition(b".")[0] + b"." + other.rpartition(b".")[2])])
    assert in_force(scene) == 1


def test_a_key_record_without_an_acceptable_key_stops_nothing(scene: Scene) -> None:
    good = {"cnf": {"jwk": jwk_of(key("device").public_key)}, "holder": "mission/officer"}
    bad = {"cnf": {"jwk": {**jwk_of(bytes(32)), "x": "A" * 43}}, "holder": "mission/officer"}
    leaf = proposed(scene)
    scene.log.submit([scene.record("key", bad)])
    scene.log.submit([scene.record("key", good)])
    scene.log.submit([consent(scene, leaf)])
    assert in_force(scene) == 2
    ring = keyring_at(scene.log.founding, scene.store, scene.store.size())
    assert "mission/officer" in {one.holder for one in ring.keys.values()}
