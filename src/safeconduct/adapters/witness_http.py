"""A witness over HTTP: C2SP tlog-witness, its monitoring, and offers.

| request | answer |
|---|---|
| `POST /add-checkpoint` | as the specification has it (`core/tlog/witness`) |
| `GET /<hex SHA-256 of the origin>/checkpoint` | the last cosigned head, the log's signature and ours; else 404 |
| `POST /offered` | a record in its own bytes: the signed time at which it was here |
Submission and monitoring have one prefix, this place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from safeconduct.adapters.http_serve import Asked, Reply
from safeconduct.core.record import entry
from safeconduct.core.tlog import witness_request
from safeconduct.core.tlog.witness import Answer
from safeconduct.service.witnessing import Witnessing

MOST_BODY = max(witness_request.MAX_BYTES, entry.MAX_BYTES)
_MONITORING = re.compile("/[0-9a-f]{64}/checkpoint")


@dataclass(frozen=True, slots=True)
class WitnessHttp:
    """What is asked of one witness, answered."""

    witnessing: Witnessing

    def __call__(self, asked: Asked) -> Reply:
        """One request."""
        match asked.path:
            case "/add-checkpoint" if asked.method == "POST":
                return _reply(self.witnessing.add_checkpoint(asked.body))
            case "/offered" if asked.method == "POST":
                return _reply(self.witnessing.receive(asked.body))
            case "/add-checkpoint" | "/offered":
                return _not_allowed("POST")
        if not _MONITORING.fullmatch(asked.path):
            return Reply(HTTPStatus.NOT_FOUND, b"nothing is here\n")
        if asked.method not in {"GET", "HEAD"}:
            return _not_allowed("GET, HEAD")
        note = self.witnessing.monitored(asked.path)
        if note is None:
            return Reply(HTTPStatus.NOT_FOUND, b"no head of this log was cosigned here\n")
        return Reply(HTTPStatus.OK, note.print().encode(), {"Cache-Control": "no-cache"})


def _not_allowed(methods: str) -> Reply:
    return Reply(HTTPStatus.METHOD_NOT_ALLOWED, b"this is asked for otherwise\n", {"Allow": methods})


def _reply(answer: Answer) -> Reply:
    headers = {"Content-Type": answer.content_type}
    if answer.retry_after_s is not None:
        headers["Retry-After"] = str(answer.retry_after_s)
    return Reply(answer.status, answer.body.encode(), headers)
