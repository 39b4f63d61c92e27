"""What a worker does with a run of bundles: every record by itself, and nothing that needs another one.

Steps, for each bundle:
 1. Split it exactly; its entries have the hashes of the level-0 tile.
 2. Read each record: spelling and schema (core/record). What does not hold is a finding; the record is no
    evidence, and nothing more is asked of it.
 3. It is of this corridor; only a founding record, entry 0, is without `cor`.
 4. A key of that name is in the log, and the signature is its own, by the one acceptance rule.
 5. A head's note is read and its signatures verified, once.
 6. What the merge needs goes into columns; the few records that say who may what go along whole.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from safeconduct.core.agreement.founding import FOUNDING
from safeconduct.core.agreement.keyring import is_of_another_post
from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError
from safeconduct.core.record.entry import Entry, parse_entry, references, verify_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tiles import WIDTH, Tile, split_bundle, split_hashes, tile_at
from safeconduct.core.tlog.tree import leaf_hash, root_of_full
from safeconduct.verify.head import named
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.verify.rules import finding
from safeconduct.verify.tree import Apart, how_apart

FIXED = 1
"""Flag: the occurrence is claimed apart (`at`)."""
VOID = 2
"""Flag: no evidence."""
ABROAD = 4
"""Flag: a post tells of another post."""

WHOLE = frozenset(
    {
        "amendment",
        "closing",
        "consent",
        "correction",
        "disclosure",
        "erased",
        "erasure",
        "founding",
        "key",
        "lapse",
        "offered",
        "refusal",
        "revocation",
        "watch-end",
        "watch-start",
        "withdrawal",
    }
)
"""Kinds that the merge reads whole; so are all that correct or withdraw."""

_NAMED_FAULTS = 8
"""Faults told of one record at most."""
NO_LEAF = bytes(32)
_NO_PREV = NO_LEAF.hex()


@dataclass(frozen=True, slots=True)
class Look:
    """What every worker knows: the archive, and the keys and policy that its first look found."""

    archive: ArchiveBytes
    size: int
    corridor: str
    keys: Mapping[str, bytes]
    """Public keys by name."""
    policy: Policy


@dataclass(frozen=True, slots=True)
class Hashes:
    """What hashing one bundle gave; of a partial one the hashes themselves."""

    bundle: int
    by_entries: bytes
    by_tile: bytes
    last_by_entries: Sequence[bytes]
    last_by_tile: Sequence[bytes]
    apart: Apart | None


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """A head record whose note holds under the policy, and when each witness cosigned it."""

    index: int
    size: int
    root: bytes
    cosigned: tuple[int, ...]
    """By witness, in the order of the policy; 0: not."""


def _none() -> array[int]:
    return array("I")


@dataclass(slots=True)
class Segment:
    """A run of records as columns, one number each, in the order of the log."""

    first: int
    hashes: list[Hashes] = field(default_factory=list)
    leaves: bytearray = field(default_factory=bytearray)
    prevs: bytes = b""
    seqs: array[int] = field(default_factory=_none)
    times: array[int] = field(default_factory=_none)
    signers: array[int] = field(default_factory=_none)
    """Place in `pairs`, from 1; 0: nobody's."""
    kinds: bytearray = field(default_factory=bytearray)
    versions: array[int] = field(default_factory=_none)
    passages: array[int] = field(default_factory=_none)
    jtis: array[int] = field(default_factory=_none)
    seens: array[int] = field(default_factory=_none)
    """Place in `heads_seen`, from 1; 0: none."""
    flags: bytearray = field(default_factory=bytearray)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """A key's name, and the `iss` that it signed as."""
    heads_seen: list[tuple[int, str]] = field(default_factory=list)
    named: list[tuple[int, bytes]] = field(default_factory=list)
    """Which record names which leaf."""
    claimed: list[tuple[int, int]] = field(default_factory=list)
    """Which record claims which occurrence of its own."""
    whole: list[tuple[int, Entry]] = field(default_factory=list)
    heads: list[HeadSeen] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


