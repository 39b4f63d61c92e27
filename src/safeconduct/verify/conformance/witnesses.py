"""Runs of requests to a witness (C2SP tlog-witness, add-checkpoint): every status, with what it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.tlog.cosignature import verify_cosignature
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.witness import Cosigned, Decision
from safeconduct.core.tlog.witness_request import Request, print_request
from safeconduct.verify.conformance.case import Case

_NOW = 1_700_000_000


def witness_requests(document: Any) -> Iterator[Case]:
    """Each run is one fresh witness with a key of ours; a cosignature that it gives has to verify."""
    signer = SeedSigner(sha256(b"conformance"))
    key = VerifierKey.of("conformance.example", KeyType.COSIGNATURE, signer.public_key)
    for run in document["runs"]:
        cosigner = Decision(key, signer, tuple(VerifierKey.parse(log["vkey"]) for log in run["logs"]))
        held: dict[str, Cosigned] = {}
        for number, step in enumerate(run["steps"]):
            yield from _step(cosigner, held, step, f"{run['name']}: {step['desc']}", _NOW + number)


def _step(cosigner: Decision, held: dict[str, Cosigned], step: Any, about: str, now: int) -> Iterator[Case]:
    data = step["request_body"].encode()
    answer = cosigner.answer(data, held.get, now=now, latest=now - 1)
    yield Case(about, step["status"], answer.status)
    if "response_body" in step:
        said = step["response_body"], step["content_type"]
        yield Case(f"{about}: the answer", said, (answer.body, answer.content_type))
    if answer.kept is not None:
        request, kept = Request.parse(data), answer.kept
        line = Note.parse(f"{request.note.text}\n{answer.body}".encode()).signatures[0]
        yield Case(f"{about}: time", now, verify_cosignature(request.note.text, cosigner.key, line))
        again = print_request(request.old, request.proof, request.note)
        yield Case(f"{about}: printed back", data, again)
        held[kept.head.origin] = kept
