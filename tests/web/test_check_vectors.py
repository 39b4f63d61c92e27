"""The check page and the published vectors: what the browser says of each case is what Python says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.spelling import print_base64
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.tlog.tree import leaf_hash, node_hash
from safeconduct.verify.conformance.case import bytes_of, from_base64
from safeconduct.verify.conformance.signatures import REFUSED_FLAGS
from tests.unit.record.record_samples import sample, spell
from tests.web.browser import CHROMIUM, WHY
from tests.web.checking import Ask, asking, b64, python_says, receipt_grade

VECTORS = Path(__file__).parents[2] / "vectors"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as probe:
        yield probe


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_bytes())


def verdicts(answers: list[Any]) -> list[bool]:
    return ["said" in one for one in answers]


def test_ed25519_is_judged_on_the_bytes_first(ask: Ask) -> None:
    cases = read("ed25519/edge_points.json")
    answers = ask(
        (
            "ed25519",
            {
                "key": b64(bytes.fromhex(case["key"])),
                "message": b64(case["msg"].encode()),
                "signature": b64(bytes.fromhex(case["sig"])),
            },
        )
        for case in cases
    )
    expected = [REFUSED_FLAGS.isdisjoint(case["flags"] or ()) for case in cases]
    assert len(cases) == 610
    assert [one["said"] for one in answers] == expected


def test_records_keep_their_one_spelling_and_break_the_same_rule(ask: Ask) -> None:
    document = read("record/entries.json")
    key = b64(bytes.fromhex(document["public_key"]))
    answers = ask(("entry", {"entry": b64(case["entry"].encode()), "key": key}) for case in document["cases"])
    for case, answer in zip(document["cases"], answers, strict=True):
        if case["rule"]:
            assert answer["faults"][0][3] == case["rule"], case["about"]
        else:
            assert answer["said"][:3] == [case["leaf"], case["kid"], True], case["about"]


@pytest.mark.parametrize(
    "text", ["\U00016d63\U00016d67", "\U000105d2\u0307", "\u0378", "e\u0301", "\ue000\uffff é"]
)
def test_what_the_browser_s_own_unicode_knows_makes_no_difference(ask: Ask, text: str) -> None:
    (answer,) = ask([("canonical", {"text": b64(canonical(text))})])
    assert answer == python_says(lambda: canonical(parse_canonical(canonical(text))).decode())


def test_every_kind_has_the_same_claims_in_the_same_words(ask: Ask) -> None:
    (answer,) = ask([("kinds", {})])
    assert answer["said"] == {
        name: {claim: [shape.words, shape.optional] for claim, shape in kind.form.shapes.items()}
        for name, kind in KINDS.items()
    }


def test_disclosures_open_the_field_that_holds_their_digest(ask: Ask) -> None:
    for kind in KINDS:
        drafted = sample(kind, private={name: f"{name} é" for name in KINDS[kind].private})
        entry = b64(spell(drafted.payload))
        opened = ask(("reveal", {"entry": entry, "disclosure": text}) for text in drafted.disclosures)
        assert verdicts(opened) == [True] * len(drafted.disclosures)
        assert {one["said"][1]: one["said"][2] for one in opened if one["said"][0] is None} == {
            name: f"{name} é" for name in KINDS[kind].private
        }
    other = sample("entered", private={"plate": "KM 4711"}).disclosures[0]
    spoilt = [other, other[:-1], other + "=", "", other.lower()]
    answers = ask(("reveal", {"entry": entry, "disclosure": text}) for text in spoilt)
    rules = [one["faults"][0][3] for one in answers]
    assert rules == ["disclosures.false", *["disclosures.spelling"] * 4]


def test_verifier_keys(ask: Ask) -> None:
    cases = read("tlog/vkeys.json")["keys"]
    for case, answer in zip(cases, ask(("vkey", {"text": case["vkey"]}) for case in cases), strict=True):
        if case["valid"]:
            parts = [case["name"], case["key_id_hex"], case["type"], case["public_key_bytes"], case["vkey"]]
            assert answer["said"] == parts
        else:
            assert answer["refused"] == "Malformed", case


@pytest.mark.parametrize("name", ["signed_notes", "checkpoints", "checkpoint_strictness", "cosignatures"])
def test_notes_heads_and_cosignatures(ask: Ask, name: str) -> None:
    cases = read(f"tlog/{name}.json")["cases"]
    head = name != "signed_notes"
    field = "checkpoint" if head else "note"
    lines = [case for case in cases if "signature_base64" in case]
    times = ask(("claimed", {"blob": b64(from_base64(case["signature_base64"])[4:])}) for case in lines)
    expected = [None if case.get("timestamp") is None else str(case["timestamp"]) for case in lines]
    assert [one["said"] for one in times] == expected
    whole = [case for case in cases if "signature_base64" not in case]
    answers = ask(
        ("note", {"note": b64(bytes_of(case, field)), "known": case["known_keys"], "head": head})
        for case in whole
    )
    assert len(lines) + len(whole) >= 10
    for case, answer in zip(whole, answers, strict=True):
        verdict, signers = answer["said"]
        assert verdict == case["expect"], case["desc"]
        if "verified" in case:
            assert sorted(signers) == sorted(case["verified"]), case["desc"]


def test_cosignatures_by_mldsa_are_over_the_bytes_of_the_specification(ask: Ask) -> None:
    cases = read("tlog/mldsa_cosignatures.json")["cases"]
    messages = ask(
        (
            "messages",
            {
                "name": case["cosigner_name"],
                "time": str(case["timestamp"]),
                "origin": case["log_origin"],
                "start": str(case["start"]),
                "end": str(case["end"]),
                "root": b64(bytes.fromhex(case["root_hex"])),
            },
        )
        for case in cases
    )
    assert [one["said"] for one in messages] == [case["cosigned_message_hex"] for case in cases]
    heads = [case for case in cases if case["start"] == 0]
    notes = [
        f"{case['log_origin']}\n{case['end']}\n{print_base64(bytes.fromhex(case['root_hex']))}\n"
        f"\n{case['signature_line'].rstrip()}\n"
        for case in heads
    ]
    answers = ask(
        ("note", {"note": b64(note.encode()), "known": [case["vkey"]], "head": True})
        for note, case in zip(notes, heads, strict=True)
    )
    counted = ["ok" if case["timestamp"] else "unverified" for case in heads]
    assert [one["said"][0] for one in answers] in (
        counted,
        ["unverified"] * len(heads),
    )  # a browser without it


def test_policies_and_their_quorums(ask: Ask) -> None:
    cases = read("tlog/policies.json")["cases"]
    names = [[question["cosigned"] for question in case.get("quorum", ())] for case in cases]
    answers = ask(
        ("quorums", {"policy": b64(bytes_of(case, "policy")), "asked": some})
        for case, some in zip(cases, names, strict=True)
    )
    for case, answer in zip(cases, answers, strict=True):
        assert ("said" in answer) is case["valid"], case["desc"]
        if case["valid"]:
            assert answer["said"] == [question["met"] for question in case.get("quorum", ())], case["desc"]


def test_receipts_under_the_log_s_key_and_where_they_are_refused(ask: Ask) -> None:
    stages = {"parse": "Malformed", "verify": "Disproved"}
    cases = read("tlog/tlog_proofs.json")["cases"]
    answers = ask(
        (
            "receipt",
            {
                "receipt": b64(case["proof"].encode()),
                "entry": b64(case["entry_utf8"].encode()),
                "policy": b64(f"log {case['log_vkey']}\nquorum none\n".encode()),
            },
        )
        for case in cases
    )
    for case, answer in zip(cases, answers, strict=True):
        if case["expect"] == "ok":
            assert answer["said"][0] == "logged", case["desc"]
        else:
            assert answer["refused"] == stages[case["stage"]], case["desc"]


def test_receipts_under_a_whole_policy(ask: Ask) -> None:
    document = read("tlog/receipts_with_quorum.json")
    entry, policy = document["entry_utf8"].encode(), document["policy"].encode()
    answers = ask(
        ("receipt", {"receipt": b64(case["receipt"].encode()), "entry": b64(entry), "policy": b64(policy)})
        for case in document["cases"]
    )
    for case, answer in zip(document["cases"], answers, strict=True):
        said = python_says(partial(receipt_grade, case["receipt"].encode(), entry, policy))
        assert answer == said, case["desc"]
        assert (answer.get("said", [""])[0] == "cosigned") is case["accept"]


def test_consistency_proofs(ask: Ask) -> None:
    cases = read("tlog/consistency_proofs.json")["cases"]
    answers = ask(
        (
            "consistency",
            {
                "oldSize": str(case["size1"]),
                "oldRoot": case["root1"] or "",
                "size": str(case["size2"]),
                "root": case["root2"] or "",
                "proof": case["proof"] or [],
            },
        )
        for case in cases
    )
    assert len(cases) == 57
    assert verdicts(answers) == [case["valid"] for case in cases]


def test_inclusion_proofs_and_the_tree_s_hashes(ask: Ask) -> None:
    cases = read("tlog/inclusion_proofs.json")["cases"]
    answers = ask(
        (
            "inclusion",
            {
                "leaf": case["leafHash"],
                "index": str(case["leafIdx"]),
                "size": str(case["treeSize"]),
                "proof": case["proof"] or [],
                "root": case["root"] or "",
            },
        )
        for case in cases
    )
    assert verdicts(answers) == [case["valid"] for case in cases]
    leaves = [bytes.fromhex(leaf) for leaf in read("tlog/merkle_tree.json")["leaves_hex"]]
    (hashes,) = ask([("hashes", {"leaves": [b64(leaf) for leaf in leaves]})])
    hashed = [leaf_hash(leaf) for leaf in leaves]
    assert hashes["said"] == [[one.hex() for one in hashed], node_hash(*hashed[:2]).hex()]
