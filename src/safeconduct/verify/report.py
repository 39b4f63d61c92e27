"""What an audit says: for people line by line, for programs as one JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from safeconduct.core.kernel.errors import Fault
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.passage.judgement import OpenState
from safeconduct.core.record.finding import Finding
from safeconduct.verify.closing import Closed
from safeconduct.verify.limits import LIMITS

FORMAT = "safeconduct-report@1"
"""Of the JSON document; a member that is taken away or means something else makes it another one."""


@dataclass(frozen=True, slots=True)
class Head:
    """The signed head that the audit ends at. `time` None: no quorum dates it."""

    origin: str
    size: int
    root: str
    time: int | None
    cosigned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the audit looked at."""

    entries: int = 0
    keys: int = 0
    heads: int = 0
    passages: int = 0
    disclosures: int | None = None
    """None: there are none in this archive."""
    kept: tuple[str, ...] = ()
    """Heads and receipts from outside that the log goes on from: only these show one that was signed anew."""
    offers: tuple[str, ...] = ()
    """Files of offers; what is in none of the log's entries is a finding, or open."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """How the log before this one ended, as entry 0 says; and what its archive shows of that."""

    origin: str
    size: int
    root: str
    cause: str
    kept: int
    receipts: tuple[str, ...]
    consented: tuple[str, ...]
    followed: bool = False
    """Whether the predecessor's archive bears it out."""
    remarks: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """For people."""
        yield (
            f"  Goes on for {self.origin}, which ended in a head of {self.size} entries, root {self.root[:16]}…, "
            f"cause {self.cause}; agreed by {', '.join(self.consented)}"
        )
        named = f"; {len(self.receipts)} records that were acknowledged are named" if self.receipts else ""
        yield f"  Of it {self.kept} entries are kept; receipts for later ones cannot be honoured{named}"
        yield f"  {'Followed to its predecessor' if self.followed else _NOT_FOLLOWED}"
        yield from (f"  {remark}" for remark in self.remarks)


