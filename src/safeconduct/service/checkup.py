"""Whether a corridor's server is well: facts in, a line each out, and each line that is not ok ends with what to do.

`fail`: records are refused, lost or in doubt until somebody acts. `warn`: it goes on, and somebody should look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.kernel.instant import print_duration, print_instant
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.service.awaiting import awaiting
from safeconduct.service.ports import StoredHead

State = Literal["ok", "warn", "fail"]
_MIB = 2**20
FULL_BYTES, LOW_BYTES = 64 * _MIB, 1024 * _MIB
SLOW_SYNC_MS = 250
DRIFT_S = 5
DAY_S = 86_400
WEEK_S = 7 * DAY_S
_ASK = "ask who runs these witnesses"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    what: str
    state: State
    said: str
    fix: str = ""

    def __str__(self) -> str:
        mark = {"ok": "✓", "warn": "…", "fail": "✗"}[self.state]
        fix = f" Next: {self.fix}." if self.fix else ""
        return f"{mark} {self.what}: {self.said}.{fix}"


def failed(what: str, error: SafeconductError) -> Line:
    """What could not be looked at, or was found wrong by whoever reads it."""
    fault = error.faults[0]
    place = f"{fault.where}: " if fault.where else ""
    return Line(
        what, "fail", f"{place}{fault.message}".rstrip("."), fault.next_step or "look at it, then repeat"
    )


def clock(now: int, newest: int, *, ahead_of_disk_s: int, is_synchronised: bool | None) -> Line:
    """`newest`: when the newest head was signed; `ahead_of_disk_s`: our time less that of a file just written."""
    set_it = "set the clock and keep it by NTP (timedatectl set-ntp true)"
    if now < newest:
        behind = f"{print_duration(newest - now)} behind the newest head ({print_instant(newest)})"
        return Line("clock", "fail", f"{behind}: nothing is signed", set_it)
    if abs(ahead_of_disk_s) > DRIFT_S:
        return Line("clock", "warn", f"{ahead_of_disk_s} s from the clock of the disk's machine", set_it)
    if is_synchronised is False:
        return Line(
            "clock", "warn", f"{print_instant(now)}; the system says that nobody keeps it right", set_it
        )
    return Line("clock", "ok", f"{print_instant(now)}, not behind the newest head")


def disk(free: int, sync_ms: int) -> Line:
    """`free` bytes, and how long it took to make a small file durable."""
    said = f"{free // _MIB} MiB free; a small file is durable after {sync_ms} ms"
    if free < FULL_BYTES:
        return Line("disk", "fail", said, "make room: a commit that finds none is refused")
    if free < LOW_BYTES:
        return Line("disk", "warn", said, "make room")
    if sync_ms > SLOW_SYNC_MS:
        return Line("disk", "warn", said, "each receipt waits for that; use a faster disk, on this machine")
    return Line("disk", "ok", said)


def keys(faults: Sequence[tuple[str, str]]) -> Line:
    """What is wrong with them, each with what to do."""
    if faults:
        return Line("keys", "fail", "; ".join(said for said, _ in faults), faults[0][1])
    return Line("keys", "ok", "log and service, those of the founding record, for their owner alone")


def store(kind: str, wrong: Sequence[str], fix: str) -> Line:
    """`wrong`: every setting or check that is not as it must be."""
    if wrong:
        return Line("store", "fail", f"{kind}: {'; '.join(wrong)}", fix)
    return Line("store", "ok", f"{kind}, durable at each commit, whole")


def closing(since: int) -> Line:
    """The record with which the log was closed."""
    return Line("closing", "ok", f"closed by record {since}: everything but erasures is refused")


def vault(sealed: int, closed: int) -> Line:
    """How many disclosures are sealed, and how many nobody can open although no record erases them."""
    if closed:
        said = f"{closed} of {sealed} disclosures cannot be opened, and were not erased"
        return Line(
            "vault", "fail", said, "stop it, and put back the newest copy of vault.db (safeconduct restore)"
        )
    return Line(
        "vault", "ok", f"{sealed} disclosures, each opened or erased" if sealed else "nothing is sealed"
    )


def published(size: int, shown: int | None) -> Line:
    """The newest committed size, and that of the files that parties read."""
    if shown == size:
        return Line("publication", "ok", f"the files end where the log does, at {size} entries")
    said = f"the log has {size} entries, its files {shown or 'none'}"
    return Line(
        "publication",
        "warn",
        said,
        "start the server, or read what it says under /ready: it publishes at once",
    )


def cosigned(heads: Sequence[StoredHead], policy: Policy, *, closed: bool = False) -> Line:
    """Published heads, oldest first: since when none has its quorum, and whose cosignatures are awaited.

    A log that is closed goes on with its last head's quorum, whoever else is awaited.
    """
    if not policy.quorum.names():
        return Line("cosignatures", "ok", "no witnesses: receipts end at logged")
    for head in heads[-1:]:
        policy.check(Note.parse(head.note))
    found = awaiting(heads, policy)
    awaited = "; ".join(
        f"awaiting {name} since {print_instant(since)}" for name, since in found.since.items()
    )
    if found.no_quorum_since is not None:
        said = f"no head has its quorum since {print_instant(found.no_quorum_since)}; {awaited}"
        return Line("cosignatures", "warn", said, _ASK)
    if awaited and closed:
        return Line("cosignatures", "ok", "the last head has its quorum")
    if awaited:
        return Line("cosignatures", "warn", f"the newest head has its quorum; {awaited}", _ASK)
    return Line("cosignatures", "ok", "the newest head has its quorum, and every witness's line")


def witnesses(
    asked: Sequence[str],
    silent: Mapping[str, SafeconductError],
    unaddressed: Sequence[str],
    *,
    at_rest: bool = False,
) -> Line:
    """Those with an address by their names, what is wrong with some of them, and those without an address.

    `at_rest`: the log is closed and its last head has its quorum; an erasure alone would want them again.
    """
    said = [f"{name}: {error.faults[0].message}" for name, error in silent.items()]
    if unaddressed:
        said.append(f"without an address: {', '.join(unaddressed)}")
    fix = "write their addresses into the file witnesses" if unaddressed and not silent else _ASK
    if said and at_rest:
        silence = f"{len(asked) - len(silent)} answer; the log is closed, and its last head has its quorum"
        return Line("witnesses", "ok", silence)
    if said:
        return Line("witnesses", "warn", f"{len(asked) - len(silent)} answer; {'; '.join(said)}", fix)
    return Line("witnesses", "ok", f"{len(asked)} answer, and none shows a newer or another head")


def projections(size: int | None, entries: int, differing: Sequence[str], *, folder: str) -> Line:
    """How many entries are folded, and what differs from a fold from nothing."""
    if size is None:
        return Line("projections", "ok", "none yet: serving makes them")
    if differing:
        said = f"{len(differing)} passages differ from a fold of the log"
        return Line("projections", "fail", said, f"safeconduct projections rebuild {folder}")
    return Line("projections", "ok", f"as a fold from nothing gives them, {size} of {entries} entries")


def never_backed_up(*, folder: str) -> Line:
    """No copy was made of this folder."""
    return Line("last backup", "warn", "none was ever made", _backup(folder))


def backed_up(ago_s: int, name: str, size: int, entries: int, *, folder: str) -> Line:
    """The newest copy, how old it is, and what it does not have of the log."""
    said = f"{_ago(ago_s)}, {name} with {size} of {entries} entries"
    if size < entries and ago_s > DAY_S:
        return Line("last backup", "warn", f"{said}; that is more than a day", _backup(folder))
    return Line("last backup", "ok", said)


def never_rehearsed(*, folder: str) -> Line:
    """No copy is known to be good."""
    return Line("rehearsal", "warn", "no restore was ever tried", _rehearse(folder))


def rehearsed(ago_s: int, name: str, lost: int, *, folder: str, closed: bool = False) -> Line:
    """When a restore was last tried, from which copy, and what it would have lost."""
    said = f"{_ago(ago_s)}, of {name}; it would have lost {lost} entries"
    if ago_s > WEEK_S and (lost or not closed):
        return Line("rehearsal", "warn", f"{said}; that is more than a week", _rehearse(folder))
    return Line("rehearsal", "ok", said)


def _backup(folder: str) -> str:
    return f"safeconduct backup {folder} TARGET --vault FILE --keys FOLDER"


def _rehearse(folder: str) -> str:
    return f"safeconduct restore --rehearse BACKUP {folder}"


def _ago(seconds: int) -> str:
    """In its largest unit, for people: `3 h ago`."""
    unit = next((unit for unit in (DAY_S, 3_600, 60) if seconds >= unit), 1)
    return f"{print_duration(max(1, seconds // unit) * unit)} ago"


def is_well(lines: Iterable[Line]) -> bool:
    """Whether nothing failed."""
    return all(line.state != "fail" for line in lines)
