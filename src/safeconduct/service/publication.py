"""Publishing: a head's files into a place that readers read from, in an order that never shows half of it.

Rules, in the order of the code:
 1. Nothing is written unless the tree has the head's root and that of the head which is there: one of another tree
    is `Disproved`, one beyond the tree `Conflict`. Where a larger one of the same tree is there, it stays: no target
    ever goes back.
 2. First what never changes: the policy, and those tiles and bundles that the head there did not have. Each
    entry has the hash of its level-0 tile. A file that is there already is the same, byte for byte, or
    everything stops.
 3. Once all of that survives a power cut: `checkpoint`.
 4. Then partial tiles whose full tile is there go away (C2SP tlog-tiles, *Partial Tiles*).
Whatever stops it, anywhere: the same call again does the rest. It is the only way of recovery.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Conflict, Disproved, Unavailable
from safeconduct.core.kernel.instant import print_duration, print_instant
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.proofs import root_at
from safeconduct.core.tlog.tiles import WIDTH, Tile, new_tiles, pack_bundle
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.service.hashes import Hashes
from safeconduct.service.ports import Store, StoredHead
from safeconduct.service.public_head import Log, NotYet, PublicHead, PublicHeads
from safeconduct.service.sequence import Sequencer
from safeconduct.service.shown import Shown, size_of
from safeconduct.service.version import agreements_until
from safeconduct.verify.files import CHECKPOINT, POLICY

PUBLIC_HEAD = "public/checkpoint"
"""In the parties' target: the head that the public was shown last. No archive has a file of this name."""
_LOOK_S = 60
_KEEP = "Keep both, and find out which of them the witnesses have cosigned; nothing was overwritten"


class PublishTarget(Protocol):
    """Where a head's files are put: a folder that a web server serves.

    1. A reader finds a file whole, as it was or as it is, never in between.
    2. With `immutable`, a file that is there with other bytes is `Disproved`, and stays.
    3. Once `settle` returns, what was written survives a power cut. Content survives it from the first moment
       on: no name ever leads to a part of it.
    4. In an `alone` block no other caller, in any process, is in one.
    5. After an error each file is the old or the new one; the same call is safe.
    """

    def paths(self, under: str = "") -> Iterable[str]:
        """Every file's path, or those in the folder `under`."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is none."""
        ...

    def write(self, path: str, data: bytes, *, immutable: bool) -> bool:
        """Puts a file there; whether it was not there yet, or other."""
        ...

    def remove(self, path: str) -> None:
        """Takes a file away, if it is there."""
        ...

    def settle(self) -> None:
        """Promise 3."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Promise 4."""
        ...


def publish(store: Store, hashes: Hashes, head: StoredHead, policy_text: str, target: PublishTarget) -> int:
    """Puts the head's files into the target, and returns how many were written."""
    with target.alone():
        run = _Publishing(store, hashes, head, policy_text, target)
        there = run.size_there()
        return run.from_size(there) if there <= head.size else 0


def publish_whole(
    store: Store, hashes: Hashes, head: StoredHead, policy_text: str, target: PublishTarget
) -> int:
    """The same, comparing every file, also those that an earlier head had: what is missing is written again."""
    with target.alone():
        run = _Publishing(store, hashes, head, policy_text, target)
        return run.from_size(0) if run.size_there() <= head.size else 0


class TooEarly(Unavailable):
    """The public is shown nothing yet; from `first_s` on (POSIX seconds) it will be, where that is known."""

    first_s: int | None = None


class Publication:
    """What a running corridor shows: to parties all that is published in one target, to the public what is due.

    1. Every party is shown the same head, and the files that are published.
    2. The public is shown the newest head that is older than the agreement's delay (`public_head`) and whose files
       are there. It never goes back: a delay that is made longer takes nothing away again.
    3. The target says both, so every process that reads it shows the same.
    """

    def __init__(self, store: Store, founding: Founding, target: PublishTarget) -> None:
        """Reads nothing yet."""
        self.store, self.founding, self.target = store, founding, target
        self._heads = PublicHeads(self)
        self._looked: tuple[int, int, bytes] | None = None

    def publish(self, sequencer: Sequencer) -> int:
        """Shows the newest published head to the parties; returns how many files were written."""
        policy = self.founding.policy()
        return publish(sequencer.store, sequencer.hashes, sequencer.newest, policy, self.target)

    def parties(self) -> Shown:
        """Rule 1."""
        note = self.target.read(CHECKPOINT)
        if note is None:
            raise Unavailable("nothing is published yet", next_step="Repeat in a minute")
        size = size_of(note)
        return Shown(self.target.read, note, size, size)

    def public(self, *, now: int) -> Shown:
        """Rule 2; TooEarly says when there will be one."""
        parties = self.parties()
        note = self.target.read(PUBLIC_HEAD)
        if note is None or self._is_time(parties.note, now):
            found = self._heads.at(now)
            self._looked = now, now + self._pause(), parties.note
            if isinstance(found, PublicHead) and found.size <= parties.size:
                note = self._show(found)
            if note is None:
                raise _too_early(found)
        return Shown(self.target.read, note, size_of(note), parties.size)

    def _is_time(self, parties_note: bytes, now: int) -> bool:
        """A head comes of age as time passes: to look at every request is of use only where there is no delay."""
        if self._looked is None or now < self._looked[0]:
            return True
        looked, again, note = self._looked
        return now >= again and (again > looked or note != parties_note)

    def _pause(self) -> int:
        agreement = agreements_until(self.founding, self.store, self.store.size())[-1]
        return min(agreement.limits.publication_delay_s or 0, _LOOK_S)

    def _show(self, head: PublicHead) -> bytes:
        """Moves the public's head on, never back; several processes may find it due at once."""
        with self.target.alone():
            note = self.target.read(PUBLIC_HEAD)
            if note is None or size_of(note) < head.size:
                note = head.note
                self.target.write(PUBLIC_HEAD, note, immutable=False)
                self.target.settle()
        return note


