"""The audit of a log together with those before it, newest first: each by itself, then each beside the next.

Rules, in the order of the code:
 1. The corridor's identifier is asked of the oldest: it is the hash of its entry 0.
 2. What somebody kept is asked of the log whose key signed it. What that log's successor gave up is not asked of it:
    a receipt for an entry from `kept` on, a head that is larger than the archive. It is told of instead.
 3. A log whose succession its predecessor does not bear out is not sound (`succession`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from safeconduct.core.kernel.errors import Disproved, Fault, SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.receipt import HEADER, Receipt
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import ArchiveBytes, Reporter, Workers
from safeconduct.verify.report import Report
from safeconduct.verify.succession import Link, Log, fault, read_log


def audit_chain(
    archives: Sequence[ArchiveBytes],
    *,
    workers: Workers,
    reporter: Reporter | None = None,
    options: Options | None = None,
) -> tuple[Report, ...]:
    """The reports, newest first; the first one speaks of the corridor."""
    asked = options or Options()
    if len(archives) == 1:
        return (audit(archives[0], workers=workers, reporter=reporter, options=asked),)
    logs = tuple(map(_read, archives))
    kept = _Sorted(logs, asked)
    reports = [
        audit(archive, workers=workers, reporter=reporter, options=kept.options(place))
        for place, archive in enumerate(archives)
    ]
    for place in range(
        len(logs) - 2, -1, -1
    ):  # 3: from the oldest on, so that each rests on one that is followed
        reports[place] = _followed(place, logs, reports, kept)
    return tuple(reports)


def _read(archive: ArchiveBytes) -> Log | None:
    """Where anything is wrong with it, its audit says so."""
    try:
        return read_log(archive)
    except SafeconductError:
        return None


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Rule 2."""

    logs: tuple[Log | None, ...]
    asked: Options

    def options(self, place: int) -> Options:
        """What the audit of one log is told."""
        is_last = place == len(self.logs) - 1
        return Options(
            corridor=self.asked.corridor if is_last else None,  # 1
            heads=tuple(self._asked_of(self.asked.heads, place)),
            receipts=tuple(self._asked_of(self.asked.receipts, place)),
            offers=() if place else self.asked.offers,
        )

    def _asked_of(self, kept: Sequence[Kept], place: int) -> Iterator[Kept]:
        for one in kept:
            note, index = _note_in(one)
            if self._owner(note) == place and not self._is_given_up(note, index, place):
                yield one

    def _owner(self, note: Note | None) -> int:
        """Whose log signed it; what nobody did is the newest's, whose audit refuses it."""
        for place, log in enumerate(self.logs):
            if note is not None and log is not None and note.lines_of(log.founding.log):
                return place
        return 0

    def _is_given_up(self, note: Note | None, index: int | None, place: int) -> bool:
        newer, older = self.logs[place - 1] if place else None, self.logs[place]
        said = newer.founding.succession if newer else None
        if said is None or older is None or note is None:
            return False
        return (index is not None and index >= said.kept) or _size(note) > older.size

    def heads_of(self, place: int) -> Iterator[tuple[str, Note]]:
        """The heads of a log that somebody kept, alone or in a receipt, each with the name of its file."""
        for one in (*self.asked.heads, *self.asked.receipts):
            note, _ = _note_in(one)
            if note is not None and self._owner(note) == place:
                yield one.name, note

    def given_up(self, place: int) -> Iterator[str]:
        """What is told of instead: signed, or refused under its name, since nobody else looks at it."""
        for one in (*self.asked.receipts, *self.asked.heads):
            note, index = _note_in(one)
            log = self.logs[self._owner(note)]
            if note and log is self.logs[place] and log and self._is_given_up(note, index, place):
                log.policy.check(note, where=one.name)
                what = "a head" if index is None else f"a receipt for entry {index}"
                yield f"{one.name} is {what} of the predecessor, past what is kept of it"


def _size(note: Note) -> int:
    return Checkpoint.parse(note.text).size


def _note_in(kept: Kept) -> tuple[Note | None, int | None]:
    """The head in a kept file; of a receipt its index too."""
    try:
        if kept.data.startswith(HEADER.encode()):
            receipt = Receipt.parse(kept.data, where=kept.name)
            note, index = receipt.note, receipt.index
        else:
            note, index = Note.parse(kept.data, where=kept.name), None
        Checkpoint.parse(note.text)
    except SafeconductError:
        return None, None
    return note, index


def _followed(place: int, logs: tuple[Log | None, ...], reports: Sequence[Report], kept: _Sorted) -> Report:
    """Rule 3: a log's report, with what the log before it shows of that."""
    report, before = reports[place], reports[place + 1]
    newer, older = logs[place], logs[place + 1]
    said = newer.founding.succession if newer else None
    if not report.sound:
        return report
    if newer is None or said is None or report.succession is None:
        return _not_a_successor(_NO_SUCCESSION)
    if older is None or not before.sound:
        return _not_a_successor(_UNSOUND, *before.faults)
    link = Link(newer.founding, said, older)
    faults = tuple(link.faults())
    if faults:
        return _not_a_successor(*faults)
    # Up to a founding record: a log that only names a predecessor proves no identifier.
    rests = before.succession is None or before.succession.followed
    return replace(
        report,
        named=before.named and rests,
        findings=tuple(sorted((*report.findings, *link.findings(kept.heads_of(place + 1))))),
        succession=replace(
            report.succession, followed=rests, remarks=tuple(_remarks(link, kept.given_up(place + 1)))
        ),
    )


def _remarks(link: Link, given_up: Iterator[str]) -> Iterator[str]:
    """What the reader should know, and nobody is to blame for."""
    if link.older.size < link.said.head.size:
        yield (
            f"The predecessor's archive ends at {link.older.size} entries: what its head of {link.said.head.size} adds "
            "is not checkable here"
        )
    if (
        link.older.founding.succession is not None
        and link.older.founding.identifier != link.older.founding.cor
    ):
        yield "The predecessor is itself a successor: see its own report"
    yield from (f"Agreed with it: {change}" for change in link.rotated())
    yield from given_up


def _not_a_successor(*faults: Fault) -> Report:
    return Report(faults=faults, failed=Disproved.exit_code)


_NO_SUCCESSION = fault("succession.predecessor", "entry 0 of this log is no succession: it goes on for none")
_UNSOUND = fault("succession.predecessor", "the predecessor's archive is not sound")
