"""Whether a witness cosigns a head (C2SP tlog-witness, add-checkpoint): a request and its memory in, an answer out.

Rules, in the order of the code:
 1. What is no request (`witness_request`): 400.
 2. A log that it does not follow: 404.
 3. Not signed by a key of that log, or a line of such a key does not verify: 403.
 4. The old size is not that of the head that it cosigned last (0 where there is none): 409, with that size.
 5. A head of no entries has the root of the empty tree: else 422.
 6. The same size again: the same root, and no proof; else 422.
 7. Growth: from 0 without a proof, for there is nothing to go on from; else the proof holds. Otherwise 422.
 8. The clock is not behind the last cosignature: else 503. A cosignature says *as of this time, the largest head*;
    dated back, it would contradict an earlier one.
 9. Then 200, with its own line over exactly this text. `Answer.kept` is made durable, by compare-and-swap against
    what was read, before anybody sees the answer.
A signed head that contradicts what was cosigned is evidence, whatever the answer (`Answer.evidence`). A smaller head,
or one with a proof of another size, is none: it may be an old copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign, cosigned_by
from safeconduct.core.tlog.note import KeyType, Note, Signer, VerifierKey
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tree import EMPTY_ROOT, leaf_hash, verify_consistency
from safeconduct.core.tlog.witness_request import Request

TEXT = "text/plain; charset=utf-8"
SIZE_TYPE = "text/x.tlog.size"
OFFERED = "/offered/"
NOT_SHOWN = "it was not shown that this head goes on from the one before"


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness remembers of a log: the head that it cosigned last, when, and its note with both signatures."""

    head: Checkpoint
    time: int
    note: Note


@dataclass(frozen=True, slots=True)
class Evidence:
    """A head that the log signed, against what this witness had cosigned. `held` None: it is wrong by itself."""

    why: str
    request: Request
    held: Note | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A status of HTTP, a body, and what has to be durable before it is sent."""

    status: int
    body: str
    content_type: str = TEXT
    kept: Cosigned | None = None
    evidence: Evidence | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One witness: its key, its signer, and the keys of the logs that it follows."""

    key: VerifierKey
    signer: Signer
    logs: tuple[VerifierKey, ...]

    def answer(
        self, data: bytes, last: Callable[[str], Cosigned | None], *, now: int, latest: int = 0
    ) -> Answer:
        """Rules 1 to 9. `last` gives what it remembers of an origin; `latest` is its newest cosignature's time."""
        try:
            request = Request.parse(data)  # 1
        except Malformed as error:
            return Answer(400, f"{error}\n")
        keys = [key for key in self.logs if key.name == request.head.origin]
        if not keys:  # 2
            return Answer(404, "this witness does not follow this log\n")
        try:
            verify_by_log(request.note, keys)  # 3
        except SafeconductError as error:
            return Answer(403, f"{error}\n")
        known = last(request.head.origin)
        refused = _refused(request, known)  # 4 to 7
        if refused is not None:
            return refused
        if now < latest:  # 8
            return behind(now, latest)
        return self._cosigned(request, keys, now)

    def _cosigned(self, request: Request, keys: Sequence[VerifierKey], now: int) -> Answer:
        """Rule 9."""
        line = cosign(request.note.text, self.key, self.signer, time=now)
        # Of this log's keys alone: nobody verified a line that names another's. One line each: with sixty-four of one
        # key and its own, nobody could read the note again.
        by_log = tuple(line for key in keys for line in request.note.lines_of(key)[:1])
        kept = Cosigned(request.head, now, Note(request.note.text, (*by_log, line)))
        return Answer(200, str(line), kept=kept)


def followed(policy: Policy, name: str, *, where: str = "policy") -> tuple[VerifierKey, ...]:
    """The keys of the logs that a policy names. None of them bears a name that this witness gives to offers."""
    keys = tuple(log.key for log in policy.logs)
    if not keys:
        raise Malformed("this policy names no log", where=where, next_step="Write a line: log VKEY")
    if any(key.name.startswith(f"{name}{OFFERED}") for key in keys):
        hint = "Name the witness otherwise"
        raise Malformed("this log has a name that the witness gives to offers", where=where, next_step=hint)
    return keys


def verify_by_log(note: Note, keys: Sequence[VerifierKey]) -> None:
    """Rule 3: a key of the log signed, and every line of its keys verifies; else Disproved."""
    signed = [key for key in keys if note.lines_of(key)]
    plain = [key for key in signed if key.type == KeyType.ED25519]
    cosigned_by(note, [key for key in signed if key.type != KeyType.ED25519])
    if plain or not signed:
        note.verified_by(plain)


def _refused(request: Request, known: Cosigned | None) -> Answer | None:
    """Rules 4 to 7, and what of it is evidence."""
    head, size = request.head, 0 if known is None else known.head.size
    split = None
    if known is not None and head.size == size and head.root != known.head.root:
        split = Evidence("two roots for one size", request, known.note)
    if request.old != size:  # 4
        return Answer(409, f"{size}\n", SIZE_TYPE, evidence=split)
    if head.size == 0 and head.root != EMPTY_ROOT:  # 5
        why = "a head of no entries has the root of some"
        return Answer(422, f"{why}\n", evidence=split or Evidence(why, request, None))
    if split is not None:  # 6
        return Answer(422, f"{split.why}\n", evidence=split)
    if known is None or size in (0, head.size):  # 6, 7
        return Answer(422, "no proof belongs here\n") if request.proof else None
    try:
        verify_consistency(
            old_size=size, old_root=known.head.root, size=head.size, root=head.root, proof=request.proof
        )
    except Disproved as error:
        return Answer(422, f"{error}\n", evidence=Evidence(NOT_SHOWN, request, known.note))
    return None


def behind(now: int, latest: int) -> Answer:
    """Rule 8, refused."""
    said = f"this witness's clock says {print_instant(now)}, and its last cosignature {print_instant(latest)}"
    step = "it cosigns again once its clock has passed that time"
    return Answer(503, f"{said}; {step}\n", retry_after_s=max(1, min(latest - now, 3600)))


def monitoring_path(origin: str) -> str:
    """Where a witness shows the last head of a log that it cosigned."""
    return f"/{sha256(origin.encode()).hex()}/checkpoint"


# Offers


def offered_head(name: str, record: bytes) -> Checkpoint:
    """The log of one entry that a witness called `name` makes of a record it was offered: its leaf is the root.

    Each record has an origin of its own, so no two of these heads can contradict each other, or a corridor's.
    """
    leaf = leaf_hash(record)
    return Checkpoint(f"{name}{OFFERED}{leaf.hex()}", 1, leaf)


def receive(record: bytes, key: VerifierKey, signer: Signer, *, now: int) -> Note:
    """The signed time of an offer: the cosigned head of the log that holds this record alone."""
    text = offered_head(key.name, record).print()
    return Note(text, (cosign(text, key, signer, time=now),))


def received_at(note: Note, record: bytes, key: VerifierKey, *, where: str = "") -> int:
    """When the witness with this key had this record; Disproved where the note does not say it."""
    if note.text != offered_head(key.name, record).print():
        hint = "Give the record and the answer that belong together"
        raise Disproved("this is no answer to the offer of this record", where=where, next_step=hint)
    time = cosigned_by(note, [key], where=where).get(key)
    if time is None:
        hint = "Give the answer of the witness that this key belongs to"
        raise Disproved("this witness signed nothing here", where=where, next_step=hint)
    return time
