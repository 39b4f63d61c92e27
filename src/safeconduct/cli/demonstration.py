"""What the demonstration shows: one log for all, what was found, what stays open, how long ships waited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from safeconduct.cli.bars import bars, day, days
from safeconduct.cli.readers import one_head
from safeconduct.cli.replay import left_open, lines
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.passage.judgement import OpenState, Why
from safeconduct.core.passage.waits import MonthOfWaits, median_waits
from safeconduct.core.record.entry import Entry
from safeconduct.service.expected import Difference, Known, compare, known
from safeconduct.service.export import PUBLIC
from safeconduct.service.replay_source import Replayable
from safeconduct.service.timeline import timelines, told_until_s, waits_of
from safeconduct.verify.report import Report
from safeconduct.verify.rules import ALL

_NEEDS_DISCLOSURES = "needs disclosures"


@dataclass(frozen=True)
class Demonstration:
    """A replay, what it must show, and what each reader's own archive says."""

    source: Replayable
    expected: tuple[Known, ...]
    reports: Mapping[str, Report]
    entries: tuple[Entry, ...]

    @property
    def first(self) -> Report:
        """The report that is told in words."""
        return next(iter(self.reports.values()))

    @property
    def one_log(self) -> bool:
        """Every archive is sound and ends at the same size and root."""
        return one_head(self.reports)

    @property
    def came_out(self) -> bool:
        """Sound, one head, the findings that must be there and no others."""
        return self.one_log and not any(self.differences.values())

    @cached_property
    def differences(self) -> dict[str, Difference]:
        """For each reader what is missing and what was not expected."""
        return {
            reader: compare(self._expected_by(report), self.found_by(report))
            for reader, report in self.reports.items()
        }

    def found_by(self, report: Report) -> tuple[Known, ...]:
        """A report's findings in the source's words."""
        if not self.entries:
            return tuple(Known(finding.rule, "", ()) for finding in report.findings)
        return tuple(sorted(known(finding, self.entries.__getitem__) for finding in report.findings))

    def _expected_by(self, report: Report) -> tuple[Known, ...]:
        """Without any disclosures nobody can find what only they show."""
        if report.checked.disclosures is not None:
            return self.expected
        return tuple(one for one in self.expected if ALL[one.rule].assumption != _NEEDS_DISCLOSURES)

    @cached_property
    def waits(self) -> tuple[MonthOfWaits, ...]:
        """From leaving port to inspection, by month, recomputed from the log."""
        until = told_until_s(self.entries)
        return () if until is None else median_waits(waits_of(timelines(self.entries)), told_until_s=until)

    @property
    def awaiting(self) -> tuple[OpenState, ...]:
        """Voyages that were not inspected when the source ends."""
        return tuple(state for state in self.first.open_states if state.why is Why.AWAITING_INSPECTION)

    def lines(self, folder: Path) -> Iterator[str]:
        """One screenful."""
        yield f"Replay: {self.source.source.title}"
        yield f"  {self.source.source.source}"
        yield "  Records made afterwards from its rows. Every key and witness is simulated; nothing is added."
        yield from (f"  {word}" for word in left_open(self.source))
        yield from self._head_lines()
        yield from self._finding_lines()
        yield from self._open_lines()
        yield from self._wait_lines()
        party = list(self.reports)[-2]
        yield f"Next: safeconduct audit {folder / 'archives' / party}"
        yield f"      safeconduct show {folder / 'archives' / party} {self._shown()}"

    def _head_lines(self) -> Iterator[str]:
        head, readers = self.first.head, ", ".join(self.reports)
        if head is None or not self.one_log:
            yield "✗ The archives are not one sound log:"
            for reader, report in self.reports.items():
                yield from (f"  {reader}: {line}" for line in report.lines())
            return
        rows = f"{len(self.source.voyages)} voyages, {lines(self.source)} lines of goods"
        when = "without a date" if head.time is None else print_instant(head.time)
        yield f"✓ {rows}: corridor {(self.first.corridor or '')[:16]}…, {head.size:,} entries"
        yield f"  root {head.root[:16]}…, cosigned by {len(head.cosigned)} simulated witnesses, {when}"
        yield f"✓ Audited alone, each archive is sound and has this head: {readers}"

    def _finding_lines(self) -> Iterator[str]:
        found = self.found_by(self.first)
        sign, verdict = ("✗", "not as") if any(self.differences.values()) else ("✓", "exactly as")
        yield f"{sign} {len(found)} findings, {verdict} expected_findings.json says (none accuses anybody):"
        yield from (f"    {self._words(one)}" for one in found)
        for reader, difference in self.differences.items():
            yield from (f"  {reader}: missing: {self._words(one)}" for one in difference.missing)
            yield from (f"  {reader}: unexpected: {self._words(one)}" for one in difference.unexpected)

    def _words(self, finding: Known) -> str:
        voyages = ", ".join(map(str, finding.voyages))
        where = f"voyage{'' if len(finding.voyages) == 1 else 's'} {voyages}"
        match finding.rule:
            case "vehicle.imo_check_digit":
                return (
                    f"IMO {finding.imo}: the check digit is wrong ({where}). A slip of the pen gives the same"
                )
            case "vehicle.two_names":
                names = " and ".join(f'"{name}"' for name in self._names(finding.imo))
                return f"IMO {finding.imo}: two names, {names} ({where})"
            case _:
                return f"{finding.rule}: IMO {finding.imo or 'unknown'} ({where})"

    def _names(self, imo: str) -> tuple[str, ...]:
        rows = (cargo for voyage in self.source.voyages if voyage.imo == imo for cargo in voyage.cargo)
        return tuple(dict.fromkeys(cargo.ship for cargo in rows))

    def _open_lines(self) -> Iterator[str]:
        awaiting, until = self.awaiting, told_until_s(self.entries)
        if awaiting and until is not None:
            count = sum(state.lines for state in awaiting)
            yield (
                f"… Open: {count} lines of {len(awaiting)} voyages were not yet inspected "
                f"when the source ends on {day(until)}"
            )
        unseen = len(self.expected) - len(self._expected_by(self.reports[PUBLIC]))
        if unseen:
            yield f"… The public's archive discloses no names: {unseen} of these are not checkable there"
        times = sum(self.first.not_judged.values())
        if times:
            yield (
                f"… Not judged: {len(self.first.not_judged)} rules about what the source does not tell "
                f"(passes, seals, exits, …), {times:,} times in all"
            )

    def _wait_lines(self) -> Iterator[str]:
        if self.waits:
            yield "Days from leaving port to joint inspection, median by month of departure (voyages):"
            yield from (f"  {line}" for line in bars(self.waits))

    def _shown(self) -> str:
        """What is worth reading first: a passage that a finding is about, else the founding."""
        named = (
            self.entries[index].psg for one in self.first.findings for index in one.entries if self.entries
        )
        return next((psg for psg in named if psg is not None), "0")

    def document(self, folder: Path) -> dict[str, Any]:
        """The same for programs."""
        head = self.first.head
        return {
            "came_out": self.came_out,
            "nature": "replay",
            "title": self.source.source.title,
            "source": self.source.source.source,
            "corridor": self.first.corridor,
            "head": head and asdict(head),
            "one_head": self.one_log,
            "voyages": len(self.source.voyages),
            "lines": lines(self.source),
            "archives": {
                reader: {
                    "path": str(folder / "archives" / reader),
                    "exit_code": report.exit_code,
                    "findings": [asdict(one) for one in self.found_by(report)],
                    "missing": [asdict(one) for one in self.differences[reader].missing],
                    "unexpected": [asdict(one) for one in self.differences[reader].unexpected],
                }
                for reader, report in self.reports.items()
            },
            "awaiting_inspection": {
                "voyages": len(self.awaiting),
                "lines": sum(state.lines for state in self.awaiting),
            },
            "not_judged": dict(sorted(self.first.not_judged.items())),
            "waits": [
                {
                    "month": month.month,
                    "voyages": month.begun,
                    "inspected": month.ended,
                    "median_days": None if month.median_days is None else days(month.median_days),
                    "at_least_days": days(month.at_least_days),
                }
                for month in self.waits
            ],
        }
