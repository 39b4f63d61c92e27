"""The end of a log, as the auditor sees it (core/agreement/closing).

Rules:
 1. `closing.after`: nothing stands after the record with which a closing is in force, but what runs on. What stands
    there all the same is no evidence.
 2. `closing.counts`: a closing says of each kind how many records stand in the log up to the head that its signer saw.
    A kind that nobody knows may be left out: whoever is enrolled may invent any number. One that saw a head which
    never was is named for that.
 3. Told of each closing: who agreed to it, and of the one in force what the log holds at its end, who keeps archives,
    what runs on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.closing import CLOSING, RUNS_ON
from safeconduct.core.agreement.closing import Closing as Said
from safeconduct.core.agreement.enrolment import consents_in_words
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.kinds import KINDS
from safeconduct.verify.entries import Entries
from safeconduct.verify.rules import finding
from safeconduct.verify.segments import KIND_NAMES, UNKNOWN_KIND, VOID
from safeconduct.verify.survey import Survey


@dataclass(frozen=True, slots=True)
class Closed:
    """One closing; `since` None: it is not in force."""

    entry: int
    since: int | None
    time: int | None
    """When that was, at the latest: by the first dated head over it."""
    reason: str
    counts: Mapping[str, int]
    """At its end, where it is in force; else as it says."""
    archives: tuple[str, ...]
    runs_on: tuple[str, ...]
    consents: tuple[str, ...]
    """Sentences: what each seat said of it."""

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.since is None:
            yield f"  A closing is proposed by record {self.entry}, reason {self.reason}; it is not in force"
        else:
            dated = "" if self.time is None else f", on {print_instant(self.time)} at the latest"
            yield f"  Closed by record {self.since}{dated}: closing {self.entry}, reason {self.reason}"
            counted = ", ".join(f"{kind} {count}" for kind, count in self.counts.items())
            yield f"  At its end: {counted}. What was open then stays open"
        yield f"  Archives: {', '.join(self.archives)}"
        yield f"  Runs on: {', '.join(self.runs_on) or 'nothing is named'}"
        yield from (f"  The closing, {line}" for line in self.consents)


@dataclass(frozen=True, slots=True)
class End:
    """The closings of one log, beside its columns."""

    survey: Survey
    keyring: Keyring
    entries: Entries

    def after(self) -> Iterator[Finding]:
        """Rule 1, one finding for all of them."""
        columns, last = self.survey.columns, self.keyring.closed_from
        if last is None:
            return
        beyond = [
            index
            for index in range(last + 1, self.survey.size)
            if KIND_NAMES[columns.kinds[index]] not in RUNS_ON
        ]
        for index in beyond:
            columns.flags[index] |= VOID
        if beyond:
            yield self._found(
                "closing.after",
                beyond[0],
                f"no such record after {last}, with which the log was closed",
                f"{len(beyond)}, the first of kind {KIND_NAMES[columns.kinds[beyond[0]]] or 'unknown'}",
                last,
            )

    def counts(self) -> Iterator[Finding]:
        """Rule 2."""
        for index, entry in self.survey.by_kind(CLOSING):
            place = self.survey.columns.seens[index]
            if place:
                until, _ = self.survey.heads_seen[place]
                there = self.counted(until)
                told = dict(Said.of(index, entry).counts)
                for kind in sorted((there.keys() & KINDS.keys()) | told.keys()):
                    if there.get(kind, 0) != told.get(kind, 0):
                        expected = f"{there.get(kind, 0)} records of kind {kind} in the first {until} entries"
                        yield self._found("closing.counts", index, expected, f"{told.get(kind, 0)}")

    def counted(self, until: int) -> dict[str, int]:
        """How many records of each kind the first entries hold, whoever signed them."""
        columns = self.survey.columns
        kinds = columns.kinds[:until]
        found = {name: count for number, name in enumerate(KIND_NAMES[:-1]) if (count := kinds.count(number))}
        newer: Counter[str] = Counter()
        at = kinds.find(UNKNOWN_KIND)
        while at >= 0:
            if columns.jtis[at]:  # else nobody can read it
                newer[self.entries.told(at).payload["evt"]] += 1
            at = kinds.find(UNKNOWN_KIND, at + 1)
        return dict(sorted((found | newer).items()))

    def closed(self) -> tuple[Closed, ...]:
        """Rule 3, in log order, without the time: that is known once the heads are dated."""
        ring = self.keyring
        return tuple(
            Closed(
                entry=said.index,
                since=proposal.in_force_from,
                time=None,
                reason=said.reason,
                counts=dict(said.counts)
                if proposal.in_force_from is None
                else self.counted(proposal.in_force_from + 1),
                archives=tuple(map(str, said.archives)),
                runs_on=tuple(in_words(code, ring.version.agreement) for code in said.runs_on),
                consents=consents_in_words(ring.consents(proposal.leaf)),
            )
            for proposal in ring.proposals.values()
            if isinstance(said := proposal.subject, Said)
        )

    def _found(self, rule: str, index: int, expected: str, found: str, *others: int) -> Finding:
        leaves, signers = self.survey.leaves, self.survey.signers
        return finding(
            rule,
            index,
            leaves.of(index).hex(),
            expected=expected,
            found=found,
            touches=signers[self.survey.columns.signers[index]][1],
            others={other: leaves.of(other).hex() for other in others},
        )


def in_words(code: str, agreement: Agreement) -> str:
    """What runs on: where the agreement has words for it, in these too."""
    says = [one.says for one in agreement.undertakings if one.id == code]
    says += [one.about for one in agreement.deadlines if one.id == code]
    return f"{code} ({says[0]})" if says else code
