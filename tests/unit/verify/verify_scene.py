"""Small logs made by hand around the stage's keys: what no honest operator would sign."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, Signature, sign_note
from safeconduct.core.tlog.tiles import hash_tiles, pack_bundle, tile_at
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report


def head_of(stage: Stage, leaves: Sequence[bytes], *, cosigned: bool = True) -> Note:
    """A head over these leaf hashes, signed by the log, and cosigned as if nobody looked."""
    text = Checkpoint(stage.log_key.name, len(leaves), root(leaves)).print()
    note = Note(text, (sign_note(text, stage.log_key, stage.key("log")),))
    lines: list[Signature] = list(note.signatures)
    for witness in stage.witnesses if cosigned else ():
        witness.colludes = True
        line = witness.cosign(note)
        assert line is not None
        lines.append(line)
    return Note(text, tuple(lines))


def archive_of(stage: Stage, entries: Sequence[bytes], *, cosigned: bool = True) -> MemoryArchive:
    """The public archive of a log with these entries."""
    leaves = list(map(leaf_hash, entries))
    files = {tile.path: data for tile, data in hash_tiles(leaves)}
    for at in range(0, len(entries), 256):
        files[tile_at(None, at // 256, len(entries)).path] = pack_bundle(entries[at : at + 256])
    files["policy"] = stage.founding.policy().encode()
    files["checkpoint"] = head_of(stage, leaves, cosigned=cosigned).print().encode()
    return MemoryArchive(files)


def audit_of(stage: Stage, entries: Sequence[bytes]) -> Report:
    """What the auditor says of that log."""
    return stage.audit(archive_of(stage, entries))


def with_signature(record: Written, signature: bytes) -> bytes:
    """The record, as if something else had signed it."""
    return b".".join((*record.entry.split(b".")[:2], print_base64url(signature).encode()))


def said(report: Report) -> tuple[int, set[str]]:
    """The exit code, and every rule that does not hold."""
    return report.exit_code, set(report.rules)


def named(report: Report, rule: str) -> list[tuple[int, ...]]:
    """The entries of each finding of a rule."""
    return [finding.entries for finding in report.findings if finding.rule == rule]


def open_rules(report: Report) -> list[str]:
    """The rules that cannot say yet."""
    return [state.rule for state in report.open_states]