KIND_NAMES = (*sorted(KINDS), "")
"""A kind that this version does not know is the last one, without a name."""
_KIND_NUMBERS = {name: number for number, name in enumerate(KIND_NAMES)}
UNKNOWN_KIND = len(KIND_NAMES) - 1

_Row: TypeAlias = tuple[int, str, int, int, int, int, int, int, int, int]
"""Of one record, in this order: time, prev, seq, kind, version, passage, jti, signer, head seen, flags."""
_NO_ROW: _Row = (0, _NO_PREV, 0, UNKNOWN_KIND, 0, 0, 0, 0, 0, VOID)
"""A record that is not one."""

LARGE_VERSION = 0xFFFF
"""Stands for itself and every larger version: no agreement has one (core/agreement/parse)."""

_Item = TypeVar("_Item")


class Places(dict[_Item, int]):
    """Numbers things from 1, in the order in which they come."""

    def __missing__(self, item: _Item) -> int:
        place = self[item] = len(self) + 1
        return place


def look_at(look: Look, bundles: range) -> Segment:
    """Steps 1 to 6 for these bundles."""
    segment = Segment(bundles.start * WIDTH)
    reader = _Reader(look, segment)
    for number in bundles:
        bundle, tile = tile_at(None, number, look.size), tile_at(0, number, look.size)
        with named("archive.spelling"):
            entries = _split(look.archive.read(bundle.path), bundle)
            data = look.archive.read(tile.path)
            by_tile = split_hashes(data, tile.width, tile.path)
        by_entries = [reader.read(entry, index) for index, entry in enumerate(entries, number * WIDTH)]
        segment.leaves += b"".join(by_entries)
        segment.hashes.append(_compared(number, by_entries, by_tile, data))
    reader.finish()
    return segment


def _split(data: bytes, bundle: Tile) -> list[bytes]:
    """Step 1. Fewer entries, each of them whole, are not a bad copy: some were left out."""
    try:
        return split_bundle(data, bundle.width, bundle.path)
    except Malformed:
        for fewer in range(bundle.width):
            with suppress(Malformed):
                split_bundle(data, fewer)
                raise Disproved(
                    f"{bundle.width - fewer} of its {bundle.width} entries are left out",
                    where=bundle.path,
                    next_step="Keep both copies, and compare with another party's archive",
                    rule="log.dropped",
                ) from None
        raise


def _compared(number: int, by_entries: list[bytes], by_tile: list[bytes], data: bytes) -> Hashes:
    """Step 1, for a bundle that was split."""
    apart = how_apart(number * WIDTH, by_entries, by_tile)
    if len(by_entries) < WIDTH:
        return Hashes(number, b"", b"", by_entries, by_tile, apart)
    tile_root = root_of_full(data)
    root = tile_root if apart is None else root_of_full(b"".join(by_entries))
    return Hashes(number, root, tile_root, (), (), apart)


