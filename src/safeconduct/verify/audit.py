"""The audit: from the bytes of an archive to what may be believed of it. Nothing is trusted that is not proved.

Steps, in this order; the first four prove the log, and if one fails nothing else is called sound:
 1. `policy` and `checkpoint`: spelling, the log's signature, every cosignature (`head`).
 2. The files are those of a log of the signed size, each with its one spelling (`files`).
 3. Every bundle: entries hashed, compared with the tiles, each record read and its signature verified
    (`segments`, by all workers); then the tree (`tree`) against the signed root.
 4. Entry 0 is the founding record of the corridor; the policy printed from it is `policy`, byte for byte. Heads and
    receipts that somebody kept are of this log (`kept`).
 5. The merge: keys and versions, dated heads (`heads`), chains and references (`survey`, `judge`), times and
    occurrences (`occurrence`), watches (`watches`).
 6. The passages, folded by all workers (`passages`); the disclosures (`disclosures`); offers (`kept`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TypeVar

from safeconduct.core.agreement.enrolment import consents_in_words
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING, keyring_of
from safeconduct.core.kernel.errors import Disproved, Fault, Malformed
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.policy import Policy, SignedHead
from safeconduct.core.tlog.tiles import WIDTH, split_bundle, split_hashes, tile_at
from safeconduct.verify.entries import Entries
from safeconduct.verify.files import CHECKPOINT, DISCLOSURES, POLICY, missing_file, missing_files, stray_files
from safeconduct.verify.first_look import founding_keys, keys_in
from safeconduct.verify.hashes import Roots
from safeconduct.verify.head import named, read_head, read_policy
from safeconduct.verify.heads import date, unlogged
from safeconduct.verify.judge import Judge
from safeconduct.verify.kept import Kept, check_kept_head, check_receipt
from safeconduct.verify.merge import Merge
from safeconduct.verify.ports import ArchiveBytes, Reporter, Silent, Workers
from safeconduct.verify.report import Checked, Head, Report, Succeeded
from safeconduct.verify.segments import VOID, Look, look_at
from safeconduct.verify.survey import Survey
from safeconduct.verify.tree import check_tree, upper_tiles

_SEGMENT = 4
"""Bundles in a task."""
_Context = TypeVar("_Context")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Options:
    """What the auditor is told besides the archive."""

    corridor: str | None = None
    """The identifier on the signed paper."""
    heads: tuple[Kept, ...] = ()
    receipts: tuple[Kept, ...] = ()
    offers: tuple[Kept, ...] = ()


def audit(
    archive: ArchiveBytes,
    *,
    workers: Workers,
    reporter: Reporter | None = None,
    options: Options | None = None,
) -> Report:
    """The report. Only what is outside the archive raises: it cannot be read, or a kept file is itself wrong."""
    run = _Audit(archive, workers, reporter or Silent(), options or Options())
    try:
        return run.report()
    except _Failed as failed:
        return Report(faults=failed.faults, failed=failed.exit_code)


class _Failed(Exception):
    """The archive is malformed, or a proof fails: the audit ends here."""

    def __init__(self, exit_code: int, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.exit_code, self.faults = exit_code, tuple(faults)


@contextmanager
def _of_the_archive() -> Iterator[None]:
    """What is wrong in this block is wrong with the archive."""
    try:
        yield
    except (Malformed, Disproved) as error:
        raise _Failed(error.exit_code, error.faults) from error


def _begun(results: Iterator[_Result]) -> Iterator[_Result]:
    """The same; the workers are at work. Forked later, they would hold an old copy of all that is written since."""
    return chain(list(islice(results, 1)), results)


@dataclass(frozen=True, slots=True)
class _Signed:
    """Step 1: the signed head, and the policy that accepts it."""

    policy_text: bytes
    policy: Policy
    head: SignedHead

    @property
    def size(self) -> int:
        """How many entries are signed."""
        return self.head.checkpoint.size


@dataclass(frozen=True, slots=True)
class _Audit:
    """One audit, step by step."""

    archive: ArchiveBytes
    workers: Workers
    reporter: Reporter
    options: Options

    def report(self) -> Report:
        """Steps 1 to 6."""
        with _of_the_archive():
            signed = self._signed()
            founding, problem = self._founding(signed.size)
            survey = self._survey(signed, founding)
            founding = self._founded(founding, problem, signed)
        self._kept(signed, survey)
        merge = self._merge(signed, survey, founding)
        with _of_the_archive():
            self._disclosures(merge)
        return self._said(signed, merge)

    def _signed(self) -> _Signed:
        """Steps 1 and 2."""
        present = frozenset(self.archive.paths())
        absent = [missing_file(path) for path in (CHECKPOINT, POLICY) if path not in present]
        if absent:
            raise Malformed.of(absent)
        text = self.archive.read(POLICY)
        policy = read_policy(text)
        signed = _Signed(text, policy, read_head(self.archive.read(CHECKPOINT), policy))
        faults = list(missing_files(present, signed.size))
        # Only now is the size believed: any size can be signed, and the files of this one are counted.
        faults = faults or list(stray_files(present, signed.size))
        if faults:
            raise Malformed.of(faults)
        return signed

    def _founding(self, size: int) -> tuple[Founding | None, Malformed | Disproved | None]:
        """Entry 0, read before it is proved; what is wrong with it is said after the tree is."""
        if size == 0:
            return None, Malformed(
                "this log is empty",
                where=CHECKPOINT,
                next_step="Ask for an archive of a corridor that was founded",
                rule="founding.place",
            )
        bundle = tile_at(None, 0, size)
        where = f"{bundle.path}: entry 0"
        try:
            entry = parse_entry(split_bundle(self.archive.read(bundle.path), bundle.width)[0], where=where)
            return Founding.parse(entry, where=where), None
        except (Malformed, Disproved) as error:
            return None, error

    def _survey(self, signed: _Signed, founding: Founding | None) -> Survey:
        """Step 3: every bundle, then the tree."""
        bundles = -(-signed.size // WIDTH)
        tasks = [range(at, min(at + _SEGMENT, bundles)) for at in range(0, bundles, _SEGMENT)]
        keys = founding_keys(founding) if founding else {}
        for found in self._map(keys_in, tasks, (self.archive, signed.size), "keys"):
            keys.update(found)
        look = Look(self.archive, signed.size, founding.cor if founding else "", keys, signed.policy)
        segments = _begun(self._map(look_at, tasks, look, "entries"))
        survey = Survey(self.archive, signed.size)
        for segment in segments:
            survey.absorb(segment)
        faults = check_tree(
            survey.tree, self._upper(signed.size), size=signed.size, signed_root=signed.head.checkpoint.root
        )
        if faults:
            raise Disproved.of(faults)
        self.reporter.step("tree", 1, 1)
        return survey

    def _map(
        self,
        function: Callable[[_Context, _Task], _Result],
        tasks: Sequence[_Task],
        context: _Context,
        step: str,
    ) -> Iterator[_Result]:
        for done, result in enumerate(self.workers.map(function, tasks, context), 1):
            yield result
            self.reporter.step(step, done, len(tasks))

    def _upper(self, size: int) -> list[list[bytes]]:
        """The stored hashes above level 0."""
        with named("archive.spelling"):
            return [
                [
                    each
                    for tile in level
                    for each in split_hashes(self.archive.read(tile.path), tile.width, tile.path)
                ]
                for level in upper_tiles(size)
            ]

    def _founded(
        self, founding: Founding | None, problem: Malformed | Disproved | None, signed: _Signed
    ) -> Founding:
        """Step 4: the corridor and its policy."""
        if founding is None:
            raise problem or Malformed("there is no founding record", where=CHECKPOINT)
        asked = self.options.corridor
        if asked is not None and asked != founding.identifier:
            raise _another_corridor(founding, asked)
        if founding.policy().encode() != signed.policy_text:
            raise Malformed(
                "this is not the policy that the founding record makes",
                where=POLICY,
                next_step="Ask another party for their archive: whom to believe is written in entry 0",
                rule="policy.spelling",
            )
        return founding

    def _kept(self, signed: _Signed, survey: Survey) -> None:
        """Step 4: what somebody kept."""
        roots = Roots(self.archive, signed.size)
        faults: list[Fault] = []
        for kept in self.options.heads:
            faults += check_kept_head(kept, signed.policy, roots)
        for kept in self.options.receipts:
            faults += check_receipt(kept, signed.policy, roots, survey.leaves)
        if faults:
            raise _Failed(Disproved.exit_code, faults)

    def _merge(self, signed: _Signed, survey: Survey, founding: Founding) -> Merge:
        """Step 5, and the passages."""
        roots = Roots(self.archive, signed.size)
        entries = Entries(self.archive, signed.size)
        keyring = keyring_of(founding, list(survey.by_kind(*GOVERNING)))
        judge = Judge(survey, keyring, roots, entries)
        judge.run()
        heads = (head for head in survey.heads if not survey.columns.flags[head.index] & VOID)
        dating = date(heads, signed.head, signed.policy, roots, survey.leaves, last=keyring.closed_from)
        if (
            founding.witnesses
        ):  # else a head that was signed and never published may be seen, and dates nothing
            dating.findings += unlogged(survey, dating.logged)
        merge = Merge(survey, keyring, dating, judge, entries, self.workers, self.reporter)
        merge.run(self.options.offers)
        return merge

    def _disclosures(self, merge: Merge) -> None:
        if DISCLOSURES not in self.archive.paths():
            merge.without_disclosures()
            return
        faults = merge.read_disclosures()
        if faults:
            raise Malformed.of(faults)

    def _said(self, signed: _Signed, merge: Merge) -> Report:
        founding, head = merge.keyring.founding, signed.head
        options, root, cosigned = self.options, head.checkpoint.root.hex(), tuple(head.cosigned)
        # Of a head of its own quorum: raised to the times of smaller ones, as Now is.
        time = head.time(signed.policy)
        time = None if time is None else max(time, merge.dating.times.now or time)
        kept = {"head": options.heads, "receipt": options.receipts}
        return Report(
            corridor=founding.cor,
            named=self.options.corridor is not None,
            nature=founding.nature,
            title=merge.keyring.version.agreement.title,
            head=Head(head.checkpoint.origin, signed.size, root, time, cosigned),
            findings=tuple(sorted(merge.findings)),
            open_states=tuple(sorted(merge.open, key=lambda state: (state.entries, state.rule, state.says))),
            not_judged=merge.not_judged,
            not_checkable=tuple(merge.not_checkable),
            consents=consents_in_words(merge.keyring.consents(), merge.dating.times.now),
            succession=_succeeded(founding),
            closings=tuple(
                replace(one, time=None if one.since is None else merge.dating.times.first_covering(one.since))
                for one in merge.judge.closed
            ),
            checked=Checked(
                entries=signed.size,
                keys=len(merge.keyring.keys),
                heads=len(merge.dating.logged),
                passages=merge.passages,
                disclosures=merge.disclosures,
                kept=tuple(f"{what} {each.name}" for what, files in kept.items() for each in files),
                offers=tuple(each.name for each in options.offers),
            ),
        )


def _another_corridor(founding: Founding, asked: str) -> Disproved:
    what = f"this is corridor {founding.identifier}"
    step = f"Asked for was {asked[:80]}: compare both with the signed paper"
    if founding.succession is not None:
        what = (
            f"this log names itself the successor of one of corridor {founding.cor}; the hash of its own entry 0 is "
            f"{founding.identifier}"
        )
        step = "Name the archive of the log that it goes on for: --predecessor ARCHIVE"
    return Disproved(what, where="entry 0", next_step=step, rule="log.corridor")


def _succeeded(founding: Founding) -> Succeeded | None:
    said = founding.succession
    if said is None:
        return None
    head = said.head
    return Succeeded(
        head.origin, head.size, head.root.hex(), said.cause, said.kept, said.receipts, said.consented
    )
