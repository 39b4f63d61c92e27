"""Archives for readers (RECORD §7): what each may see, logged first, then every archive at one head.

Rules:
 1. For each reader but the public a `disclosure` record is logged: SHA-256 of the 32-byte digests, sorted and
    joined, of everything that the reader now holds, erased ones included. In a log that is closed, only where the
    newest record about this reader does not say that already: its last head needs no other one after it.
 2. Then all archives are written at one head that covers those records.
 3. The public sees heads, tiles and bundles, no disclosures, up to the newest head that meets the policy and
    is older than the agreement's `publication_delay`. Nothing is logged for it.
 4. Every file has one spelling. `disclosures.jsonl` is ordered by entry; its lines are JCS; `disclosures` and
    `erased` are sorted.
 5. Readers, tiers and delay are those of the agreement in force. A field that it gives no tier is for the
    guarantor; `sealed` is for nobody here. What was told under an earlier version is shown to nobody to whom that
    version did not show it.
 6. An erasure counts if its key may sign it: not everybody who gets a record logged can have evidence erased.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.kernel.instant import print_duration, print_instant
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.core.kernel.spelling import parse_base64url, sha256
from safeconduct.core.record.disclosure import digest_of, private_fields
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.tiles import Tile, pack_bundle, tiles_of
from safeconduct.service.closing import closed
from safeconduct.service.hashes import Hashes
from safeconduct.service.ports import StoredHead, StoredLog
from safeconduct.service.sequence import Sequencer
from safeconduct.service.version import agreements_until, keyring_at, may_sign

PUBLIC = "public"
Files = Iterator[tuple[str, bytes]]

_TIERS_OF = {
    "guarantor": frozenset({"public", "parties", "guarantor"}),
    "party": frozenset({"public", "parties"}),
    "observer": frozenset({"public"}),
}


@dataclass(frozen=True, slots=True)
class Archive:
    """One reader's archive: the head it is at, and its files when they are asked for."""

    reader: str
    head: StoredHead
    files: Callable[[], Files]


@dataclass(slots=True)
class Held:
    """What a reader holds of one entry: disclosures, and the digests of erased ones."""

    disclosures: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    def digests(self) -> Iterator[bytes]:
        """The 32-byte digests of both."""
        return map(parse_base64url, (*map(digest_of, self.disclosures), *self.erased))


def export(sequencer: Sequencer, readers: Sequence[str], *, now: int) -> tuple[Archive, ...]:
    """An archive for each reader; Malformed for an unknown one, Unavailable where the public must wait."""
    founding = sequencer.founding
    agreements = agreements_until(founding, sequencer.store, sequencer.store.size())
    roles = {one.seat: one.role for one in agreements[-1].signatories}
    for reader in readers:
        if reader not in roles and reader != PUBLIC:
            raise Malformed(
                f"{reader!r} has no seat here",
                where="--for",
                next_step=did_you_mean(reader, (*roles, PUBLIC)),
            )
    sequencer.settle()
    sequencer.publish()  # a witness that was silent may answer now
    named = [reader for reader in dict.fromkeys(readers) if reader != PUBLIC]
    if PUBLIC in readers:
        public_head(sequencer, now=now)  # or says when, before anything is logged
    erased = erased_digests(founding, sequencer.store)
    held = {reader: held_by(sequencer.store, agreements, roles[reader], erased) for reader in named}
    if closed(founding, sequencer.store) is not None:
        told = [reader for reader in named if not is_told(sequencer, reader, held[reader])]
    else:
        told = named
    if told:  # 1
        sequencer.submit_own([("disclosure", claims_of(reader, held[reader])) for reader in told])
    archives = []
    for reader in dict.fromkeys(readers):  # 2
        head = public_head(sequencer, now=now) if reader == PUBLIC else sequencer.newest
        archives.append(_archive(reader, head, sequencer, held.get(reader)))
    return tuple(archives)


def public_head(sequencer: Sequencer, *, now: int) -> StoredHead:
    """Rule 3; Unavailable says when there will be one."""
    store = sequencer.store
    delay = agreements_until(sequencer.founding, store, store.size())[-1].limits.publication_delay_s
    if delay is None:
        raise Unavailable(
            "the agreement sets no publication_delay: no head is ever old enough for the public",
            next_step="Agree on publication_delay in [limits]; the parties' archives do not wait for it",
        )
    dated = [
        (when, head) for head in store.published() if (when := age_from(head, sequencer.policy)) is not None
    ]
    old = [head for when, head in dated if when + delay <= now]
    if old:
        return max(old, key=lambda head: head.size)
    if dated:
        first = print_instant(min(when for when, _ in dated) + delay)
        step = f"Repeat at {first}: the first head is then {print_duration(delay)} old"
        raise Unavailable("no head is old enough for the public", next_step=step)
    step = f"The quorum of witnesses must cosign a head; {print_duration(delay)} later the public may see it"
    raise Unavailable("no head has its quorum yet, so none is for the public", next_step=step)


