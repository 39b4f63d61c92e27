"""Whoever holds the log's key and the service key cheats; one party finds it by its own copy alone.

`python -m tests.stories.operators --seeds 100` plays each kind with as many seeds, each beside its honest twin.

The day is drawn from the seed: how many movements, whose records, which of them the cheat is about. At noon the
party, `orva`, takes an archive: it keeps that archive's head, and the receipts that it has by then. In the evening it
takes the archive that it audits. A quorum of witnesses, or all, are in the operator's hands wherever that helps the
cheat. The auditor is given what the kind needs, and nothing else; of the honest twin, all that the party kept.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, TypeAlias

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.record.disclosure import disclose
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.clock import HandClock
from safeconduct.sim.hand import Hand, Written, sign_anything
from safeconduct.sim.movement import Movement
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.files import CHECKPOINT, DISCLOSURES
from safeconduct.verify.kept import Kept
from safeconduct.verify.report import Report

PARTY = "orva"
HEAD, RECEIPT, OFFERS = KEPT = ("head", "receipt", "offers")
_HOUR_S = 3_600


@dataclass(slots=True)
class Scene:
    """One day, and what the party has in its hands."""

    stage: Stage
    draw: Random
    movements: list[Movement] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    """What the party has beside its archive, by what it is."""
    archive: MemoryArchive | None = None
    """What the party is given instead of an honest one."""
    ours: Written | None = None
    """The party's own record, for which it has a receipt."""
    begun: int = 0
    """How many entries the log had before the first movement."""
    noon: int = 0
    """How many it had when the party took its archive."""

    def entry(self, index: int) -> Entry:
        return parse_entry(self.stage.entries()[index])

    def one_of_the_morning(self, *kinds: str) -> int:
        """A device's record that others have seen a head over since."""
        service = self.stage.founding.service_key
        keys = {hand.kid: hand for hand in self.stage.hands.values() if hand.key.public_key != service}
        places = [
            index
            for index, text in enumerate(self.stage.entries()[: self.noon])
            if index >= self.begun
            and (entry := parse_entry(text)).kid in keys
            and entry.evt in (kinds or (entry.evt,))
        ]
        return self.draw.choice(places)

    def signer(self, index: int) -> Hand:
        kid = self.entry(index).kid
        return next(hand for hand in self.stage.hands.values() if hand.kid == kid)

    def everybody(self) -> tuple[Hand, ...]:
        return tuple(self.stage.hands.values())

    def audit(self, *given: str) -> Report:
        """What the auditor says of the party's archive, beside what it is given of what the party kept."""
        archive = self.archive or self.stage.archive(PARTY)
        head, receipt, offers = (
            (Kept(name, self.kept[name]),) if name in given and name in self.kept else () for name in KEPT
        )
        return audit(archive, workers=SerialWorkers(), options=Options(None, head, receipt, offers))


Act: TypeAlias = Callable[[Scene], None]


def _nothing(_: Scene) -> None:
    """What an honest operator does besides."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A cheat: what is done at noon and in the evening, and the rules of which one names it.

    `needs` is what the party must have kept; `honest` is what the twin does at noon.
    """

    name: str
    rules: frozenset[str]
    needs: tuple[str, ...] = ()
    noon: Act = _nothing
    evening: Act = _nothing
    honest: Act = _nothing


def play(kind: Kind, seed: int, *, cheats: bool) -> Scene:
    """The day, up to the archive that the party takes."""
    scene = _morning(seed)
    (kind.noon if cheats else kind.honest)(scene)
    _afternoon(scene)
    if cheats:
        kind.evening(scene)
    return scene


def _morning(seed: int) -> Scene:
    draw = Random(seed)  # noqa: S311 - to be repeated
    stage = Stage(f"operators {seed}")
    scene = Scene(stage, draw, begun=len(stage.entries()))
    spare = stage.enrol("relief-two/declarant")
    for number in range(draw.randint(1, 3)):
        moving = stage.declare(plate=f"KM {1000 + 10 * seed + number}", people=draw.randint(1, 6))
        moving.grant()
        moving.arrive()
        scene.ours = moving.countersign(moving.inspect(), by=f"{PARTY}/liaison")
        moving.affix_seal(f"S-{number}")
        moving.enter()
        moving.account(draw.choice(("arrived", "waited", "searched")), moving.start)
        scene.movements.append(moving)
        stage.clock.advance(minutes=draw.randint(1, 20))
    last = spare.record("account", passage=stage.passage().psg, clear={"what": "left", "post": "north-gate"})
    stage.revoke(spare, last=last)
    stage.clock.advance(hours=draw.randint(1, 2))
    assert scene.ours is not None
    scene.kept = {HEAD: stage.archive(PARTY).files[CHECKPOINT], RECEIPT: stage.receipt(scene.ours)}
    scene.noon = len(stage.entries())
    return scene


