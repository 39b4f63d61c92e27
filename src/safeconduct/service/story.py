"""One entry or one passage, told in order, with who said it. Nothing is proved here: that is the audit's.

Rules:
 1. A passage's records are those that carry its identifier, and those that name one of them (a
    countersignature, a correction).
 2. Their order is that of the fold: by occurrence (RECORD §5), as the log's own head records and its newest
    head bound it. They are believed here: an audit checks their cosignatures.
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
from safeconduct.core.record.entry import At, Entry, parse_entry, print_header, references
from safeconduct.core.record.time import HeadTimes, occurrence
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
    newest: bytes
    """The newest published head: no record in the log holds it yet."""


@dataclass(frozen=True, slots=True)
class _Dated:
    """What a record's occurrence depends on."""

    seq: int
    index: int
    iat: int
    at: At | None
    seen_size: int | None


@dataclass(slots=True)
class _Scan:
    """What one pass over the log notes down."""

    heads: HeadTimes = field(default_factory=HeadTimes)
    by_key: dict[str, list[_Dated]] = field(default_factory=lambda: defaultdict(list))


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
        bounds=scan.heads.bounds(index, _seen_size(entry)),
        evt=entry.evt,
        payload=entry.payload,
    )
    texts = log.disclosures(index)
    private = reveal(entry, texts, where=f"entry {index}")
    return Told(event, entry, private, hidden=not texts and '"_sd":' in json.dumps(entry.payload))


def _scan(log: Log, kids: Collection[str]) -> _Scan:
    """Head records, and the times of every record of these keys."""
    scan = _Scan()
    _add_head(scan.heads, log.newest, log.founding)
    service = log.founding.service_kid
    headers = tuple(print_header(kid).encode() + b"." for kid in {*kids, service})
    for index, text in enumerate(log.entries()):
        try:
            entry = parse_entry(text) if text.startswith(headers) else None
        except Malformed:
            continue
        if entry is not None and entry.kid == service and entry.evt == "head":
            _add_head(scan.heads, entry.payload["note"].encode(), log.founding)
        if entry is not None and entry.kid in kids:
            scan.by_key[entry.kid].append(_Dated(entry.seq, index, entry.iat, entry.at, _seen_size(entry)))
    return scan


def _seen_size(entry: Entry) -> int | None:
    """The size of the head that bounds it from below: none where its time is told afterwards."""
    return None if entry.seen is None or entry.at is not None else entry.seen.size


def _add_head(heads: HeadTimes, data: bytes, founding: Founding) -> None:
    """A head's time is that of its quorum, by the times that its cosignatures claim (2)."""
    try:
        note = Note.parse(data)
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
        for one in sorted(records, key=lambda record: (record.seq, record.index)):
            claim = None if one.at is None else one.at.begin
            bounds = scan.heads.bounds(one.index, one.seen_size)
            found[one.index] = occurrence(one.iat, bounds, at=claim, key_maximum=latest)
            latest = found[one.index] if claim is None else latest
    return found
