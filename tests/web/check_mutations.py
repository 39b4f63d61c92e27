"""Spoilt receipts, policies, records and evidence, seeded: what Python says of each, the browser must say.

`python -m tests.web.check_mutations 1000000` plays so many, and counts.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.record.kinds import KINDS
from tests.unit.record.record_samples import COR, JWK, LEAF, sample, spell, spell_bytes
from tests.web.check_evidence import of_evidence, other_policies, outcome, spoilt_evidence
from tests.web.check_spoiling import shuffle, spoil
from tests.web.checking import Ask, Question, asking, b64, entry_parts, python_says, receipt_grade

_RECEIPTS = Path(__file__).parents[2] / "vectors" / "tlog" / "receipts_with_quorum.json"
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**53 - 1, "", "a", "A", "é", "\n", "x\n", "-", LEAF, COR, "A" * 43, "a" * 65,
    [], {}, [1], ["a", "a"], [[]], {"_sd": ["A" * 43]}, {"_sd": ["A" * 43, "Q" * 43]}, {"_sd": []}, {"...": 1},
    {"_sd_alg": "sha-256"}, {"a": {"_sd": 1}}, {"from": 2, "until": 1}, {"from": 1, "until": 2}, {"jwk": JWK},
    {"leaf": LEAF, "seq": 0}, {"root": COR, "size": 1}, [{"_sd": ["A" * 43]}], [{"x": {"_sd": ["A" * 43]}}], "paper",
)  # fmt: skip
_SPELLINGS: tuple[bytes, ...] = (
    b" ", b"\n", b"1.0", b"1e2", b"-0", b"9007199254740992", b"NaN", b'"\\u0061"', b'"\\ud800"', b'"e\xcc\x81"',
    b'{"a":1,"a":1}', b'{"b":1,"a":1}', b"[" * 40 + b"]" * 40, b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xff", b"01",
    b'{"\xf0\x90\x80\x80":1,"\xee\x80\x80":1}', b'{"\xee\x80\x80":1,"\xf0\x90\x80\x80":1}', b'"\\/"', b'"\x7f"',
)  # fmt: skip


_OF_JSON = re.compile(
    "JSON|a name stands twice|not an integer|an integer is|zero has|the nesting|in NFC|in Unicode|half a character"
)
"""The faults of a text that is not in JCS: which of them is told first, each reader has its own order."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is spoilt: a receipt whose every line its policy needs, and a record of each kind."""

    receipt: bytes
    entry: bytes
    policy: bytes
    payloads: tuple[dict[str, Any], ...]


@cache
def material() -> Material:
    document = json.loads(_RECEIPTS.read_bytes())
    held = next(case["receipt"] for case in document["cases"] if case["desc"] == "both parties")
    payloads = tuple(sample(kind).payload for kind in KINDS)
    held = re.sub("(?m)^extra .*\n", "", held)  # it proves nothing: nobody signed it
    return Material(held.encode(), document["entry_utf8"].encode(), document["policy"].encode(), payloads)


def other_payload(payload: dict[str, Any], chance: Random) -> bytes:
    """A record, well signed, whose payload has other members, or another spelling."""
    changed = json.loads(json.dumps(payload))
    for _ in range(chance.choice((0, 1, 1, 2))):
        inside = [one for one in _objects(changed) if one]
        where = chance.choice(inside) if inside else changed
        name = chance.choice(
            [*where, "later", "evt", "_sd", "...", "lines", "at", "via", "seen", "__proto__"]
        )
        if chance.random() < 0.3:
            where.pop(name, None)
        else:
            where[name] = deepcopy(chance.choice((*_VALUES, *KINDS)))
    text = canonical(changed)
    if chance.random() < 0.2:
        at = chance.choice([at for at in range(len(text)) if text[at : at + 1] in b':,"{'])
        text = text[: at + 1] + chance.choice(_SPELLINGS) + text[at + 1 :]
        return spell_bytes(text)
    return spell(changed)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _objects(member)


