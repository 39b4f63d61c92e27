"""One piece of valid evidence of each kind, of one corridor, and the archive that some of them take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.witness import receive
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.hand import sign_anything
from safeconduct.sim.stage import Stage
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.compare import Copy, compare
from safeconduct.verify.evidence.check import Evidence
from safeconduct.verify.evidence.made import of_findings
from safeconduct.verify.kept import Kept
from safeconduct.verify.receipts import beside
from tests.unit.verify.verify_scene import archive_of


@dataclass(frozen=True)
class Scene:
    """The archive holds a fork, a hole, a double digest; a record was withheld from it."""

    stage: Stage
    archive: MemoryArchive
    files: dict[str, bytes]
    """By kind; two of a split: `split` of two sizes, `twin` of one."""


@cache
def scene() -> Scene:
    """Made once."""
    stage = Stage("evidence")
    hand = stage.hand("relief-one")
    psg = stage.passage().psg
    withheld = hand.write("account", passage=psg, clear={"what": "searched", "post": "north-gate"})
    answer = receive(
        withheld.entry, stage.witnesses[0].verifier, stage.witnesses[0].key, now=stage.clock.now()
    )
    seq, prev = hand.seq, hand.prev
    for what in ("arrived", "left"):
        hand.seq, hand.prev = seq, prev
        kept = hand.record("account", passage=psg, clear={"what": what, "post": "north-gate"})
    hand.write("account", passage=psg, clear={"what": "waited", "post": "north-gate"})
    hand.record("account", passage=psg, clear={"what": "left", "post": "south-gate"})
    double = {**parse_entry(stage.passage().declare().entry).payload, "seq": hand.seq, "prev": hand.prev}
    double["plate"] = {"_sd": [print_base64url(bytes(32)), print_base64url(b"1" * 32)]}
    stage.log_raw(sign_anything(double, hand.key))
    receipt, older = Kept("receipt", stage.receipt(kept)), Copy.of_archive(stage.archive(), "older")
    stage.pass_time(days=2)
    archive, entries = stage.archive(), stage.entries()
    place = entries.index(kept.entry)
    other = archive_of(stage, [*entries[:place], *entries[place + 1 :]])
    twin = archive_of(stage, [*entries[:place], b"another", *entries[place + 1 :]])
    offers = Kept("offers", withheld.entry)
    report = audit(archive, workers=SerialWorkers(), options=Options(offers=(offers,)))
    made = of_findings(report, archive, [offers], [Kept("answer", answer.print().encode())])
    files = {evidence.of.kind: evidence for _, evidence in made if evidence is not None}
    whole = Copy.of_archive(archive_of(stage, entries), "whole")
    found = {
        "split": compare(older, Copy.of_archive(other, "other")).evidence,
        "twin": compare(whole, Copy.of_archive(twin, "twin")).evidence,
        "rollback": _rolled_back(stage, entries),
        "receipt": beside(receipt, kept.entry, other, "other"),
        **files,
    }
    return Scene(stage, archive, {kind: one.print() for kind, one in found.items() if one is not None})


def _rolled_back(stage: Stage, entries: list[bytes]) -> Evidence | None:
    larger = Copy.of_archive(archive_of(stage, entries), "larger")
    stage.clock.advance(hours=1)
    return compare(larger, Copy.of_archive(archive_of(stage, entries[:20]), "smaller")).evidence