def age_from(head: StoredHead, policy: Policy) -> int | None:
    """From when a head's age counts: its quorum's time; without witnesses, when it was published."""
    signed = policy.check(Note.parse(head.note))
    if not policy.quorum.met_by(signed.cosigned):
        return None
    time = signed.time(policy)
    return head.time if time is None else time


def erased_digests(founding: Founding, store: StoredLog) -> frozenset[str]:
    """Rule 6: the digests that erasure records name."""
    records = [(index, parse_entry(text)) for index, text in store.of_kinds({"erasure"})]
    ring = keyring_at(founding, store, store.size()) if records else None
    return frozenset(
        digest
        for index, entry in records
        if ring is not None and may_sign(ring, index, entry)
        for digest in entry.payload["digests"]
    )


def held_by(
    store: StoredLog, agreements: Sequence[Agreement], role: str, erased: Collection[str]
) -> dict[int, Held]:
    """Every disclosure that this role may see, by entry; erased ones by their digest."""
    by_entry: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for index, text in store.disclosures():
        by_entry[index].append((digest_of(text), text))
    for index, digest in store.erased():
        if digest not in erased:
            raise Unavailable(
                "the key of a private value is not here, and no record erases it",
                where=f"entry {index}",
                next_step="Bring back the newest copy of the keys of disclosures (vault.db)",
            )
        by_entry[index].append((digest, ""))
    held: dict[int, Held] = {}
    for index, told in by_entry.items():
        entry = parse_entry(next(store.entries(index, index + 1)))
        told_under = [one for one in agreements[:-1] if one.version == entry.agr]
        names = _names(entry)
        for digest, text in told:
            if digest not in names:
                raise Malformed(
                    "a value held in the store is of no field of this entry",
                    where=f"entry {index}",
                    next_step="Keep the store, and restore a copy",
                )
            if all(_shows(one, names[digest], role) for one in (agreements[-1], *told_under)):  # 5
                mine = held.setdefault(index, Held())
                if digest in erased:
                    mine.erased.append(digest)
                else:
                    mine.disclosures.append(text)
    return held


def _shows(agreement: Agreement, field_name: str, role: str) -> bool:
    return agreement.tiers.get(field_name, "guarantor") in _TIERS_OF[role]


def _names(entry: Entry) -> dict[str, str]:
    """The field's name behind each digest."""
    fields = private_fields(entry.payload)
    return {digest: place if isinstance(place, str) else place[1] for place, digest in fields}


def claims_of(reader: str, held: dict[int, Held]) -> dict[str, object]:
    """What a `disclosure` record says of a reader who holds this (1)."""
    digests = sorted(digest for each in held.values() for digest in each.digests())
    return {"reader": reader, "digest": sha256(b"".join(digests)).hex(), "batches": []}


def is_told(sequencer: Sequencer, reader: str, held: dict[int, Held]) -> bool:
    """Whether the newest record of the service about this reader says exactly this."""
    said = None
    for _, text in sequencer.store.of_kinds({"disclosure"}):
        entry = parse_entry(text)
        if entry.kid == sequencer.founding.service_kid and entry.payload["reader"] == reader:
            said = entry.payload["digest"]
    return said == claims_of(reader, held)["digest"]


def _archive(reader: str, head: StoredHead, sequencer: Sequencer, held: dict[int, Held] | None) -> Archive:
    policy = sequencer.founding.policy()
    return Archive(
        reader,
        head,
        lambda: archive_files(
            sequencer.store.entries, policy=policy, head=head, hashes=sequencer.hashes, held=held
        ),
    )


ReadEntries = Callable[[int, int], Iterable[bytes]]


def archive_files(
    entries: ReadEntries, *, policy: str, head: StoredHead, hashes: Hashes, held: dict[int, Held] | None
) -> Files:
    """Rule 4: the files of an archive at this head, sorted by path; `held` None: nothing is disclosed."""
    yield "checkpoint", head.note
    if held:
        yield "disclosures.jsonl", b"".join(_lines(held))
    yield "policy", policy.encode()
    for tile in sorted(tiles_of(head.size), key=lambda tile: tile.path):
        if tile.level is None:
            yield tile.path, pack_bundle(list(entries(*_span(tile))))
        else:
            yield tile.path, hashes.read(tile)


def _span(tile: Tile) -> tuple[int, int]:
    return tile.index * 256, tile.index * 256 + tile.width


def _lines(held: dict[int, Held]) -> Iterator[bytes]:
    for index in sorted(held):
        line: dict[str, object] = {"disclosures": sorted(held[index].disclosures), "entry": index}
        if held[index].erased:
            line["erased"] = sorted(held[index].erased)
        yield canonical(line) + b"\n"