def _afternoon(scene: Scene) -> None:
    stage = scene.stage
    for number, moving in enumerate(scene.movements):
        moving.find_seal(f"S-{number}")
        moving.exit()
        moving.account("left", moving.end)
    stage.clock.advance(minutes=10)
    stage.enrol("relief-two/declarant", "relief-two/next")
    stage.declare(plate=f"TX {scene.draw.randint(1000, 9999)}")
    stage.close_watches()
    stage.pass_time(days=2)


# The cheats


def _drop(scene: Scene) -> None:
    scene.stage.cheat.drop(scene.one_of_the_morning(), colluding=SEATS)


def _later(payload: dict[str, Any]) -> None:
    payload["iat"] += 1


def _more_people(payload: dict[str, Any]) -> None:
    payload["people"] += 1


def _alter(scene: Scene) -> None:
    scene.stage.cheat.alter(scene.one_of_the_morning(), _later, colluding=SEATS)


def _move(scene: Scene) -> None:
    first = second = scene.one_of_the_morning()
    while second == first:
        second = scene.one_of_the_morning()
    scene.stage.cheat.swap(first, second, colluding=SEATS)


@cache
def _elsewhere() -> bytes:
    """A record of another corridor."""
    stage = Stage("another corridor")
    declared = stage.declare().declaration
    assert declared is not None
    return declared.entry


def _forge(scene: Scene) -> None:
    """By the service key, by a key that nobody enrolled, under somebody's key, or of another corridor."""
    stage, index = scene.stage, scene.one_of_the_morning("arrival", "entered", "account")
    told = scene.entry(index)
    jti = "01890a5d-ac96-774b-bcce-b302099a8057"
    payload = {**told.payload, "seq": 900, "prev": told.leaf.hex(), "jti": jti}
    way = scene.draw.choice(("service", "stranger", "nobody's", "elsewhere"))
    if way == "elsewhere":
        entry = _elsewhere()
    elif way == "nobody's":
        entry = sign_anything(payload, scene.signer(index).key)
        entry = entry[:-86] + b"A" * 86
    else:
        entry = sign_anything(payload, stage.key(way))
    stage.log_raw(entry)


def _write_of_a_record_at(scene: Scene, *, dated_back: bool) -> None:
    """Hours go by; a record is made; its head is dated as if it had been there when they began."""
    stage = scene.stage
    stage.clock.advance(minutes=1)
    early = HandClock(stage.clock.now() + 60)
    stage.clock.advance(hours=scene.draw.randint(1, 5))
    scene.movements[0].account("waited", scene.movements[0].end)
    for witness in stage.witnesses[: scene.draw.randint(2, 3)]:
        witness.clock = early if dated_back else stage.clock
    stage.publish()
    for witness in stage.witnesses:
        witness.clock = stage.clock


def _date_back(scene: Scene) -> None:
    _write_of_a_record_at(scene, dated_back=True)


def _date_rightly(scene: Scene) -> None:
    _write_of_a_record_at(scene, dated_back=False)


def _lose_what_was_acknowledged(scene: Scene) -> None:
    assert scene.ours is not None
    scene.stage.cheat.drop(scene.ours, helped_by=scene.everybody(), colluding=SEATS)


def _offered(scene: Scene) -> Written:
    """A record that somebody gave to the party, because the operator would not take it."""
    stage, moving = scene.stage, scene.movements[0]
    clear = {"what": "searched", "post": moving.start}
    account = stage.hand("relief-one").write("account", passage=moving.psg, clear=clear)
    if scene.draw.random() < 0.5:
        stage.hand(f"{PARTY}/liaison").record("offered", clear={"leaf": account.leaf})
    else:
        scene.kept[OFFERS] = account.entry + b"\n"
    return account


def _withhold(scene: Scene) -> None:
    _offered(scene)


def _log_what_is_offered(scene: Scene) -> None:
    scene.stage.hand_in(_offered(scene))


def _log_no_heads(scene: Scene) -> None:
    """A record is withheld too, which the party said in the log that it was offered: undated, no limit passes."""
    _offered(scene)
    setattr(scene.stage.log, "_unrecorded_head", list)  # noqa: B010 - what the operator's own program leaves out


def _show_another_history(scene: Scene) -> None:
    """The device whose record is another one in it helps; the party never held a head of the other log."""
    index = scene.one_of_the_morning("arrival", "entered")
    scene.stage.cheat.alter(index, _more_people, helped_by=[scene.signer(index)], colluding=SEATS)


