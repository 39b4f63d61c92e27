"""Steps 5 and 6 of the audit: from the survey of a proved log to findings, what stays open, what is not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Fault
from safeconduct.core.passage.judgement import OpenState
from safeconduct.core.passage.pairing import pair_trips
from safeconduct.core.passage.vehicle import two_names
from safeconduct.core.passage.watch import Watch
from safeconduct.core.record.finding import Finding
from safeconduct.verify.disclosures import Disclosed, Part, read_again, read_run
from safeconduct.verify.entries import Entries
from safeconduct.verify.files import DISCLOSURES
from safeconduct.verify.heads import Dating
from safeconduct.verify.judge import Judge
from safeconduct.verify.kept import Kept, judge_offer, offers_in, offers_logged
from safeconduct.verify.occurrence import Times, clock_breaches, late, occur
from safeconduct.verify.passages import Folded, Ground, Links, fold_stretch, rules_of, stretches_of
from safeconduct.verify.ports import Reporter, Workers
from safeconduct.verify.rules import finding
from safeconduct.verify.runs import Run, runs_of, runs_until
from safeconduct.verify.segments import UNKNOWN_KIND, VOID
from safeconduct.verify.shares import shares_of, whole_digest
from safeconduct.verify.survey import Survey
from safeconduct.verify.watches import Watches, handed_in

_CLOCK = {
    "time.before_seen": "a device time not before the head that its signer saw",
    "time.after_head": "a device time not after the first dated head over it",
    "time.backwards": "a device time not before that of the key's record before it",
    "time.late": "a dated head over it within the offline limit since the head that its signer saw",
}


def _read(context: tuple[Ground, Disclosed], task: tuple[range, Run]) -> tuple[Folded, Part]:
    """The passages that begin in a stretch of the log, and the lines about its entries."""
    (ground, disclosed), (stretch, run) = context, task
    return fold_stretch(ground, stretch), read_run(disclosed, run)


@dataclass(slots=True)
class Merge:
    """One proved log, its keyring and its dated heads."""

    survey: Survey
    keyring: Keyring
    dating: Dating
    judge: Judge
    entries: Entries
    workers: Workers
    reporter: Reporter
    findings: list[Finding] = field(default_factory=list)
    open: list[OpenState] = field(default_factory=list)
    not_judged: Counter[str] = field(default_factory=Counter)
    not_checkable: list[str] = field(default_factory=list)
    passages: int = 0
    disclosures: int | None = None
    _part: Part = field(default_factory=Part)

    def run(self, offers: Iterable[Kept] = ()) -> None:
        """Step 5, offers, and the passages of step 6."""
        self.judge.run_dated(self.dating)
        self._judge_offers(offers)
        survey, nature = self.survey, self.keyring.founding.nature
        watched = handed_in(survey)
        for chain in survey.chains.values():
            chain.finish()
        times = self._times()
        self._clocks(times)
        occur(survey.columns, times)
        watches = Watches(survey, watched, self.dating.times, self._limits("offline_limit_s"))
        shifts = tuple(watches.shifts())
        self.findings += watches.findings()
        kinds = frozenset[str]().union(*(shift.kinds for shift in shifts))
        watch = Watch.of(shifts, source_kinds=kinds if nature == "replay" else None)
        self._passages(times, watch)
        self.not_judged += Counter(f"kind {name}" for name in self._newer_kinds())
        self.findings += [
            *survey.findings,
            *self.keyring.findings,
            *self.dating.findings,
            *self.judge.findings,
        ]
        self.open += self.judge.open
        survey.columns.forget_rows()  # the disclosures need the room

    def _times(self) -> Times:
        times = self.dating.times
        seen_at = [times.time_of(size) if size else None for size, _ in self.survey.heads_seen]
        if times.now is None:
            self.not_checkable.append("what needs a time: no head of this log has a quorum of witnesses")
        return Times(times, self.dating.sizes, seen_at)

    def _newer_kinds(self) -> Iterator[str]:
        """The kind of each record of a kind that this version does not know."""
        columns, at = self.survey.columns, -1
        while (at := columns.kinds.find(UNKNOWN_KIND, at + 1)) >= 0:
            if not columns.flags[at] & VOID:
                yield self.entries.told(at).payload["evt"]

    def _limits(self, name: str) -> Mapping[int, int | None]:
        """A limit of each version of the agreement that was ever in force."""
        return {
            each.agreement.version: getattr(each.agreement.limits, name) for each in self.keyring.versions
        }

    def _clocks(self, times: Times) -> None:
        columns, leaves = self.survey.columns, self.survey.leaves
        breaches = clock_breaches(columns, times, self._limits("clock_tolerance_s"))
        for breach in (*breaches, *late(columns, times, self._limits("offline_limit_s"))):
            self.findings.append(
                finding(
                    breach.rule,
                    breach.index,
                    leaves.of(breach.index).hex(),
                    expected=_CLOCK[breach.rule],
                    found=f"one {breach.seconds} s past it",
                    touches=self.survey.signers[columns.signers[breach.index]][1],
                )
            )

    def _passages(self, times: Times, watch: Watch) -> None:
        """The passages, and in the same turn the disclosures of the entries that are at hand for them."""
        columns, size = self.survey.columns, self.survey.size
        agreements = {each.agreement.version: each.agreement for each in self.keyring.versions}
        ground = Ground(self.entries, columns, Links.of(columns), times, agreements, watch)
        disclosed = self._disclosed(shares_of(size)[0])
        self.survey.forget(but=("disclosure", "erased", "erasure"))  # workers are forked from what is left
        folded, tasks = Folded(), stretches_of(size)
        lines = runs_until([stretch.stop for stretch in tasks], self._runs())
        parts = self.workers.map(_read, zip(tasks, lines, strict=True), (ground, disclosed))
        for done, (passages, part) in enumerate(parts, 1):
            folded.add(passages)
            self._part.add(part)
            self.reporter.step("passages", done, len(tasks))
        trips = pair_trips(folded.trips, rules_of(ground))
        self.passages = folded.passages
        self.findings += [*folded.findings, *trips.findings]
        self.open += [*folded.open, *trips.open]
        self.not_judged = folded.not_judged + trips.not_judged

    def without_disclosures(self) -> None:
        """What an archive without them cannot show."""
        if self.keyring.version.agreement.vehicle_identifier == "imo":
            self.not_checkable.append("vehicle.two_names: the ships' names are disclosed to parties only")

    def read_disclosures(self) -> tuple[Fault, ...]:
        """The reader's disclosures; faults in how they are written."""
        part, (first, *others) = self._part, shares_of(self.survey.size)
        faults = part.all_faults()
        if faults:
            return faults
        self.disclosures = part.disclosures
        self.findings += part.findings
        self.findings += two_names(part.names, leaf_of=lambda index: self.survey.leaves.of(index).hex())
        for record, count in sorted(part.erased.items()):
            says = self._who_erased(record)
            self.not_checkable.append(f"{count} private fields: erased by record {record}{says}")
        self.findings += self._whole(whole_digest(self._shares(first, part.digests, others)))
        return ()

    def _who_erased(self, record: int) -> str:
        """Who says to have deleted what a record erases; nobody can check that."""
        leaf = self.survey.leaves.of(record).hex()
        said = {entry.iss for _, entry in self.survey.by_kind("erased") if entry.payload["of"] == leaf}
        return f"; deleted, as they say, by {', '.join(sorted(said))}" if said else ""

    def _disclosed(self, share: range) -> Disclosed:
        erased_by = {
            digest: index
            for index, entry in self.survey.by_kind("erasure")
            for digest in entry.payload["digests"]
        }
        look_alikes = {each.agreement.version: each.agreement.look_alikes for each in self.keyring.versions}
        return Disclosed(
            self.entries, self.keyring.founding.cor, self.survey.columns.flags, erased_by, look_alikes, share
        )

    def _runs(self) -> Iterator[Run]:
        if DISCLOSURES not in self.survey.archive.paths():
            return iter(())
        return runs_of(self.survey.archive.chunks(DISCLOSURES))

    def _shares(
        self, first: range, digests: list[bytes], others: list[range]
    ) -> Iterator[tuple[range, list[bytes]]]:
        """Each share of the digests: the first, which is there, and those that are read when they are asked for."""
        yield first, digests
        for done, share in enumerate(others, 1):
            yield share, list(self.workers.map(read_again, self._runs(), self._disclosed(share)))
            self.reporter.step("digests", done, len(others))

    def _whole(self, digest: str) -> Iterator[Finding]:
        """Whether the newest disclosure record about some reader says that this is what the reader holds."""
        newest = {
            entry.payload["reader"]: (index, entry) for index, entry in self.survey.by_kind("disclosure")
        }
        if any(entry.payload["digest"] == digest for _, entry in newest.values()):
            return
        shown = {
            index: entry.leaf.hex() for index, entry in sorted(newest.values(), key=lambda pair: pair[0])
        }
        yield Finding(
            "disclosures.digest",
            tuple(shown),
            expected=f"a newest record about a reader that says digest {digest}",
            found=f"{DISCLOSURES}: no such record about {', '.join(sorted(newest)) or 'any reader'}",
            evidence=tuple(shown.values()),
            touches="log/service",
            assumption="needs disclosures",
        )

    def _judge_offers(self, kept: Iterable[Kept]) -> None:
        """Offers in the log, and those that somebody kept."""
        limit_s = self.keyring.version.agreement.limits.offline_limit_s
        times, leaves = self.dating.times, self.survey.leaves
        offers = [*offers_logged(self.survey, times)]
        for file in kept:
            offers += offers_in(file, self.keyring, self.survey.size)
        for offer in offers:
            said = judge_offer(offer, leaves, times, limit_s)
            if isinstance(said, Finding):
                self.findings.append(said)
            elif said is not None:
                self.open.append(said)