def public_head_of(log: Log, *, now: int) -> StoredHead:
    """The head that the public may see now, whatever is published; TooEarly says when there will be one."""
    found = PublicHeads(log).at(now)
    if isinstance(found, NotYet):
        raise _too_early(found)
    return StoredHead(found.size, found.note, found.time)


def _too_early(found: PublicHead | NotYet) -> TooEarly:
    if isinstance(found, PublicHead):
        return TooEarly("the head for the public is being published", next_step="Repeat in a minute")
    match found.why:
        case "no-delay":
            return TooEarly(
                "the agreement sets no publication_delay: no head is ever old enough for the public",
                next_step="Agree on publication_delay in [limits]; the parties' archives do not wait for it",
            )
        case "no-quorum":
            return TooEarly(
                "no head has its quorum yet, so none is for the public",
                next_step="The quorum of witnesses must cosign a head; after the agreement's delay it is shown",
            )
    delay, first = found.delay_s or 0, found.first_s or 0
    error = TooEarly(
        "no head is old enough for the public",
        next_step=f"Repeat at {print_instant(first)}: the first head is then {print_duration(delay)} old",
    )
    error.first_s = first
    return error


@dataclass(frozen=True, slots=True)
class _Publishing:
    """One head on its way into one target."""

    store: Store
    hashes: Hashes
    head: StoredHead
    policy_text: str
    target: PublishTarget

    def size_there(self) -> int:
        """Rule 1: how many entries the head there has, 0 where there is none."""
        size = self.head.size
        if Checkpoint.parse(Note.parse(self.head.note).text).root != self._root(size):
            raise Disproved(
                f"the entries are not those that the head of {size} signs: nothing was published",
                next_step="Stop, and bring back a copy that a party's archive agrees with",
                rule="log.altered",
            )
        data = self.target.read(CHECKPOINT)
        if data is None:
            return 0
        there = Policy.parse(self.policy_text.encode()).check(
            Note.parse(data, where=CHECKPOINT), where=CHECKPOINT
        )
        found = there.checkpoint
        if found.size > self.hashes.size:
            raise Conflict(
                f"the head there has {found.size} entries, this log {self.hashes.size}",
                where=CHECKPOINT,
                next_step="Keep it: it proves what this log has held. Was an old copy of the log restored?",
                rule="log.rollback",
            )
        if found.root != self._root(found.size):
            raise Disproved(
                f"the head there, of {found.size} entries, is of another tree",
                where=CHECKPOINT,
                next_step=_KEEP,
                rule="log.rollback",
            )
        return found.size

    def from_size(self, old: int) -> int:
        """Rules 2 to 4."""
        written = int(self._put(POLICY, self.policy_text.encode()))
        for tile in new_tiles(old, self.head.size):
            written += self._put(tile.path, self._content(tile))
        self.target.settle()
        # Crash up to here: files that no head refers to yet. The next run finds them, and compares them.
        if self._says_more():
            written += self.target.write(CHECKPOINT, self.head.note, immutable=False)
            self.target.settle()
        # Crash here: partial tiles that nobody needs any more. They are true, and disturb nobody.
        for tile in new_tiles(old, self.head.size):
            if tile.width == WIDTH:
                for path in [*self.target.paths(f"{tile.path}.p")]:
                    self.target.remove(path)
        return written

    def _root(self, size: int) -> bytes:
        return root_at(self.hashes.read, size)

    def _put(self, path: str, data: bytes) -> bool:
        return self.target.write(path, data, immutable=True)

    def _content(self, tile: Tile) -> bytes:
        """A hash tile; or a bundle, once its entries have the hashes that the tree has for them."""
        if tile.level is not None:
            return self.hashes.read(tile)
        first = tile.index * WIDTH
        entries = list(self.store.entries(first, first + tile.width))
        if b"".join(map(leaf_hash, entries)) != self.hashes.read(Tile(0, tile.index, tile.width)):
            raise Disproved(
                "the store gives back other entries than those that were signed: this file was not published",
                where=tile.path,
                next_step="Check the disk of this machine; bring back a copy that a party's archive agrees with",
                rule="log.altered",
            )
        return pack_bundle(entries)

    def _says_more(self) -> bool:
        """Whether the head there is smaller, or lacks a signature that this one has: nothing is taken back."""
        data = self.target.read(CHECKPOINT)
        if data is None:
            return True
        there, ours = Note.parse(data), Note.parse(self.head.note)
        return there.text != ours.text or not {*ours.signatures} <= {*there.signatures}
