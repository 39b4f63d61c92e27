"""The founding record of a log that somebody serves, or gave a copy of, before anything of it is mirrored.

Its SHA-256 is the corridor's identifier: it needs no head, no proof and no quorum to be believed by whoever compares
that with the signed paper, and the policy is printed from it. A witness must follow a log before its first quorum.
"""

from __future__ import annotations

from collections.abc import Callable

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tiles import split_bundle, tile_at
from safeconduct.verify.files import CHECKPOINT

Read = Callable[[str], bytes | None]
"""A file of the archive, by its path; None where there is none."""


def served_founding(read: Read, identifier: str | None) -> Founding:
    """Entry 0; Disproved where it is not that of the corridor asked for (None: whichever it is)."""
    note = Note.parse(_file(read, CHECKPOINT), where=CHECKPOINT)
    size = Checkpoint.parse(note.text, where=CHECKPOINT).size
    if size == 0:
        raise Malformed("this log is empty", where=CHECKPOINT, next_step="Repeat later")
    bundle = tile_at(None, 0, size)  # the size is nobody's word yet: it only says how the file is called
    data = _file(read, bundle.path)
    entry = parse_entry(split_bundle(data, bundle.width, bundle.path)[0], where="entry 0")
    founding = Founding.parse(entry, where="entry 0")
    if identifier not in (None, founding.identifier):
        raise Disproved(
            f"this is corridor {founding.identifier}",
            where="entry 0",
            next_step=f"Asked for was {identifier}: compare both with the signed paper",
            rule="log.corridor",
        )
    return founding


def _file(read: Read, path: str) -> bytes:
    data = read(path)
    if data is None:
        raise Unavailable("there is no archive here", where=path, next_step="Check the address")
    return data