def _put_back(scene: Scene) -> None:
    """A backup of the morning; devices and witnesses are put back too."""
    sizes = [head.size for head in scene.stage.store.committed() if scene.begun <= head.size < scene.noon]
    scene.stage.cheat.restore(scene.draw.choice(sizes), everywhere=True)
    if scene.draw.random() < 0.5:
        scene.stage.declare(plate="KM 4712")


def _sign_anew(scene: Scene) -> None:
    scene.stage.cheat.drop(scene.one_of_the_morning(), helped_by=scene.everybody(), colluding=SEATS)


def _hide_the_revocation(scene: Scene) -> None:
    scene.stage.cheat.drop(scene.one_of_the_morning("revocation"), colluding=SEATS)


def _show_a_false_value(scene: Scene) -> None:
    """Another value instead of one that was disclosed; or one that the party was promised is not there."""
    scene.archive = archive = scene.stage.archive(PARTY)
    lines = archive.files[DISCLOSURES].splitlines()
    place = scene.draw.randrange(len(lines))
    line = json.loads(lines[place])
    value = scene.draw.choice(line["disclosures"])
    line["disclosures"].remove(value)
    if scene.draw.random() < 0.5 or not line["disclosures"]:
        line["disclosures"].append(disclose(bytes(16), "KM 4712"))
    lines[place] = canonical({**line, "disclosures": sorted(line["disclosures"])})
    archive.files[DISCLOSURES] = b"\n".join((*lines, b""))


_CHAINED = frozenset({"chain.hole", "chain.prev", "seen.wrong"})
_FORGED = frozenset({"key.issuer", "key.unknown", "record.signature", "record.corridor"})
_DISCLOSED = frozenset({"disclosures.digest", "disclosures.false"})


def _only(rule: str) -> frozenset[str]:
    return frozenset({rule})


KINDS: tuple[Kind, ...] = (
    Kind("an entry dropped", _CHAINED, evening=_drop),
    Kind("an entry altered", _only("record.signature"), evening=_alter),
    Kind("two entries exchanged", _only("seen.wrong"), evening=_move),
    Kind("a forged record slipped in", _FORGED, evening=_forge),
    Kind("a head dated back", _only("time.after_head"), noon=_date_back, honest=_date_rightly),
    Kind(
        "no more heads put into the log",
        _only("head.unlogged"),
        noon=_log_no_heads,
        honest=_log_what_is_offered,
    ),
    Kind("another history for one party", _only("seen.wrong"), evening=_show_another_history),
    Kind("a revocation hidden", _CHAINED, evening=_hide_the_revocation),
    Kind("a false disclosure, or one left out", _DISCLOSED, evening=_show_a_false_value),
    Kind(
        "a record offered and withheld",
        _only("offered.withheld"),
        (OFFERS,),
        noon=_withhold,
        honest=_log_what_is_offered,
    ),
    Kind(
        "a record acknowledged, not logged",
        _only("log.receipt"),
        (RECEIPT,),
        evening=_lose_what_was_acknowledged,
    ),
    Kind("an old backup put back", _only("log.rollback"), (HEAD,), evening=_put_back),
    Kind("the whole log signed anew", _only("log.rollback"), (HEAD,), evening=_sign_anew),
)


@dataclass(slots=True)
class Count:
    """Of one kind, over all seeds."""

    named: int = 0
    silent: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


def count(kind: Kind, seeds: Sequence[int]) -> Count:
    """Plays the cheat and its twin with each seed."""
    result = Count()
    for seed in seeds:
        named = play(kind, seed, cheats=True).audit(*kind.needs).rules
        honest = play(kind, seed, cheats=False).audit(*KEPT).rules
        result.rules.update(named & kind.rules)
        result.named += bool(named & kind.rules)
        result.silent += not honest
        if honest or not named & kind.rules:
            result.missed.append(f"seed {seed}: named {sorted(named)}, of the honest twin {sorted(honest)}")
    return result


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    number = parser.parse_args().seeds
    missed = 0
    for kind in KINDS:
        result = count(kind, range(number))
        by = ", ".join(f"{rule} {times}" for rule, times in result.rules.most_common())
        print(  # noqa: T201 - what this is for
            f"{kind.name:35}  needs {' '.join(kind.needs) or 'nothing':7}  named {result.named}/{number}  "
            f"twin silent {result.silent}/{number}  by {by}",
            *result.missed,
            sep="\n    ",
            flush=True,
        )
        missed += len(result.missed)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
