"""The archive's policy and signed head: `policy`, `checkpoint`.

Rules, in the order of the code:
 1. `policy` is a C2SP tlog-policy in one spelling: printed back, it gives the same bytes.
 2. `checkpoint` is a signed note whose text is a head without extension lines.
 3. Its log signature and every cosignature verify.
 4. It has no line by a key that is not in the policy: first the log's line, then those of the witnesses in
    the
    order of the policy, one each.
That the policy is the corridor's own is compared later, with the founding record (`audit`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.verify.files import CHECKPOINT, POLICY

_AGAIN = "Fetch it again; if it stays so, ask another party for theirs"


@contextmanager
def named(rule: str) -> Iterator[None]:
    """Errors in the block break `rule`, where they do not say which."""
    try:
        yield
    except SafeconductError as error:
        faults = (replace(fault, rule=fault.rule or rule) for fault in error.faults)
        raise type(error).of(faults) from error


def read_policy(data: bytes) -> Policy:
    """Rule 1."""
    with named("policy.spelling"):
        policy = Policy.parse(data, where=POLICY)
        if policy.print().encode("utf-8", "surrogateescape") != data:
            raise Malformed("this is not how a policy is printed", where=POLICY, next_step=_AGAIN)
    return policy


def read_head(data: bytes, policy: Policy) -> SignedHead:
    """Rules 2 to 4."""
    with named("archive.spelling"):
        note = Note.parse(data, where=CHECKPOINT)
    head = check_head(note, policy, where=CHECKPOINT)
    keys = [head.log_key, *(each.key for each in policy.witnesses)]
    ours = [line for key in keys for line in note.lines_of(key)]
    if list(note.signatures) != ours or len(ours) != 1 + len(head.cosigned):
        raise Malformed(
            "its lines are not those of the log and its witnesses, in their order, one each",
            where=CHECKPOINT,
            next_step=_AGAIN,
            rule="note.unknown_line",
        )
    return head


def check_head(note: Note, policy: Policy, *, where: str) -> SignedHead:
    """Rule 3, for this head or one kept elsewhere."""
    try:
        with named("archive.spelling"):
            return policy.check(note, where=where)
    except Disproved as error:
        raise Disproved.of(replace(fault, rule="log.signature") for fault in error.faults) from error
