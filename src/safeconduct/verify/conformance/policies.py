"""Policies and receipts (C2SP tlog-policy, tlog-proof)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.verify.conformance.case import Case, bytes_of


def policies(document: Any) -> Iterator[Case]:
    """Read or refused; printed and read again; quorums."""
    for case in document["cases"]:
        policy = _policy(bytes_of(case, "policy"))
        yield Case(case["desc"], case["valid"], policy is not None)
        if policy is None:
            continue
        again = Policy.parse(policy.print().encode("utf-8", "surrogateescape"))
        yield Case(f"{case['desc']}: printed and read again", policy, again)
        for question in case.get("quorum", ()):
            names = question["cosigned"]
            yield Case(f"{case['desc']}: {names}", question["met"], policy.quorum.met_by(names))


def tlog_proofs(document: Any) -> Iterator[Case]:
    """Receipts under the log's key alone; where one is refused, at which stage."""
    for case in document["cases"]:
        policy = Policy.parse(f"log {case['log_vkey']}\nquorum none\n".encode())
        found = _grade(case["proof"].encode(), case["entry_utf8"].encode(), policy)
        yield Case(case["desc"], "logged" if case["expect"] == "ok" else case["stage"], found)


def receipts_with_quorum(document: Any) -> Iterator[Case]:
    """Receipts under a whole policy."""
    policy = Policy.parse(document["policy"].encode())
    for case in document["cases"]:
        found = _grade(case["receipt"].encode(), document["entry_utf8"].encode(), policy)
        yield Case(case["desc"], case["accept"], found == "cosigned")


def _policy(data: bytes) -> Policy | None:
    try:
        return Policy.parse(data)
    except Malformed:
        return None


def _grade(data: bytes, entry: bytes, policy: Policy) -> str:
    """The receipt's grade, or the stage at which it was refused."""
    try:
        receipt = Receipt.parse(data)
    except Malformed:
        return "parse"
    try:
        grade = receipt.check(entry, policy)
    except Disproved:
        return "verify"
    return grade if receipt.print().encode() == data else "printed back, it differs"
