"""A mirror: the archive of a log that somebody serves, brought up to date on a machine of one's own.

Rules, in the order of the code:
 1. The archive here goes on from its own head, or is begun. It is of the corridor that was asked for.
 2. The head that is served is signed by the log of the policy, each cosignature holds, and its quorum is met. One that
    still waits for its quorum is kept beside, and repeated later.
 3. A smaller head that is one of our tree changes nothing: ours stays. So does one of our own size.
 4. A head that our tree does not lead to, or the other way round, is a split: nothing is taken over, and both heads
    are kept beside the archive as evidence.
 5. Tiles, bundles (`mirror_tree`) and disclosures (`mirror_disclosures`) are proved before they are kept.
 6. Entry 0 is the founding record of the corridor, and the policy is the one that it makes.
 7. Then the whole archive is exchanged for the new one; its head is written last.
Disclosures are asked for before the head that must cover their record. No head that moved: nothing else is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.proofs import root_at
from safeconduct.core.tlog.tiles import split_bundle, tile_at, tiles_of
from safeconduct.service.archive_store import ArchiveStore
from safeconduct.service.mirror_disclosures import Disclosures, Line
from safeconduct.service.mirror_ports import Shelf, Source
from safeconduct.service.mirror_tree import ServedTree
from safeconduct.service.version import keyring_at, may_sign
from safeconduct.verify.files import CHECKPOINT, DISCLOSURES, POLICY
from safeconduct.verify.head import read_head, read_policy
from safeconduct.verify.ports import Reporter

ASIDE = "no-longer-disclosed.jsonl"
"""Beside the archive: what was disclosed, is not served any more, and was erased by nobody."""
_VERSION = "version"


class Outcome(Enum):
    """What a run came to."""

    NEW = "new"
    UNCHANGED = "unchanged"
    OLDER = "an older head is served"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a run did. `head` is that of the archive here, `served` the one that was served."""

    outcome: Outcome
    corridor: str
    head: SignedHead
    time: int | None
    """When its quorum had cosigned; None where the policy has no witnesses."""
    before: int = 0
    """How many entries the archive had."""
    served: Checkpoint | None = None
    files: int = 0
    deleted: tuple[tuple[int, int], ...] = ()
    """Erasure record, and how many values it had deleted here."""
    aside: int = 0
    """Values that are no longer served, and are kept beside the archive."""
    evidence: tuple[str, ...] = ()
    """Of a split: what is kept beside the archive."""


def mirror(source: Source, shelf: Shelf, *, corridor: str | None, reporter: Reporter) -> Mirrored:
    """One run. Whatever stops it, anywhere: the archive is as it was, and the same call again does the rest."""
    with shelf.alone():
        return _Mirroring(source, shelf, corridor, reporter).run()


@dataclass(frozen=True, slots=True)
class _Kept:
    """The archive that is here."""

    policy_text: bytes
    policy: Policy
    note: bytes
    head: SignedHead
    founding: Founding

    @property
    def size(self) -> int:
        return self.head.checkpoint.size


