"""Evidence files, good and spoilt, seeded: what Python shows of each, the browser must show."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from random import Random
from typing import Any

from safeconduct.verify.evidence.check import Evidence
from safeconduct.verify.evidence.shown import Shown
from tests.properties.evidence_scene import scene
from tests.properties.test_evidence_mutations import bytes_changed, compared, exchanged, within
from tests.web.check_spoiling import shuffle, spoil
from tests.web.checking import Question, b64, evidence_shown, python_says

NAMES = tuple(scene().files)


@cache
def was(name: str) -> Shown:
    """What the good file shows."""
    return Evidence.parse(scene().files[name]).check()


def own_policy() -> bytes:
    """The policy of the scene's corridor, which stands in each file too."""
    return scene().archive.files["policy"]


def spoilt_evidence(number: int, chance: Random) -> Iterator[tuple[str, bytes]]:
    """The name of the file, and its bytes changed; or its members, with those of the other files."""
    for _ in range(number):
        name = chance.choice(NAMES)
        spoilt = good = scene().files[name]
        while spoilt == good:
            spoilt = chance.choice((bytes_changed, within, exchanged))(good, chance)
        yield name, spoilt


def other_policies(number: int, chance: Random) -> Iterator[tuple[bytes, bytes]]:
    """A good file, and a policy that somebody brings: the same, one with other lines, a spoilt one."""
    for _ in range(number):
        policy = own_policy()
        if chance.random() < 0.9:
            policy = chance.choice((shuffle, shuffle, spoil))(policy, chance)
        yield scene().files[chance.choice(NAMES)], policy


def of_evidence(data: bytes, policy: bytes | None = None) -> tuple[Question, dict[str, Any]]:
    question = ("evidence", {"evidence": b64(data), "policy": None if policy is None else b64(policy)})
    return question, python_says(partial(evidence_shown, data, policy))


def outcome(name: str, data: bytes, answer: dict[str, Any]) -> str:
    """What came of a spoilt file: refused, or what it shows beside the good one."""
    if "refused" in answer:
        return "refused"
    said = answer["said"]
    shown = Shown(said["proved"], tuple(said["proves"]), tuple(said["keys"]), (), tuple(said["needs"]))
    return compared(shown, data, was(name))
