"""All records together, as the workers' segments come in: columns, chains, references, and what says who may what.

Steps, for each record in log order:
 1. The same bytes a second time are no second record.
 2. A record that nobody known signed is in no chain.
 3. The chain of its key goes on (`chains`).
 4. Records that named it before it came find it now; those that name what never comes are left at the end.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from sys import intern
from typing import TypeVar

from safeconduct.core.record.chain import Link
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.verify.chains import Chain
from safeconduct.verify.index import Columns, Leaves, with_room
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.verify.rules import finding
from safeconduct.verify.segments import NO_LEAF, VOID, HeadSeen, Places, Segment
from safeconduct.verify.tree import Leaves as TreeLeaves

_Item = TypeVar("_Item")
Signer = tuple[str, str]
"""A key's name, and the `iss` that it signed as."""


@dataclass(slots=True)
class Survey:
    """What one pass over the log leaves."""

    archive: ArchiveBytes
    size: int
    leaves: Leaves = field(init=False)
    columns: Columns = field(init=False)
    tree: TreeLeaves = field(default_factory=TreeLeaves)
    signers: list[Signer] = field(default_factory=lambda: [("", "")])
    """From place 1 on; 0 is nobody."""
    heads_seen: list[tuple[int, str]] = field(default_factory=lambda: [(0, "")])
    """From place 1 on; 0 is none."""
    chains: dict[str, Chain] = field(default_factory=dict)
    whole: list[tuple[int, str, bytes]] = field(default_factory=list)
    """Kind and bytes of each: parsed they are several times as large."""
    heads: list[HeadSeen] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    waiting: dict[bytes, list[int]] = field(default_factory=dict)
    """By leaf that is not in the log so far: the records that name it."""
    _signer_places: Places[Signer] = field(default_factory=Places)
    _seen_places: Places[tuple[int, str]] = field(default_factory=Places)

    def __post_init__(self) -> None:
        self.leaves = Leaves(self.archive, self.size)
        self.columns = Columns(self.size)

    def absorb(self, segment: Segment) -> None:
        """Steps 1 to 4 for the next run of records."""
        self._tree(segment)
        self._columns(segment)
        self._records(segment)
        for index, leaf in segment.named:  # 4
            self._name(index, leaf)
        self.whole += ((index, intern(entry.evt), entry.text) for index, entry in segment.whole)
        self.heads += segment.heads
        self.findings += segment.findings

    def _tree(self, segment: Segment) -> None:
        for hashes in segment.hashes:
            if hashes.apart is not None:
                self.tree.apart[hashes.bundle] = hashes.apart
            if hashes.last_by_entries:
                self.tree.last_by_entries, self.tree.last_by_tile = (
                    hashes.last_by_entries,
                    hashes.last_by_tile,
                )
            else:
                self.tree.by_entries.append(hashes.by_entries)
                self.tree.by_tiles.append(hashes.by_tile)

    def _columns(self, segment: Segment) -> None:
        columns = self.columns
        signers = [0, *_placed(segment.pairs, self._signer_places, self.signers)]
        seens = [0, *_placed(segment.heads_seen, self._seen_places, self.heads_seen)]
        columns.signers = with_room(columns.signers, len(self.signers))
        columns.seens = with_room(columns.seens, len(self.heads_seen))
        here = slice(segment.first, segment.first + len(segment.flags))
        columns.signers[here] = array(columns.signers.typecode, [signers[place] for place in segment.signers])
        columns.seens[here] = array(columns.seens.typecode, [seens[place] for place in segment.seens])
        columns.times[here], columns.passages[here] = segment.times, segment.passages
        columns.jtis[here], columns.versions[here] = segment.jtis, segment.versions
        columns.kinds[here], columns.flags[here] = segment.kinds, segment.flags
        columns.claiming.extend(index for index, _ in segment.claimed)
        columns.claimed.extend(time for _, time in segment.claimed)

    def _records(self, segment: Segment) -> None:
        columns, add, waiting = self.columns, self.leaves.add, self.waiting
        leaves, prevs, flags = bytes(segment.leaves), segment.prevs, columns.flags
        feeds = [self._chain(kid).feed for kid, _ in segment.pairs]
        at = 0
        for index, seq, place in zip(
            range(segment.first, self.size), segment.seqs, segment.signers, strict=False
        ):
            leaf, prev = leaves[at : at + HASH_BYTES], prevs[at : at + HASH_BYTES]
            at += HASH_BYTES
            earlier = add(index, leaf)
            if earlier is not None:  # 1
                flags[index] |= VOID
                self._repeated(earlier, index, leaf)
            elif place:  # 2
                feeds[place - 1](Link(seq, leaf, prev if prev != NO_LEAF else b"", index))  # 3
                if leaf in waiting:  # 4
                    for source in waiting.pop(leaf):
                        columns.name(source, index)

    def _chain(self, kid: str) -> Chain:
        chain = self.chains.get(kid)
        if chain is None:
            chain = self.chains[kid] = Chain(self.columns.before)
        return chain

    def _repeated(self, earlier: int, index: int, leaf: bytes) -> None:
        self.findings.append(
            finding(
                "record.repeated",
                index,
                leaf.hex(),
                expected="each record once",
                found=f"the bytes of entry {earlier} again",
                others={earlier: leaf.hex()},
            )
        )

    def _name(self, index: int, leaf: bytes) -> None:
        target = self.leaves.find(leaf)
        if target is None:
            self.waiting.setdefault(leaf, []).append(index)
        else:
            self.columns.name(index, target)

    def by_kind(self, *kinds: str) -> Iterator[tuple[int, Entry]]:
        """The records of these kinds that were kept whole and are evidence; without any, of all kinds."""
        flags = self.columns.flags
        for index, kind, text in self.whole:
            if (not kinds or kind in kinds) and not flags[index] & VOID:
                yield index, parse_entry(text)

    def forget(self, *, but: Collection[str]) -> None:
        """Frees all that is no column, but for the records of some kinds, and what only finds and links records."""
        self.leaves.forget()
        self.columns.forget_links()
        self.tree = TreeLeaves()
        self.whole = [each for each in self.whole if each[1] in but]
        for table in (self.heads, self.heads_seen, self._seen_places, self.chains, self.waiting):
            table.clear()


def _placed(items: list[_Item], places: Places[_Item], known: list[_Item]) -> list[int]:
    """The place of each of these among all; what is new is known from then on."""
    found = []
    for item in items:
        place = places[item]
        if place == len(known):
            known.append(item)
        found.append(place)
    return found
