"""A head with the cosignatures of its witnesses: the log's line first, then theirs in founding order.

A cosignature that is dated more than five minutes ahead of our clock is no answer: in a quorum it would date the
head, and with it every later one, into the future, where all limits have passed.
"""

from __future__ import annotations

from collections.abc import Iterable

from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.tlog.cosignature import verify_cosignature
from safeconduct.core.tlog.note import Note, Signature, VerifierKey
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.ports import Witness

AHEAD_S = 300


def cosigned_note(
    note: Note,
    policy: Policy,
    witnesses: Iterable[Witness] = (),
    *,
    lines: Iterable[Signature] = (),
    now: int,
) -> Note:
    """The note with every valid cosignature that it had, is among `lines`, or now gets, each witness's once."""
    keys = [listed.key for listed in policy.witnesses]
    found = {key: line for key in keys for line in note.lines_of(key)}
    _take(found, lines, note, keys, now)
    for witness in witnesses:
        if len(found) < len(keys):
            answer = witness.cosign(note)
            _take(found, () if answer is None else (answer,), note, keys, now)
    log_lines = tuple(line for log in policy.logs for line in note.lines_of(log.key))
    return Note(note.text, log_lines + tuple(found[key] for key in keys if key in found))


def _take(
    found: dict[VerifierKey, Signature],
    answers: Iterable[Signature],
    note: Note,
    keys: Iterable[VerifierKey],
    now: int,
) -> None:
    """The first good answer of each."""
    for answer in answers:
        key = next((key for key in keys if answer.is_by(key)), None)
        if key is not None and key not in found and counts(note, key, answer, now=now):
            found[key] = answer


def counts(note: Note, key: VerifierKey, line: Signature, *, now: int) -> bool:
    """A bad answer is no answer: it must not make the note invalid for everybody."""
    try:
        return 0 < verify_cosignature(note.text, key, line) <= now + AHEAD_S
    except SafeconductError:
        return False