@dataclass(slots=True)
class _Mirroring:
    source: Source
    shelf: Shelf
    corridor: str | None
    reporter: Reporter
    told: Disclosures | None = None
    holds: bool = False
    """Whether there will be disclosures in the archive."""

    def run(self) -> Mirrored:
        """Rules 1 to 7."""
        kept = self._kept()
        known = self.shelf.note(_VERSION) if kept else None
        note = self.source.head(unless=(known or b"").decode("ascii", "replace"))
        if note is None:
            if kept is None:
                raise Malformed("the server says that nothing changed, where nothing is kept")
            return self._said(Outcome.UNCHANGED, kept.policy, kept.head, kept.founding.identifier)
        served = None
        if self.source.discloses:
            served = self.source.disclosures()
            note = self.source.head(unless="") or note
        policy_text = kept.policy_text if kept else self._policy()
        policy = read_policy(policy_text)
        head = self._head(note, policy)  # 2
        version = self.source.version().encode()
        if kept is not None:
            if not self._goes_on(kept, head):
                return self._split(kept, note, head.checkpoint)  # 4
            if head.checkpoint.size < kept.size:  # 3
                return self._said(
                    Outcome.OLDER, policy, kept.head, kept.founding.identifier, served=head.checkpoint
                )
        tree = self._tree(kept, head.checkpoint)
        tree.prove_hashes()  # 5
        if kept is not None and not tree.goes_on_from(kept.size, kept.head.checkpoint.root):
            return self._split(kept, note, head.checkpoint)  # 4
        founding = self._entries(tree, kept, policy_text)
        if kept is not None and not _says_more(kept.note, note):
            note, head = kept.note, kept.head
        lines = self._disclosures(served, founding, head.checkpoint, note)
        changed = tree.fetched > 0 or kept is None or note != kept.note or lines
        if changed:
            self.shelf.stage(POLICY, policy_text)
            self.shelf.stage(CHECKPOINT, note)
            tiles = (tile.path for tile in tiles_of(head.checkpoint.size))
            names = [POLICY, CHECKPOINT, *tiles, *([DISCLOSURES] if self.holds else [])]
            self.shelf.replace(names, last=CHECKPOINT)  # 7
        self.shelf.keep_note(_VERSION, version)
        outcome = Outcome.NEW if changed else Outcome.UNCHANGED
        return self._said(
            outcome,
            policy,
            head,
            founding.identifier,
            before=kept.size if kept else 0,
            files=tree.fetched,
            served=head.checkpoint,
        )

    def _said(
        self,
        outcome: Outcome,
        policy: Policy,
        head: SignedHead,
        corridor: str,
        *,
        before: int | None = None,
        files: int = 0,
        served: Checkpoint | None = None,
        evidence: tuple[str, ...] = (),
    ) -> Mirrored:
        told = self.told
        return Mirrored(
            outcome,
            corridor,
            head,
            head.time(policy),
            head.checkpoint.size if before is None else before,
            served,
            files,
            tuple(sorted(told.deleted.items())) if told else (),
            sum(len(line.disclosures) for line in told.aside) if told else 0,
            evidence,
        )

    def _kept(self) -> _Kept | None:
        """Rule 1."""
        note = self.shelf.read(CHECKPOINT)
        if note is None:
            return None
        text = self.shelf.read(POLICY) or b""
        policy = read_policy(text)
        head = read_head(note, policy)
        founding = self._founding(head.checkpoint.size)
        kept = _Kept(text, policy, note, head, founding)
        if not self._goes_on(kept, head):
            raise Disproved(
                "the archive here does not lead to its own head",
                where=CHECKPOINT,
                next_step="Audit it, keep it, and mirror into another folder",
                rule="log.altered",
            )
        return kept

    def _founding(self, size: int) -> Founding:
        """Rule 6, of what is staged or kept."""
        bundle = tile_at(None, 0, size)
        entries = split_bundle(self._file(bundle.path), bundle.width, bundle.path)
        founding = Founding.parse(parse_entry(entries[0], where="entry 0"), where="entry 0")
        if self.corridor not in (None, founding.identifier):
            raise Disproved(
                f"this is corridor {founding.identifier}",
                where="entry 0",
                next_step=f"Asked for was {self.corridor}: compare both with the signed paper",
                rule="log.corridor",
            )
        return founding

    def _policy(self) -> bytes:
        text = self.source.read(POLICY)
        if text is None:
            raise Unavailable("this file is not served", where=POLICY, next_step="Check the address")
        return text

    def _head(self, note: bytes, policy: Policy) -> SignedHead:
        """Rule 2."""
        head = read_head(note, policy)
        size = head.checkpoint.size
        if size == 0:
            raise Malformed("this log is empty", where=CHECKPOINT, next_step="Repeat later")
        missing = policy.quorum.missing(head.cosigned)
        if missing:
            self.shelf.keep_note(_name(head.checkpoint), note)
            raise Unavailable(
                f"the head of {size} entries waits for its quorum ({'; '.join(missing)})",
                where=CHECKPOINT,
                next_step="The archive here stays as it is, the head is kept beside it; repeat later",
                rule="head.no_quorum",
            )
        return head

    def _goes_on(self, kept: _Kept, head: SignedHead) -> bool:
        """Rule 4, as far as our own tree can tell: of a head that is no larger than ours."""
        size = head.checkpoint.size
        if size > kept.size:
            return True
        ours = self._tree(kept, kept.head.checkpoint)
        return root_at(ours.read, size) == head.checkpoint.root

    def _tree(self, kept: _Kept | None, head: Checkpoint) -> ServedTree:
        old = min(kept.size, head.size) if kept else 0
        return ServedTree(self.source, self.shelf, old, head.size, head.root, self.reporter)

    def _split(self, kept: _Kept, note: bytes, head: Checkpoint) -> Mirrored:
        """Rule 4."""
        ours, theirs = _name(kept.head.checkpoint), _name(head)
        self.shelf.keep_note(ours, kept.note)
        self.shelf.keep_note(theirs, note)
        self.shelf.set_apart(f"tiles-{theirs}")
        return self._said(
            Outcome.SPLIT,
            kept.policy,
            kept.head,
            kept.founding.identifier,
            served=head,
            evidence=(ours, theirs),
        )

    def _entries(self, tree: ServedTree, kept: _Kept | None, policy_text: bytes) -> Founding:
        """Rules 5 and 6: whose corridor it is shows with the first bundle."""
        founding = kept.founding if kept else None
        for _ in tree.bundles():
            if founding is None:
                founding = self._founding(tree.size)
                if founding.policy().encode() != policy_text:
                    raise Malformed(
                        "this is not the policy that the founding record makes",
                        where=POLICY,
                        next_step="Ask another party: whom to believe is written in entry 0",
                        rule="policy.spelling",
                    )
        if founding is None:
            raise Malformed("there is no founding record", where="entry 0")
        return founding

    def _disclosures(
        self, served: Iterator[bytes] | None, founding: Founding, head: Checkpoint, note: bytes
    ) -> bool:
        """Rule 5: stages the lines to hold; whether they are others than before."""
        self.holds = self.shelf.read(DISCLOSURES) is not None
        if served is None and not self.holds:
            return False
        store = ArchiveStore(_Files(self), founding, head, note)
        told = self.told = Disclosures(
            head.size, lambda index: next(store.entries(index, index + 1)), _erased_by(store)
        )
        held = self.shelf.lines(DISCLOSURES)
        theirs = self.shelf.lines(DISCLOSURES) if served is None else served
        self.holds = self.shelf.stage_lines(DISCLOSURES, told.merged(theirs, held)) > 0
        self._set_aside(told)
        return told.changed

    def _set_aside(self, told: Disclosures) -> None:
        """Beside the archive stands what is no longer served, without what was erased since."""
        before = self.shelf.note(ASIDE) or b""
        aside: dict[int, frozenset[str]] = {}
        for line in (*told.read(iter(before.split(b"\n")[:-1])), *told.aside):
            aside[line.entry] = aside.get(line.entry, frozenset()) | told.left_of(line)
        lines = (Line(entry, aside[entry], frozenset()).text() for entry in sorted(aside) if aside[entry])
        text = b"".join(line + b"\n" for line in lines)
        if text != before:
            self.shelf.keep_note(ASIDE, text)

    def _file(self, path: str) -> bytes:
        data = self.shelf.staged(path) or self.shelf.read(path)
        if data is None:
            raise Unavailable(
                "this file is missing in the archive here",
                where=path,
                next_step="Audit it, or begin a new one",
            )
        return data


@dataclass(frozen=True, slots=True)
class _Files:
    """What will be the archive, before it is."""

    run: _Mirroring

    def paths(self) -> list[str]:
        """None: nobody asks."""
        return []

    def read(self, path: str) -> bytes:
        return self.run._file(path)  # noqa: SLF001 - a part of the same module


def _erased_by(store: ArchiveStore) -> dict[str, int]:
    """By digest the record that erases it, by a key that may; anybody can have such a record logged."""
    records = [(index, parse_entry(text)) for index, text in store.of_kinds({"erasure"})]
    ring = keyring_at(store.founding, store, store.size()) if records else None
    return {
        digest: index
        for index, entry in records
        if ring is not None and may_sign(ring, index, entry)
        for digest in entry.payload["digests"]
    }


def _says_more(ours: bytes, theirs: bytes) -> bool:
    """Whether the head is another one, or has a signature more: nothing is taken back."""
    mine, served = Note.parse(ours), Note.parse(theirs)
    return mine.text != served.text or {*mine.signatures} < {*served.signatures}


def _name(head: Checkpoint) -> str:
    return f"head-{head.size}-{head.root.hex()[:16]}"
