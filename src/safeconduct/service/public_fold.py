"""What the entries under the public's head say of each passage: folded once, and on from there.

Clear claims alone, and no disclosure is read: what is folded here may stand on any page.

Rules:
 1. The passages are those of the core's fold (`core/passage/state`): what was corrected or withdrawn does not
    count. A record without `psg` that names one of a passage belongs to it.
 2. A time is the record's occurrence (RECORD §5), by the head records of the log and the public's head. A key's
    records are taken in the order in which the log has them.
 3. Signatures and powers are the auditor's subject: what is counted here was logged, and the page says so.
 4. An entry that nobody can read keeps its place and tells nothing.

A fold grows with the head: the old state and the new entries give what a fold from nothing gives.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Malformed, SafeconductError
from safeconduct.core.passage.events import Event
from safeconduct.core.record.entry import Entry, parse_entry, print_header, references
from safeconduct.core.record.time import HeadTimes, occurrence
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import claimed_time
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.hashes import TreeHashes
from safeconduct.service.ports import Store
from safeconduct.service.public_head import PublicHead
from safeconduct.service.public_passage import Passage, passage_of

_STRETCH = 16_384
"""Entries whose claims are in memory at once."""


@dataclass(slots=True)
class Watch:
    """One shift at a post, and the kinds that it observes; `end_s` None: still open."""

    post: str
    start_s: int
    end_s: int | None
    kinds: frozenset[str]


@dataclass(slots=True)
class PublicFold:
    """All that the pages need of the log up to `size`."""

    founding: Founding
    passages: dict[str, Passage] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    """By the leaf of their watch-start."""
    tree: TreeHashes = field(default_factory=TreeHashes)
    heads: HeadTimes = field(default_factory=HeadTimes)
    told_until_s: int | None = None
    """When the last thing begins that was told afterwards; None where nothing was."""
    _occurred: array[int] = field(default_factory=lambda: array("q"))
    _latest: dict[str, tuple[int, int]] = field(default_factory=dict)
    _passage_of: dict[bytes, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many entries are folded."""
        return self.tree.size

    def extend(self, store: Store, head: PublicHead) -> None:
        """Folds on to the public's head."""
        start = self.size
        self._add_heads(store, start, head)
        for begin in range(start, head.size, _STRETCH):
            self._fold(store, begin, min(begin + _STRETCH, head.size))

    def event(self, index: int, entry: Entry) -> Event:
        """A record under the head, with its occurrence and bounds."""
        return Event(
            index=index,
            leaf=entry.leaf.hex(),
            kid=entry.kid,
            iss=entry.iss,
            seq=entry.seq,
            occurred=self._occurred[index],
            bounds=self.heads.bounds(index, _seen_size(entry)),
            evt=entry.evt,
            payload=entry.payload,
        )

    def _add_heads(self, store: Store, start: int, head: PublicHead) -> None:
        """Rule 2: first all heads, so that the records that they cover have their bounds."""
        service = print_header(self.founding.service_kid).encode() + b"."
        for text in store.entries(start, head.size):
            entry = _read(text) if text.startswith(service) else None
            if entry is not None and entry.evt == "head":
                self._add_head(entry.payload["note"].encode())
        self._add_head(head.note)

    def _add_head(self, note: bytes) -> None:
        try:
            read = Note.parse(note)
            size = Checkpoint.parse(read.text).size
        except SafeconductError:
            return
        keys, needed = self.founding.witnesses, self.founding.quorum
        times = sorted(
            time for key in keys for line in read.lines_of(key)[:1] if (time := claimed_time(line))
        )
        if needed and len(times) >= needed:
            self.heads.add(size, times[needed - 1])

    def _fold(self, store: Store, begin: int, end: int) -> None:
        found: defaultdict[str, list[Event]] = defaultdict(list)
        leaves = []
        for index, text in enumerate(store.entries(begin, end), begin):
            leaves.append(leaf_hash(text))
            entry = _read(text)
            self._occurred.append(0 if entry is None else self._occurrence(index, entry))
            if entry is None:  # 4
                continue
            self._note_watch(index, entry)
            passage = entry.psg or self._named_passage(entry)
            if passage is not None:
                self._passage_of[entry.leaf] = passage
                found[passage].append(self.event(index, entry))
        self.tree.extend(leaves)
        for psg, events in found.items():
            known = self.passages.get(psg)
            earlier = () if known is None else tuple(self.events(store, known.records))
            self.passages[psg] = passage_of(psg, (*earlier, *events))

    def events(self, store: Store, records: Iterable[int]) -> Iterator[Event]:
        """These records of a passage, read again."""
        for index in records:
            yield self.event(index, parse_entry(next(store.entries(index, index + 1))))

    def _occurrence(self, index: int, entry: Entry) -> int:
        bounds = self.heads.bounds(index, _seen_size(entry))
        if entry.at is not None:
            self.told_until_s = max(self.told_until_s or entry.at.begin, entry.at.begin)
            return occurrence(entry.iat, bounds, at=entry.at.begin)
        seq, latest = self._latest.get(entry.kid, (-1, None))
        in_turn = entry.seq > seq
        occurred = occurrence(entry.iat, bounds, key_maximum=latest if in_turn else None)
        if in_turn:
            self._latest[entry.kid] = entry.seq, occurred
        return occurred

    def _named_passage(self, entry: Entry) -> str | None:
        """Rule 1, of a record without `psg`."""
        named = (self._passage_of.get(bytes.fromhex(leaf)) for leaf in references(entry))
        return next((passage for passage in named if passage is not None), None)

    def _note_watch(self, index: int, entry: Entry) -> None:
        payload, when = entry.payload, self._occurred[index]
        if entry.evt == "watch-start":
            kinds = frozenset(payload["kinds"])
            self.watches[entry.leaf.hex()] = Watch(payload["post"], when, None, kinds)
        elif entry.evt == "watch-end" and payload["start"] in self.watches:
            until = entry.at.until if entry.at is not None else when
            self.watches[payload["start"]].end_s = until


def _read(text: bytes) -> Entry | None:
    try:
        return parse_entry(text)
    except Malformed:
        return None


def _seen_size(entry: Entry) -> int | None:
    """The size of the head that bounds it from below: none where its time is told afterwards."""
    return None if entry.seen is None or entry.at is not None else entry.seen.size