_NOT_FOLLOWED = (
    "Not followed: anybody can name a predecessor; whether it is one shows with --predecessor ARCHIVE"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit says.

    Faults: the archive is malformed, or a proof fails; then nothing else is said to be sound.
    Findings: the log is sound, and its records contradict each other or the agreement.
    """

    corridor: str | None = None
    named: bool = False
    """Whoever asked named this corridor."""
    nature: str | None = None
    title: str | None = None
    head: Head | None = None
    faults: tuple[Fault, ...] = ()
    failed: int = 0
    """2: malformed; 3: disproved."""
    findings: tuple[Finding, ...] = ()
    open_states: tuple[OpenState, ...] = ()
    not_judged: Mapping[str, int] = field(default_factory=Counter)
    not_checkable: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    """What each seat said of the agreement in force, in words."""
    checked: Checked = Checked()
    succession: Succeeded | None = None
    closings: tuple[Closed, ...] = ()
    """Each that was proposed, in the order of the log."""

    @property
    def sound(self) -> bool:
        """Every proof of the log holds."""
        return not self.faults

    @property
    def exit_code(self) -> int:
        """0 sound; 1 sound, with findings; 2 malformed; 3 disproved."""
        return self.failed or (1 if self.findings else 0)

    @property
    def rules(self) -> frozenset[str]:
        """Every rule that does not hold."""
        return frozenset(
            (*(fault.rule for fault in self.faults), *(finding.rule for finding in self.findings))
        )

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "format": FORMAT,
            "sound": self.sound,
            "exit_code": self.exit_code,
            "corridor": self.corridor,
            "corridor_named": self.named,
            "nature": self.nature,
            "title": self.title,
            "head": self.head and asdict(self.head),
            "faults": [asdict(fault) for fault in self.faults],
            "findings": [asdict(finding) for finding in self.findings],
            "open": [{**asdict(state), "why": state.why.value} for state in self.open_states],
            "not_judged": dict(sorted(self.not_judged.items())),
            "not_checkable": list(self.not_checkable),
            "consents": list(self.consents),
            "checked": asdict(self.checked),
            "succession": self.succession and asdict(self.succession),
            "closings": [asdict(one) for one in self.closings],
            "does_not_prove": list(LIMITS),
        }

    def lines(self) -> Iterator[str]:
        """The report for people: the answer first."""
        if self.faults:
            yield from self._failed()
            return
        yield f"{'✗' if self.findings else '✓'} {self._sound()}"
        if self.nature in NATURES:
            yield f"  {NATURES[self.nature]}"
        yield from self._head_lines()
        yield from self.succession.lines() if self.succession else ()
        yield from self._checked_lines()
        yield from (f"  {line}" for line in self.consents)
        for one in self.closings:
            yield from one.lines()
        yield from self._finding_lines()
        yield from self.open_lines()

    def _failed(self) -> Iterator[str]:
        what = "a proof of the log fails" if self.failed == 3 else "this archive is malformed"
        yield f"✗ Not sound: {what}. Nothing else in it is vouched for."
        for fault in self.faults:
            yield f"  {fault.rule}: {fault}"

    def _sound(self) -> str:
        if self.succession is not None and not self.succession.followed:
            return f"sound in itself; names itself the successor of a log of corridor {self.corridor}"
        named = "" if self.named else "; compare with the signed paper"
        return f"sound for corridor {self.corridor}{named}"

    def _head_lines(self) -> Iterator[str]:
        head = self.head
        if head is None:
            return
        if head.time is None:
            dated = "dated by nobody: no quorum of witnesses stands behind it"
        else:
            dated = f"as of {print_instant(head.time)}, cosigned by {', '.join(head.cosigned)}"
        yield f"  Head: {head.size} entries, root {head.root[:16]}…, {dated}"

    def _checked_lines(self) -> Iterator[str]:
        checked = self.checked
        yield (
            f"  Checked: {checked.entries} entries, {checked.keys} keys, {checked.heads} heads, "
            f"{checked.passages} passages"
        )
        if checked.disclosures is None:
            yield "  There are no disclosures in this archive"
        else:
            yield f"  Disclosures: {checked.disclosures}, each of the value that its entry committed to"
        compared = f"it agrees with {', '.join(checked.kept)}" if checked.kept else ALONE
        yield f"  {compared}"
        if checked.offers:
            yield f"  Looked for what was offered in {', '.join(checked.offers)}"

    def _finding_lines(self) -> Iterator[str]:
        for finding in self.findings:
            yield from finding_lines(finding)
        for rule, count in sorted(self.not_judged.items()):
            yield f"  not judged: {rule} ({count})"
        for what in self.not_checkable:
            yield f"  not checkable here: {what}"

    def open_lines(self) -> Iterator[str]:
        """What is neither a finding nor its absence."""
        counts = Counter((state.why.value, state.rule) for state in self.open_states)
        for (why, rule), count in sorted(counts.items()):
            yield f"  open: {why} ({rule}): {count}"


def finding_lines(finding: Finding) -> Iterator[str]:
    """Rule, entries, what was expected and found, evidence."""
    entries = ", ".join(map(str, finding.entries)) or "none"
    provisional = ", provisional" if finding.provisional else ""
    yield f"✗ {finding.rule}{provisional}: entries {entries}"
    yield f"    expected {finding.expected}; found {finding.found}"
    touches = f"touches {finding.touches}; " if finding.touches else ""
    yield f"    {touches}assumption: {finding.assumption}; evidence {', '.join(leaf[:16] for leaf in finding.evidence)}"


NATURES = {
    "simulated": "This corridor is simulated: nothing in it happened",
    "replay": "This corridor is a replay of recorded movements: its keys are simulated, its sources are named",
}
ALONE = (
    "Compared with nothing kept outside: a log that was signed again as a whole is seen only by a head or "
    "receipt kept earlier, or by its witnesses"
)