@dataclass(slots=True)
class _Reader:
    """Reads records into a segment."""

    look: Look
    segment: Segment
    pairs: Places[tuple[str, str]] = field(default_factory=Places)
    heads_seen: Places[tuple[int, str]] = field(default_factory=Places)
    rows: list[_Row] = field(default_factory=list)

    def read(self, data: bytes, index: int) -> bytes:
        """Steps 2 to 6 for one record, whose leaf is the answer."""
        try:
            entry = parse_entry(data)  # 2
        except Malformed as error:
            leaf = leaf_hash(data)
            self._unread(error, index, leaf.hex())
            return leaf
        signed = self._is_signed(entry, index)
        self.rows.append(self._row(entry, signed=signed))
        if signed:
            self._details(entry, index)
        return entry.leaf

    def _unread(self, error: Malformed, index: int, leaf: str) -> None:
        """Step 2, where it fails: the record has a place, and nothing else."""
        for fault in error.faults[:_NAMED_FAULTS]:
            found = f"{fault.where}: {fault.message}" if fault.where else fault.message
            self.segment.findings.append(
                finding(fault.rule, index, leaf, expected=fault.next_step, found=found)
            )
        self.rows.append(_NO_ROW)

    def _is_signed(self, entry: Entry, index: int) -> bool:
        """Steps 3 and 4."""
        expected = None if index == 0 and entry.evt == FOUNDING else self.look.corridor
        key = self.look.keys.get(entry.kid)
        if entry.cor != expected:  # 3
            rule, wanted, what = (
                "record.corridor",
                f"cor {expected or 'absent'}",
                f"cor {entry.cor or 'absent'}",
            )
        elif key is None:  # 4
            rule, wanted, what = "key.unknown", "a key that a record in this log enrols", f"key {entry.kid}"
        elif not verify_entry(entry, key):  # 4
            rule, wanted, what = "record.signature", f"a signature by key {entry.kid}", "one that fails"
        else:
            return True
        self.segment.findings.append(
            finding(rule, index, entry.leaf.hex(), expected=wanted, found=what, touches=entry.iss)
        )
        return False

    def _row(self, entry: Entry, *, signed: bool) -> _Row:
        """Step 6, the columns."""
        payload = entry.payload
        psg, seen = payload.get("psg"), payload.get("seen")
        abroad = ABROAD if is_of_another_post(entry) else 0
        return (
            payload["iat"],
            payload["prev"] or _NO_PREV,
            payload["seq"],
            _KIND_NUMBERS.get(payload["evt"], UNKNOWN_KIND),
            min(payload["agr"], LARGE_VERSION),
            # An identifier may be made of zeros; 0 is for what has none, and that is neither folded nor compared.
            int(psg[:8], 16) or 1 if psg else 0,
            int(payload["jti"][28:], 16) or 1,
            self.pairs[entry.kid, payload["iss"]] if signed else 0,
            self.heads_seen[seen["size"], seen["root"]] if seen else 0,
            (FIXED if "at" in payload else 0) | (0 if signed else VOID) | abroad,
        )

    def finish(self) -> None:
        """Step 6: the rows as columns."""
        segment = self.segment
        times, prevs, seqs, kinds, versions, passages, jtis, signers, seens, flags = zip(
            *self.rows, strict=True
        )
        segment.times, segment.seqs, segment.versions = (
            array("q", times),
            array("Q", seqs),
            array("H", versions),
        )
        segment.passages, segment.jtis = array("I", passages), array("I", jtis)
        segment.signers, segment.seens = array("I", signers), array("I", seens)
        segment.kinds, segment.flags = bytearray(kinds), bytearray(flags)
        segment.prevs = bytes.fromhex("".join(prevs))
        segment.pairs, segment.heads_seen = list(self.pairs), list(self.heads_seen)

    def _details(self, entry: Entry, index: int) -> None:
        """Step 6, what few records have."""
        segment, payload = self.segment, entry.payload
        for leaf in references(entry):
            segment.named.append((index, bytes.fromhex(leaf)))
        if "at" in payload and (at := entry.at):
            segment.claimed.append((index, at.begin))
        kind = payload["evt"]
        if kind == "head":
            self._head(entry, index)
        if kind in WHOLE or "corrects" in payload or "withdraws" in payload:
            segment.whole.append((index, entry))

    def _head(self, entry: Entry, index: int) -> None:
        """Step 5."""
        try:
            note = Note.parse(entry.payload["note"].encode())
            head = self.look.policy.check(note)
        except SafeconductError as error:
            self._wrong_head(entry, index, str(error))
            return
        size = head.checkpoint.size
        if size > index:
            self._wrong_head(entry, index, f"a head of {size} entries")
            return
        times = tuple(head.cosigned.get(each.name, 0) for each in self.look.policy.witnesses)
        self.segment.heads.append(HeadSeen(index, size, head.checkpoint.root, times))

    def _wrong_head(self, entry: Entry, index: int, what: str) -> None:
        expected = f"a signed head of this log, of at most {index} entries"
        self.segment.findings.append(
            finding("head.wrong", index, entry.leaf.hex(), expected=expected, found=what, touches=entry.iss)
        )
