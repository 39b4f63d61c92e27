"""One entry or one passage, told in order, with who said it. Nothing is proved here: that is the audit's.

Rules:
 1. A passage's records are those that carry its identifier, and those that name one of them (a
    countersignature, a correction).
 2. Their order is that of the fold: by occurrence (RECORD §5), as the log's own head records bound it. The
    head records are believed here: an audit checks their cosignatures.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.spelling import decode_base64url
from safeconduct.core.passage.events import Event
from safeconduct.core.passage.order import in_order
from safeconduct.core.record.disclosure import Place, reveal
from safeconduct.core.record.entry import Entry, parse_entry, print_header, references
from safeconduct.core.record.time import Bounds, HeadTimes, occurrence
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import claimed_time
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tree import leaf_hash

ReadAll = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Told:
    """One record of the story."""

    event: Event
    entry: Entry
    private: dict[Place, Any]
    hidden: bool
    """Whether it has private values that this reader was not given."""


@dataclass(frozen=True, slots=True)
class Log:
    """Entries and disclosures, from wherever they lie."""

    entries: ReadAll
    disclosures: Callable[[int], tuple[str, ...]]
    founding: Founding


@dataclass(slots=True)
class _Scan:
    """What one pass over the log notes down."""

    heads: HeadTimes = field(default_factory=HeadTimes)
    by_key: dict[str, list[tuple[int, int, dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def entry_at(log: Log, reference: str) -> tuple[int, bytes]:
    """The entry with this number or leaf."""
    for index, text in enumerate(log.entries()):
        if reference == str(index) or reference == leaf_hash(text).hex():
            return index, text
    raise Unavailable(
        f"no entry here is {reference[:64]!r}",
        next_step="Give an entry's number or leaf, or a passage's identifier (32 of 0-9a-f)",
    )


def tell_entry(log: Log, reference: str) -> tuple[Told, ...]:
    """One entry."""
    index, text = entry_at(log, reference)
    return _tell(log, {index: parse_entry(text, where=f"entry {index}")})


def tell_passage(log: Log, passage: str) -> tuple[Told, ...]:
    """Every record of a passage, in order."""
    mark = f'"psg":"{passage}"'.encode()
    found = {
        index: entry for index, entry in _read(log, lambda payload: mark in payload) if entry.psg == passage
    }
    if not found:
        raise Unavailable(
            f"no record here belongs to passage {passage}",
            next_step="Check the identifier; an audit lists findings",
        )
    leaves = {entry.leaf.hex() for entry in found.values()}
    named = [leaf.encode() for leaf in leaves]
    more = _read(log, lambda payload: b'"psg"' not in payload and any(leaf in payload for leaf in named))
    found |= {index: entry for index, entry in more if not leaves.isdisjoint(references(entry))}
    return _tell(log, found)


def _read(log: Log, wanted: Callable[[bytes], bool]) -> Iterator[tuple[int, Entry]]:
    """The records whose payload looks right; reading all of them strictly would take ten times as long."""
    for index, text in enumerate(log.entries()):
        payload = decode_base64url(text.split(b".")[1]) if text.count(b".") == 2 else None
        if payload is not None and wanted(payload):
            try:
                yield index, parse_entry(text)
            except Malformed:
                continue


def _tell(log: Log, entries: dict[int, Entry]) -> tuple[Told, ...]:
    scan = _scan(log, {entry.kid for entry in entries.values()})
    occurred = _occurrences(scan)
    told = [_told(log, index, entry, scan, occurred[index]) for index, entry in entries.items()]
    by_leaf = {each.event.leaf: each for each in told}
    order = in_order(each.event for each in told).told
    return tuple(by_leaf[event.leaf] for event in order)


def _told(log: Log, index: int, entry: Entry, scan: _Scan, occurred: int) -> Told:
    event = Event(
        index=index,
        leaf=entry.leaf.hex(),
        kid=entry.kid,
        iss=entry.iss,
        seq=entry.seq,
        occurred=occurred,
        bounds=_bounds(scan.heads, index, entry.payload),
        evt=entry.evt,
        payload=entry.payload,
    )
    texts = log.disclosures(index)
    private = reveal(entry, texts, where=f"entry {index}")
    return Told(event, entry, private, hidden=not texts and '"_sd":' in json.dumps(entry.payload))


def _scan(log: Log, kids: Collection[str]) -> _Scan:
    """Head records, and the times of every record of these keys."""
    scan = _Scan()
    headers = {print_header(kid).encode(): kid for kid in kids}
    service = print_header(log.founding.service_kid).encode()
    for index, text in enumerate(log.entries()):
        header, _, rest = text.partition(b".")
        if header == service or header in headers:
            payload = json.loads(decode_base64url(rest.partition(b".")[0]) or b"{}")
            if payload.get("evt") == "head" and header == service:
                _add_head(scan.heads, payload["note"], log.founding)
            if header in headers:
                scan.by_key[headers[header]].append((payload.get("seq", 0), index, payload))
    return scan


def _add_head(heads: HeadTimes, text: str, founding: Founding) -> None:
    """A head's time is that of its quorum, by the times that its cosignatures claim (2)."""
    try:
        note = Note.parse(text.encode())
        size = Checkpoint.parse(note.text).size
    except SafeconductError:
        return
    times = sorted(
        time for key in founding.witnesses for line in note.lines_of(key)[:1] if (time := claimed_time(line))
    )
    if founding.quorum and len(times) >= founding.quorum:
        heads.add(size, times[founding.quorum - 1])


def _occurrences(scan: _Scan) -> dict[int, int]:
    """By entry: RECORD §5, along each key."""
    found: dict[int, int] = {}
    for records in scan.by_key.values():
        latest: int | None = None
        for _, index, payload in sorted(records, key=lambda record: record[:2]):
            at = payload.get("at")
            claim = at["from"] if isinstance(at, dict) else at
            bounds = _bounds(scan.heads, index, payload)
            found[index] = occurrence(payload["iat"], bounds, at=claim, key_maximum=latest)
            if claim is None:
                latest = found[index]
    return found


def _bounds(heads: HeadTimes, index: int, payload: dict[str, Any]) -> Bounds:
    """Between the head that its signer saw and the first one over it; a time told afterwards is open below."""
    seen = None if "at" in payload else payload.get("seen")
    return heads.bounds(index, None if seen is None else seen["size"])
