"""A small scripted corridor: invented people, a clock moved by hand, witnesses that cosign; all from a seed.

    stage = Stage()
    passage = stage.declare(plate="KM 4711", people=3, goods=[("1101", 20_000, "KGM")])
    passage.grant()
    passage.arrive(), passage.inspect(), passage.affix_seal("S-1"), passage.enter()
    stage.clock.advance(hours=2)
    passage.find_seal("S-1"), passage.exit()
    stage.close_watches()
    stage.pass_time(days=2)
    assert stage.audit().exit_code == 0

Time goes on by a minute with every record. Whenever the clock is moved further, what was handed in is logged
first, witnesses cosign the head, and every device that has a network holds it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from importlib.resources import files
from typing import Any

from safeconduct.adapters.chance import SeededChance
from safeconduct.adapters.keys import Ed25519Key
from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.agreement.founding import Founding, Nature
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.entry import Seen, parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.proofs import consistency_proof, root_at
from safeconduct.core.tlog.tree import leaf_hash, root
from safeconduct.service.closing import counts_in
from safeconduct.service.export import export
from safeconduct.service.found import Plan, found
from safeconduct.service.ports import Row, Store
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.service.version import version_in_force
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.cheat import Cheat
from safeconduct.sim.clock import HandClock
from safeconduct.sim.hand import Hand, Written
from safeconduct.sim.movement import FOOD, Goods, Movement
from safeconduct.sim.witnesses import SimulatedWitness
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.kept import Kept
from safeconduct.verify.report import Report

SEATS = {"mission": "guarantor", "orva": "party", "tessin": "party"}
POSTS = ("north-gate", "south-gate")
DEVICES = (
    "mission/officer",
    "north-gate/post",
    "south-gate/post",
    "relief-one/declarant",
    "orva/liaison",
    "tessin/liaison",
)
OBSERVED = ("arrival", "entered", "exited", "inspection", "seal", "turned-back")
"""What the posts' watches list."""

ORIGIN = "log.corridor.example"
_SHORT = {
    "north-gate": "north-gate/post",
    "south-gate": "south-gate/post",
    "relief-one": "relief-one/declarant",
}
_HALF_DAY_S = 43_200


def corridor_file(name: str) -> str:
    """The text of the invented corridor's `agreement.toml` or `route.geojson`."""
    return (files("safeconduct.sim") / "corridor" / name).read_text(encoding="utf-8")