def spoilt_receipts(number: int, chance: Random) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Receipt, entry, policy: one of the first two is not what it was."""
    good = material()
    for _ in range(number):
        if chance.random() < 0.8:
            yield spoil(good.receipt, chance), good.entry, good.policy
        else:
            yield good.receipt, spoil(good.entry, chance), good.policy


def other_receipts(number: int, chance: Random) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Lines moved about, or another policy: some of these hold."""
    good = material()
    for _ in range(number):
        policy = good.policy
        if chance.random() < 0.5:
            policy = chance.choice((spoil, shuffle))(policy, chance)
        yield chance.choice((good.receipt, shuffle(good.receipt, chance))), good.entry, policy


def spoilt_records(number: int, chance: Random) -> Iterator[bytes]:
    """Records of every kind with other bytes, or with another payload, well signed."""
    payloads = material().payloads
    entries = [spell(payload) for payload in payloads]
    for _ in range(number):
        which = chance.randrange(len(payloads))
        yield (
            spoil(entries[which], chance) if chance.random() < 0.3 else other_payload(payloads[which], chance)
        )


def of_receipt(receipt: bytes, entry: bytes, policy: bytes) -> tuple[Question, dict[str, Any]]:
    question = ("receipt", {"receipt": b64(receipt), "entry": b64(entry), "policy": b64(policy)})
    return question, python_says(partial(receipt_grade, receipt, entry, policy))


def of_record(entry: bytes) -> tuple[Question, dict[str, Any]]:
    return ("entry", {"entry": b64(entry)}), python_says(partial(entry_parts, entry))


def differing(ask: Ask, pairs: list[tuple[Question, dict[str, Any]]]) -> Iterator[tuple[Any, Any, Any]]:
    """Question, Python's answer, the browser's, wherever they are not the same to a reader."""
    for (question, python), browser in zip(pairs, ask(one for one, _ in pairs), strict=True):
        if _compared(python) != _compared(browser):
            yield question, python, browser


def _compared(answer: dict[str, Any]) -> object:
    """All faults in their words; of JSON's spelling, by which rule; advice may be less near here."""
    if "said" in answer:
        return answer["said"][:2] if len(answer["said"]) == 4 else answer["said"]
    faults = answer["faults"]
    if [one[3] for one in faults] == ["record.spelling"] or (
        len(faults) == 1 and _OF_JSON.search(faults[0][0])
    ):
        return answer["refused"], faults[0][3]
    return answer["refused"], [(message, where, rule) for message, where, _, rule in faults]


def play(ask: Ask, chance: Random) -> Counter[str]:
    """Ten thousand, of every sort; whatever the browser says otherwise is printed."""
    receipts = [of_receipt(*one) for one in spoilt_receipts(3000, chance)]
    others = [of_receipt(*one) for one in other_receipts(300, chance)]
    records = [of_record(one) for one in spoilt_records(3000, chance)]
    files = list(spoilt_evidence(3500, chance))
    evidence = [of_evidence(data) for _, data in files]
    brought = [of_evidence(*one) for one in other_policies(200, chance)]
    pairs = [*receipts, *others, *records, *evidence, *brought]
    counts = Counter(
        f"evidence: {outcome(*one, said)}" for one, (_, said) in zip(files, evidence, strict=True)
    )
    counts["played"] = len(pairs)
    accepted = sum(said.get("said", [""])[0] == "cosigned" for _, said in receipts)
    counts["accepted"] = accepted + counts["evidence: another thing"]
    for different in differing(ask, pairs):
        counts["different"] += 1
        print(*different, flush=True)  # noqa: T201 - what this is for
    return counts


def main() -> None:
    number, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "check"
    chance, counts = Random(seed), Counter[str]()  # noqa: S311 - to be repeated
    with asking() as ask:
        for _ in range(-(-number // 10_000)):
            counts.update(play(ask, chance))
            print(dict(counts), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
