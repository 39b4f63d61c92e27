"""What somebody kept outside the archive: heads, receipts, offers. Only these show a log that was signed anew.

Rules, in the order of the code:
 1. A kept head is signed by this log. It has at most as many entries, and the root that the tree has there; else
    the log did not go on from it.
 2. A receipt holds for its head, by the log's signature. The entry that stands at its index in this log is the
    one that its proof leads from; then its head is a kept head.
 3. An offer is a line: `LEAF TIME`, or a record in its own bytes: an `offered` record, or the one that was offered.
    It is by a key that may sign it. What it names is in the log, or the offline limit has not passed since.
 4. An `offered` record in the log is an offer too, since the first dated head over it.
A kept file that is itself wrong says nothing about the archive: it is refused under its own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safeconduct.core.agreement.founding import SERVICE_HOLDER
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Disproved, Fault, Malformed
from safeconduct.core.kernel.instant import parse_instant, print_instant
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.core.passage.judgement import OpenState, Why
from safeconduct.core.record.entry import parse_entry, verify_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.time import HeadTimes
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tree import verify_inclusion
from safeconduct.verify.hashes import Roots
from safeconduct.verify.index import Leaves
from safeconduct.verify.rules import ALL
from safeconduct.verify.survey import Survey

_NO_RECEIPT = "Ask for the receipt again: this one proves nothing"
_SHOW = "Show both to the other parties: together they are the proof"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file from outside the archive."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """A record that somebody could have logged: its leaf, and since when."""

    leaf: bytes
    since: int | None
    where: str
    entry: int | None = None
    """The `offered` record in the log."""


def check_kept_head(kept: Kept, policy: Policy, roots: Roots) -> tuple[Fault, ...]:
    """Rule 1."""
    head = policy.check(Note.parse(kept.data, where=kept.name), where=kept.name)
    return _goes_on(head, roots, kept.name)


def check_receipt(kept: Kept, policy: Policy, roots: Roots, leaves: Leaves) -> tuple[Fault, ...]:
    """Rule 2."""
    receipt = Receipt.parse(kept.data, where=kept.name)
    head = policy.check(receipt.note, where=kept.name)
    if receipt.index >= head.checkpoint.size:
        raise Malformed("its index is not below the size of its head", where=kept.name, next_step=_NO_RECEIPT)
    if receipt.index >= roots.size:
        return (_receipt(kept, f"its entry {receipt.index} is not in this log of {roots.size} entries"),)
    try:
        verify_inclusion(
            leaves.of(receipt.index),
            index=receipt.index,
            size=head.checkpoint.size,
            proof=receipt.proof,
            root=head.checkpoint.root,
        )
    except Disproved:
        return (_receipt(kept, f"entry {receipt.index} of this log is not the one that it is for"),)
    return _goes_on(head, roots, kept.name)


def _receipt(kept: Kept, message: str) -> Fault:
    return Fault(message, kept.name, _SHOW, "log.receipt")


def _goes_on(head: SignedHead, roots: Roots, where: str) -> tuple[Fault, ...]:
    size = head.checkpoint.size
    if size > roots.size:
        message = f"this head has {size} entries, the archive {roots.size}: an older copy, or a log put back"
    elif roots.at(size) != head.checkpoint.root:
        message = f"the first {size} entries of the archive are not those of this head"
    else:
        return ()
    return (Fault(message, where, _SHOW, "log.rollback"),)


def offers_in(kept: Kept, keyring: Keyring, size: int) -> Iterator[Offer]:
    """Rule 3."""
    lines = kept.data.split(b"\n")
    for number, line in enumerate(lines, 1):
        where = f"{kept.name} line {number}"
        if line.count(b".") == 2:
            yield _signed_offer(line, keyring, size, where)
        elif line or number < len(lines):
            leaf, _, time = line.decode("ascii", "replace").partition(" ")
            yield Offer(parse_hex(leaf, length=32, where=where), parse_instant(time, where=where), where)


def _signed_offer(line: bytes, keyring: Keyring, size: int, where: str) -> Offer:
    entry = parse_entry(line, where=where)
    enrolment = keyring.keys.get(entry.kid)
    if enrolment is None or not verify_entry(entry, enrolment.public_key):
        raise Disproved("no enrolled key signed this", where=where, next_step="Take it out of the file")
    broken = keyring.broken_by(entry, size, seen=None)
    if broken or entry.cor != keyring.founding.cor:
        rules = ", ".join(broken) or "record.corridor"
        raise Malformed(
            f"this record could not be logged here: {rules}", where=where, next_step="Take it out of the file"
        )
    leaf = bytes.fromhex(entry.payload["leaf"]) if entry.evt == "offered" else entry.leaf
    at = entry.at
    return Offer(leaf, entry.iat if at is None else at.begin, where)


def offers_logged(survey: Survey, times: HeadTimes) -> Iterator[Offer]:
    """Rule 4."""
    for index, entry in survey.by_kind("offered"):
        yield Offer(
            bytes.fromhex(entry.payload["leaf"]), times.first_covering(index), f"entry {index}", index
        )


def judge_offer(
    offer: Offer, leaves: Leaves, times: HeadTimes, limit_s: int | None
) -> Finding | OpenState | None:
    """Rules 3 and 4: None where the record is in the log."""
    if leaves.find(offer.leaf) is not None:
        return None
    entries = () if offer.entry is None else (offer.entry,)
    if offer.since is None or not times.has_passed(offer.since, limit_s):
        says = f"{offer.where}: a record with leaf {offer.leaf.hex()[:16]}… was offered and is not in the log yet"
        return OpenState(Why.NOT_HANDED_IN, "offered.withheld", entries, says)
    return Finding(
        "offered.withheld",
        entries,
        expected="the offered record in the log, within the offline limit",
        found=f"{offer.where}: offered at {print_instant(offer.since)}, and not in the log",
        evidence=(offer.leaf.hex(),),
        touches=SERVICE_HOLDER,
        assumption=ALL["offered.withheld"].assumption,
    )