class Stage:
    """The corridor and everybody in it."""

    def __init__(
        self,
        seed: str = "stage",
        *,
        agreement: str | None = None,
        route: str | None = None,
        store: Store | None = None,
        witnesses: Iterable[str] = tuple(SEATS),
        quorum: int = 2,
        empty: Collection[str] = (),
        consenting: Iterable[str] = ("orva", "tessin"),
        watching: bool = True,
        bulk: bool = False,
        nature: Nature = "simulated",
    ) -> None:
        """Founded, consented to, keys enrolled, both posts on watch, all of it under a cosigned head.

        `bulk` is for whole days of honest traffic: the clock stands between steps, nothing is looked at.
        """
        self.clock = HandClock(before_moving=self.publish)
        self.chance = SeededChance(seed.encode())
        self.hands: dict[str, Hand] = {}
        self.watches: dict[str, Written] = {}
        self.on_duty: dict[str, str] = {}
        self._keys: dict[str, Ed25519Key] = {}
        self._waiting: list[Written] = []
        self._pace_s = 0 if bulk else 60
        self._bulk = bulk
        self._movements = 0
        self.newest: Seen | None = None
        self.log_key = VerifierKey.of(ORIGIN, KeyType.ED25519, self.key("log").public_key)
        self.witnesses = tuple(
            SimulatedWitness(seat, self.key(f"{seat}/witness"), self.clock, self.log_key, self.prove)
            for seat in witnesses
        )
        self.store: Store = MemoryStore() if store is None else store
        self.open_log()
        self._found(agreement, route, quorum, empty, nature)
        for seat in consenting:
            self.hand(f"{seat}/root").record("consent", clear={"of": self.founding.leaf})
        for iss in DEVICES:
            if iss.partition("/")[0] not in empty:
                self.enrol(iss)
        self.publish()
        if watching:
            self.open_watches()
        self.publish()
        self.cheat = Cheat(self)

    def key(self, name: str) -> Ed25519Key:
        """The private key called `name`: whoever knows the seed has it."""
        return self._keys.setdefault(name, Ed25519Key(self.chance.bytes(f"key/{name}", 32)))

    # Founding and keys

    def open_log(self) -> None:
        """The log's program starts, or starts again, from what its store holds."""
        self.log = Sequencer(
            self.store,
            log=self.key("log"),
            service=self.key("service"),
            clock=self.clock,
            chance=self.chance,
            witnesses=self.witnesses,
        )

    def _found(
        self, agreement: str | None, route: str | None, quorum: int, empty: Collection[str], nature: Nature
    ) -> None:
        text = corridor_file("agreement.toml") if agreement is None else agreement
        seats = [seat for seat in parse_agreement(text).seats if seat not in empty]
        plan = Plan(
            agreement=text,
            route=corridor_file("route.geojson") if route is None else route,
            nature=nature,
            origin=ORIGIN,
            log_key=self.key("log").public_key,
            service_key=self.key("service").public_key,
            seats={seat: self.key(f"{seat}/root").public_key for seat in seats},
            witnesses=[witness.verifier for witness in self.witnesses],
            quorum=quorum if self.witnesses else 0,
        )
        founding = found(plan, self.key("mission/root"), clock=self.clock, chance=self.chance)
        self.log.submit([Submission(founding)])
        for seat in seats:
            self.stranger(f"{seat}/root")
        root = self.hand("mission/root")
        root.seq, root.prev = 1, self.founding.leaf
        self._spread_head()
        self.clock.tick(60)

    @property
    def founding(self) -> Founding:
        """The founding record."""
        return self.log.founding

    @property
    def cor(self) -> str:
        """The corridor's identifier."""
        return self.founding.cor

    def hand(self, name: str) -> Hand:
        """Whoever signs under this name: a post or `relief-one` for short, else as in `iss`."""
        return self.hands[self.on_duty.get(name) or _SHORT.get(name, name)]

    def enrol(self, iss: str, device: str | None = None, *, by: str | None = None, **told: Any) -> Hand:
        """A new device for `iss`; called `device` from here on, where there are several."""
        hand = self.stranger(iss, device)
        own_root = f"{iss.partition('/')[0]}/root"
        by = by or (own_root if own_root in self.hands else "mission/root")
        clear = {"cnf": {"jwk": jwk_of(hand.key.public_key)}, "holder": iss, **told.pop("clear", {})}
        self.hand(by).record("key", clear=clear, **told)
        return hand

    def stranger(self, iss: str, device: str | None = None) -> Hand:
        """A device with a key that nobody has enrolled."""
        hand = Hand(iss, self.key(device or iss), self.cor, self.clock, self.chance, self.hand_in)
        self.hands[device or iss] = hand
        return hand

    def revoke(
        self, hand: Hand, *, last: Written | None = None, reason: str = "lost", **told: Any
    ) -> Written:
        """Revoke a key; `last` is its last good record."""
        good = None if last is None else {"seq": last.payload["seq"], "leaf": last.leaf}
        clear = {"kid": hand.kid, "last": good, "reason": reason}
        return self.hand("mission/root").record("revocation", clear=clear, **told)

    # Watches

    def open_watches(self, posts: Iterable[str] = POSTS, *, present: Sequence[str] = (), **told: Any) -> None:
        """A shift begins; those present owe their countersignatures."""
        for post in posts:
            clear = {"post": post, "kinds": list(OBSERVED), "present": list(present)}
            self.watches[post] = self.hand(post).record("watch-start", clear=clear, **told)

    def close_watches(self, posts: Iterable[str] = POSTS, **told: Any) -> None:
        """A shift ends: its record says how many precede it."""
        for post in posts:
            if post in self.watches:
                self._end_watch(post, self.watches.pop(post), **told)

    def change_watches(self, posts: Iterable[str] = POSTS, *, present: Sequence[str] = ()) -> None:
        """The next shift begins before the one before it ends, so that no minute is unwatched."""
        before = dict(self.watches)
        self.open_watches(posts, present=present)
        for post in posts:
            self._end_watch(post, before[post])

    def _end_watch(self, post: str, start: Written, **told: Any) -> None:
        self.hand(post).record("watch-end", clear={"post": post, "start": start.leaf}, **told)

    # Passages

    def passage(self, **movement: Any) -> Movement:
        """A movement that nobody has declared."""
        self._movements += 1
        psg = self.chance.bytes(f"psg/{self._movements}", 16).hex()
        folds = self.founding.agreement.look_alikes
        return Movement(self.hand, self.chance, self.cor, psg, look_alikes=folds, **movement)

    def declare(self, *, lines: Sequence[Goods] = FOOD, by: str = "relief-one", **movement: Any) -> Movement:
        """A movement of which notice is given."""
        declared = self.passage(goods=lines, **movement)
        declared.declare(by=by)
        return declared

    # The log

    def hand_in(self, written: Written) -> None:
        """A signed record reaches the log's operator."""
        self._waiting.append(written)
        self.clock.tick(self._pace_s)

    def publish(self) -> None:
        """Log what was handed in, have the head cosigned, and let everybody who has a network hold it."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.log.append([self._row(written) for written in waiting])
        self._spread_head()

    def _row(self, written: Written) -> Row:
        """What the operator stores; of a record that nobody can read, its bytes alone."""
        if not self._bulk:
            try:
                parse_entry(written.entry)
            except Malformed:
                return Row(written.entry, f"raw-{written.leaf}", "raw")
        return Row(written.entry, written.payload["jti"], written.payload["evt"], written.disclosures)

    def _spread_head(self) -> None:
        note = self.store.published()[-1].note
        head = self.log.policy.check(Note.parse(note))
        goes_on = self.newest is None or head.checkpoint.size >= self.newest.size
        if goes_on and self.log.policy.quorum.met_by(head.cosigned):
            self.newest = Seen(head.checkpoint.size, head.checkpoint.root.hex())
        size = self.store.size() if self.newest is None else self.newest.size
        version = version_in_force(self.founding, self.store, size)
        for hand in self.hands.values():
            if not hand.offline:
                hand.seen, hand.agr = self.newest, version

    def prove(self, old: int, new: int) -> list[bytes]:
        """The log's proof that it goes on from `old` entries to `new`."""
        return consistency_proof(self.log.hashes.read, old=old, new=new)

    def root_at(self, size: int) -> bytes:
        """The root that the log's tree has, or had, at a size."""
        return root_at(self.log.hashes.read, size)

    def log_raw(self, entry: bytes) -> int:
        """The operator logs any bytes whatever, without looking at them; returns their index."""
        self.publish()
        size = self.store.size()
        leaves = [leaf_hash(known) for known in (*self.store.entries(), entry)]
        row = Row(entry, f"raw-{size}", "raw")
        self.store.append(size, [row], lambda _: self._signed_head(leaves), self.clock.now())
        self.log.settle()
        self._spread_head()  # the one before it is in no head record, and nobody goes on from it
        self.clock.tick(60)
        return size

    def _signed_head(self, leaves: Sequence[bytes]) -> bytes:
        text = Checkpoint(ORIGIN, len(leaves), root(leaves)).print()
        return Note(text, (sign_note(text, self.log_key, self.key("log")),)).print().encode()

    def entries(self) -> list[bytes]:
        """Every entry of the log, what waits included."""
        self.publish()
        return list(self.store.entries())

    def index_of(self, record: Written) -> int:
        """Where a record stands in the log."""
        return self.entries().index(record.entry)

    def receipt(self, record: Written) -> bytes:
        """What the log gave for a record, as its submitter keeps it."""
        return self.log.receipt(self.index_of(record)).print().encode()

    def head(self) -> bytes:
        """The newest head, as a party keeps it."""
        self.publish()
        return self.store.published()[-1].note

    def pass_time(self, *, days: int = 0, hours: int = 0) -> None:
        """Time goes by; each half day a party mirrors, so that there are new heads with new times."""
        end = self.clock.now() + 86_400 * days + 3_600 * hours
        while self.clock.now() < end:
            self.clock.set(min(end, self.clock.now() + _HALF_DAY_S))
            self.mirror("orva")

    def mirror(self, reader: str) -> None:
        """A reader takes an archive, which is itself a record."""
        self.publish()
        export(self.log, [reader], now=self.clock.now())
        self._spread_head()

    # The end

    def propose_closing(self, *, by: str = "mission/root", **told: Any) -> Written:
        """The end is proposed, with a count of what stands up to the head that its signer holds."""
        self.publish()
        hand = self.hand(by)
        clear = {
            "archives": [{"holder": seat} for seat in SEATS],
            "counts": counts_in(self.store.entries(0, 0 if hand.seen is None else hand.seen.size)),
            "reason": "agreed",
            "runs_on": ["answers"],
            **told.pop("clear", {}),
        }
        return hand.record("closing", clear=clear, **told)

    def close(self, agreeing: Iterable[str] = ("orva",), **told: Any) -> Written:
        """Proposed, and agreed to by these seats too."""
        closing = self.propose_closing(**told)
        for seat in agreeing:
            self.hand(f"{seat}/root").record("consent", clear={"of": closing.leaf})
        self.publish()
        return closing

    # The auditor

    def archive(self, reader: str = "mission") -> MemoryArchive:
        """What a reader is given now; `public` too."""
        self.publish()
        (archive,) = export(self.log, [reader], now=self.clock.now())
        self._spread_head()
        return MemoryArchive(dict(archive.files()))

    def audit(
        self,
        archive: MemoryArchive | None = None,
        *,
        corridor: str | None = None,
        heads: Iterable[bytes] = (),
        receipts: Iterable[bytes] = (),
        offers: Iterable[bytes] = (),
    ) -> Report:
        """What the auditor says of the mission's archive, or of another, beside what somebody kept."""
        checked = self.archive() if archive is None else archive
        options = Options(corridor, _kept("head", heads), _kept("receipt", receipts), _kept("offers", offers))
        return audit(checked, workers=SerialWorkers(), options=options)


def _kept(name: str, contents: Iterable[bytes]) -> tuple[Kept, ...]:
    return tuple(Kept(f"{name}-{number}", data) for number, data in enumerate(contents, 1))
