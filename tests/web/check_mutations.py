"""Spoilt receipts, policies and records, seeded: what Python says of each, the browser must say.

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
from tests.web.checking import Ask, Question, asking, b64, entry_parts, python_says, receipt_grade

_RECEIPTS = Path(__file__).parents[2] / "vectors" / "tlog" / "receipts_with_quorum.json"
_ALPHABET = b"AZaz09+/-_=~. \n\t\r\0\x7f\x80\xc3\xff\"'\\{}[],:" + "—".encode()
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


def spoil(data: bytes, chance: Random) -> bytes:
    """A few bytes replaced, put in, taken out, or exchanged; never the same as before."""
    spoilt = data
    while spoilt == data:
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            at = chance.randrange(max(len(spoilt), 1))
            match chance.randrange(6):
                case 0:
                    flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in spoilt[at : at + 1])
                    spoilt = spoilt[:at] + flipped + spoilt[at + 1 :]
                case 1:
                    spoilt = spoilt[:at] + bytes([chance.choice(_ALPHABET)]) + spoilt[at + 1 :]
                case 2:
                    spoilt = spoilt[:at] + bytes([chance.choice(_ALPHABET)]) + spoilt[at:]
                case 3:
                    spoilt = spoilt[:at] + spoilt[at + chance.choice((1, 1, 2, 32)) :]
                case 4:
                    spoilt = spoilt[:at] + spoilt[at + 1 : at + 2] + spoilt[at : at + 1] + spoilt[at + 2 :]
                case _:
                    spoilt = spoilt[: at + 1]
    return spoilt


def shuffle(data: bytes, chance: Random) -> bytes:
    """A line moved, repeated or dropped: what is left may be good."""
    lines = data.splitlines(keepends=True)
    line = lines.pop(chance.randrange(len(lines)))
    for _ in range(chance.randrange(3)):
        lines.insert(chance.randrange(len(lines) + 1), line)
    return b"".join(lines)


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
    """All faults in their words; of JSON's spelling, where and by which rule; advice may be less near here."""
    if "said" in answer:
        return answer["said"][:2] if len(answer["said"]) == 4 else answer["said"]
    faults = answer["faults"]
    if [one[3] for one in faults] == ["record.spelling"]:
        return answer["refused"], faults[0][3]
    return answer["refused"], [(message, where, rule) for message, where, _, rule in faults]


def main() -> None:
    number, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "check"
    chance, counts = Random(seed), Counter[str]()  # noqa: S311 - to be repeated
    with asking() as ask:
        for _ in range(-(-number // 10_000)):
            pairs = [of_receipt(*one) for one in spoilt_receipts(6000, chance)]
            counts["accepted"] += sum(one.get("said", [""])[0] == "cosigned" for _, one in pairs)
            pairs += [of_receipt(*one) for one in other_receipts(1000, chance)]
            pairs += [of_record(one) for one in spoilt_records(3000, chance)]
            counts["played"] += len(pairs)
            for different in differing(ask, pairs):
                counts["different"] += 1
                print(*different[1:], flush=True)  # noqa: T201 - what this is for
            print(dict(counts), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
