"""The auditor against the bare `cryptography` verifications of the same bytes, and against itself.

Records alone: parse, print back, schema, acceptance rule, verify, leaf, tree. Everything: the whole audit,
one process. Both against the bare check of every signature that those bytes hold: one in each record, and in
a `head` record those of the log and its witnesses too. CPU time; the speed of two workers is wall time.
Memory is proportional set size over all processes; what a further record costs shows between the two largest
sizes of SIZE=full: below them the processes are still warming up.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.corridor import archive_of, opened
from benchmarks.measure import ROUNDS, Figure, compare
from safeconduct.adapters.workers import ForkWorkers, SerialWorkers
from safeconduct.core.record.entry import parse_entry, signed_part
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.core.tlog.cosignature import claimed_time, ed25519_message
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tiles import split_bundle, tiles_of
from safeconduct.verify.audit import audit

SIZES = (10_000, 100_000, 1_000_000) if os.environ.get("SIZE") == "full" else (10_000, 100_000)
SAFECONDUCT = Path(sys.executable).with_name("safeconduct")
Check = Callable[[bytes, bytes], None]


def figures() -> Iterator[Figure]:
    """Work, speed-up, flatness, memory."""
    small = archive_of(SIZES[0])
    checks = bare_checks(small)

    def bare() -> None:
        for check, signature, message in checks:
            check(signature, message)

    def records() -> None:
        with contextlib.suppress(_Proved):
            audit(opened(small), workers=SerialWorkers(), reporter=_UntilProved())

    def everything() -> None:
        audit(opened(small), workers=SerialWorkers())

    def of_the_public() -> None:
        audit(opened(public), workers=SerialWorkers())

    public = archive_of(SIZES[0], "public")
    yield compare(f"audit, records alone / {len(checks)} bare verifications", records, bare, at_most=1.40)
    yield compare("audit, everything, the public's archive / bare", of_the_public, bare, at_most=1.75)
    yield compare("audit, everything and all disclosures / bare", everything, bare, at_most=1.75)
    yield compare(
        "audit: one worker / two workers, wall",
        lambda: audit(opened(small), workers=ForkWorkers(2)),
        lambda: audit(opened(small), workers=ForkWorkers(1)),
        clock=time.perf_counter,
        at_least=1.6,
    )
    yield flatness()
    yield from memory()


class _Proved(Exception):
    """Every record is verified, and the tree is the signed one."""


class _UntilProved:
    """Ends the audit where the next step begins."""

    def step(self, name: str, done: int, total: int) -> None:
        """Steps `keys` and `entries` are the records alone."""
        if name not in {"keys", "entries"}:
            raise _Proved(f"{done} of {total}")


def bare_checks(folder: Path) -> list[tuple[Check, bytes, bytes]]:
    """For each signature in the log the library's own check, the signature, what was signed."""
    archive = opened(folder)
    entries = list(map(parse_entry, entries_of(folder, archive.read("checkpoint"))))
    keys: dict[str, Check] = {}
    for entry in entries:
        for jwk in jwks_in(entry.payload):
            key = public_key_of(jwk)
            keys[thumbprint(key)] = Ed25519PublicKey.from_public_bytes(key).verify
    checks = [
        (keys[entry.kid], signature, message)
        for entry in entries
        for message, signature in [signed_part(entry)]
    ]
    policy = Policy.parse(archive.read("policy"))
    for entry in entries:
        if entry.evt == "head":
            checks += head_checks(Note.parse(entry.payload["note"].encode()), policy)
    return checks


def head_checks(note: Note, policy: Policy) -> Iterator[tuple[Check, bytes, bytes]]:
    """The same for the signatures of a head."""
    for listed in (*policy.logs, *policy.witnesses):
        check = Ed25519PublicKey.from_public_bytes(listed.key.public_key).verify
        for line in note.lines_of(listed.key):
            cosigned_at = claimed_time(line)
            message = note.text.encode() if cosigned_at is None else ed25519_message(note.text, cosigned_at)
            yield check, line.blob[-64:], message


def entries_of(folder: Path, checkpoint: bytes) -> Iterator[bytes]:
    """Every entry of the log."""
    size = int(Note.parse(checkpoint).text.split("\n")[1])
    for tile in tiles_of(size):
        if tile.level is None:
            yield from split_bundle((folder / tile.path).read_bytes(), tile.width)


def jwks_in(payload: dict[str, object]) -> Iterator[dict[str, str]]:
    """Every public key that a record brings."""
    values: list[object] = [payload]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            if "x" in value:
                yield value
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)


def flatness() -> Figure:
    """Per-record time of the largest log over that of the smallest."""
    per_record = [_per_record(size) for size in (SIZES[0], SIZES[-1])]
    ratio = per_record[1] / per_record[0]
    detail = f"{per_record[0] * 1e6:.0f} µs at {SIZES[0]}, {per_record[1] * 1e6:.0f} µs at {SIZES[-1]}"
    return Figure("audit: time a record, largest / smallest log", ratio, "at most 1.2", ratio <= 1.2, detail)


def _per_record(size: int) -> float:
    folder = archive_of(size)
    count = sum(1 for _ in entries_of(folder, (folder / "checkpoint").read_bytes()))
    times = []
    for _ in range(ROUNDS if size < 100_000 else 1):
        start = time.process_time()
        audit(opened(folder), workers=SerialWorkers())
        times.append(time.process_time() - start)
    return median(times) / count


def memory() -> Iterator[Figure]:
    """Peak over all processes at the largest size, and what each further record costs."""
    peaks = {size: (_count(size), _peak(archive_of(size))) for size in SIZES}
    (few, low), (many, high) = peaks[SIZES[-2]], peaks[SIZES[-1]]
    yield Figure(
        f"peak memory at {many} records, MB",
        high / 1e6,
        "at most 400",
        high <= 400e6,
        f"{low / 1e6:.0f} MB at {few}",
    )
    if len(SIZES) > 2:
        slope = (high - low) / (many - few)
        yield Figure("memory for each further record, bytes", slope, "at most 64", slope <= 64, "")


def _count(size: int) -> int:
    folder = archive_of(size)
    return sum(1 for _ in entries_of(folder, (folder / "checkpoint").read_bytes()))


def _peak(folder: Path) -> int:
    """The largest sum of proportional set sizes seen while the command runs, in bytes."""
    running = subprocess.Popen([SAFECONDUCT, "audit", folder, "--quiet"], stdout=subprocess.DEVNULL)
    peak = 0
    while running.poll() is None:
        peak = max(peak, sum(map(_pss, _family(running.pid))))
        time.sleep(0.02)
    return peak


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(each for child in below for each in _family(child))]


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
