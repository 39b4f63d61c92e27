"""Each record beside the others: who signed, which version it cites, what it saw, when it says it was.

Rules, in the order of the code; their sentences are in core/record/rules and core/agreement/rules; first, what stands
after the log's end is no evidence (`closing`):
 1. `seen.wrong`: not more entries than stand before the record, and the root that the tree has there. What is
    wrong counts as absent.
 2. `key.*`, `agreement.version`: as the keyring says (core/agreement/keyring). By a key that may not sign, a
    record is no evidence.
 3. A record corrects and withdraws only those of its own holder; what admits one is judged by the keyring. The
    last good record that a revocation names is one of the revoked key, with that number.
 4. `record.repeated`: of two records with one `jti` under one key the first is evidence; under two keys both
    are.
 5. `chain.*`: what the chains found; a hole once the offline limit has passed, open until then. What a revoked
    key signed past its last good record shows no hole.
 6. `reference.unknown`: likewise, for a record that is named and not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from safeconduct.core.agreement.keyring import Keyring, is_of_another_post
from safeconduct.core.passage.judgement import OpenState, Why
from safeconduct.core.record.chain import ChainFault, Hole
from safeconduct.core.record.entry import Entry, parse_entry
from safeconduct.core.record.finding import Finding
from safeconduct.verify.chains import Chain
from safeconduct.verify.closing import Closed, End
from safeconduct.verify.entries import Entries
from safeconduct.verify.hashes import Roots
from safeconduct.verify.heads import Dating
from safeconduct.verify.rules import finding
from safeconduct.verify.segments import ABROAD, KIND_NAMES, LARGE_VERSION, VOID
from safeconduct.verify.survey import Survey

_SHOWN_A_PASS = frozenset({"arrival", "entered", "exited"})
_PART = 65_536
"""Identifiers compared at once: what is sorted into sets is a part, not a million."""


@dataclass(slots=True)
class Judge:
    """Marks what is no evidence in the survey's flags, and collects what is wrong."""

    survey: Survey
    keyring: Keyring
    roots: Roots
    entries: Entries
    findings: list[Finding] = field(default_factory=list)
    open: list[OpenState] = field(default_factory=list)
    dating: Dating = field(default_factory=Dating)
    closed: tuple[Closed, ...] = ()

    def run(self) -> None:
        """Rules 1 to 4: what is evidence. Only then is it known which heads date the log."""
        end = End(self.survey, self.keyring, self.entries)
        self.findings += end.after()
        self._seen()
        self._signers()
        self._corrections()
        self._last_good()
        self._repeated()
        self.findings += end.counts()
        self.closed = end.closed()

    def run_dated(self, dating: Dating) -> None:
        """Rules 5 and 6."""
        self.dating = dating
        for kid, chain in self.survey.chains.items():
            self._chain(kid, chain)
        for leaf, sources in self.survey.waiting.items():
            for source in sources:
                self._unknown(leaf, source)

    def _find(
        self,
        rule: str,
        index: int,
        *,
        expected: str,
        found: str,
        touches: str = "",
        others: tuple[int, ...] = (),
    ) -> None:
        leaves = self.survey.leaves
        shown = {other: leaves.of(other).hex() for other in others}
        leaf = leaves.of(index).hex()
        touches = touches or self._iss(index)
        self.findings.append(
            finding(rule, index, leaf, expected=expected, found=found, touches=touches, others=shown)
        )

    def _iss(self, index: int) -> str:
        signer = self.survey.columns.signers[index]
        return self.survey.signers[signer][1]

    def _seen(self) -> None:
        """Rule 1."""
        survey, seens = self.survey, self.survey.columns.seens
        wrong = [
            0 < size <= survey.size and self.roots.at(size).hex() != root for size, root in survey.heads_seen
        ]
        sizes = [size for size, _ in survey.heads_seen]
        for index, place in enumerate(seens):
            if place and (sizes[place] > index or wrong[place]):
                size, root = survey.heads_seen[place]
                seens[index] = 0
                if size > index:
                    expected, found = f"a head of at most {index} entries", f"one of {size}"
                else:
                    expected, found = f"root {self.roots.at(size).hex()} at {size} entries", f"root {root}"
                self._find("seen.wrong", index, expected=expected, found=found)

    def _signers(self) -> None:
        """Rule 2. Most records are by a good key with nothing unusual: a look into two small tables each."""
        columns, never = self.survey.columns, self.survey.size
        sizes = [size for size, _ in self.survey.heads_seen]
        in_force = [self.keyring.version_at(size).agreement.version for size in sizes]
        begun = {each.agreement.version: each.index + 1 for each in self.keyring.versions}
        good_from: dict[tuple[int, int, int], int] = {}
        flags, seens = columns.flags, columns.seens
        for index, row in enumerate(zip(columns.signers, columns.kinds, columns.versions, strict=True)):
            if not row[0] or flags[index] & VOID:
                continue
            start = good_from.get(row)
            if start is None:
                start = good_from[row] = self._good_from(*row)
            seen, version = seens[index], row[2]
            cites = in_force[seen] == version if seen else index >= begun.get(version, never)
            if index < start or not cites or flags[index] & ABROAD:
                self._signer(index, sizes[seen] if seen else None)

    def _good_from(self, signer: int, kind: int, version: int) -> int:
        """From which index on such records may be signed; never, or not without a closer look: the log's size."""
        kid, iss = self.survey.signers[signer]
        enrolment, last = self.keyring.keys.get(kid), self.survey.size - 1
        if enrolment is None or self.keyring.is_revoked(kid) or version == LARGE_VERSION:
            return self.survey.size
        if self.keyring.may_sign(kid, KIND_NAMES[kind], version, last, iss=iss, seq=0, leaf=""):
            return self.survey.size
        return enrolment.index + 1

    def _signer(self, index: int, seen: int | None) -> None:
        """Rule 2, for one record, in full."""
        entry = parse_entry(self.entries.read(index))
        for rule in self.keyring.broken_by(entry, index, seen=seen):
            expected, found = self._said(rule, entry, index, seen)
            self._find(rule, index, expected=expected, found=found, touches=entry.iss)
            if rule.startswith("key.") or self.keyring.agreement_of(entry.agr) is None:
                self.survey.columns.flags[index] |= VOID

    def _said(self, rule: str, entry: Entry, index: int, seen: int | None) -> tuple[str, str]:
        """What the rule expected, and what it found."""
        match rule:
            case "key.unknown":
                return "an enrolled key", f"key {entry.kid}, which no valid record enrols"
            case "key.early":
                enrolled = self.keyring.keys[entry.kid].index
                return f"a place after entry {enrolled}, which enrols the key", f"entry {index}"
            case "key.revoked":
                revocation = self.keyring.revoked_by(
                    entry.kid, seq=entry.seq, leaf=entry.leaf.hex(), index=index
                )
                return (
                    "no record past the last good one",
                    f"number {entry.seq}, revoked by {revocation and revocation.index}",
                )
            case "key.issuer":
                return f"iss {self.keyring.holder_of(entry.kid)}", f"iss {entry.iss}"
            case "key.power":
                where = f" of {entry.payload['post']}" if is_of_another_post(entry) else ""
                return f"a signer who may sign {entry.evt}{where}", entry.iss
            case _:
                version = self.keyring.version_at(index if seen is None else seen).agreement.version
                return f"agreement version {version}", f"version {entry.agr}"

    def _corrections(self) -> None:
        """Rule 3."""
        flags = self.survey.columns.flags
        for index, entry in self.survey.by_kind():
            for leaf in _of_its_own(entry):
                target = self.survey.leaves.find(bytes.fromhex(leaf))
                if target is not None and self._iss(target) != entry.iss:
                    flags[index] |= VOID
                    found = f"entry {target} of {self._iss(target) or 'nobody known'}"
                    self._find(
                        "key.power", index, expected="a record of its own", found=found, others=(target,)
                    )

    def _last_good(self) -> None:
        """Rule 3, of revocations. They hold all the same: what they end, they end by number."""
        for index, entry in self.survey.by_kind("revocation"):
            kid, last = entry.payload["kid"], entry.payload["last"]
            target = None if last is None else self.survey.leaves.find(bytes.fromhex(last["leaf"]))
            if target is None:
                continue  # none is good, or its record may still come in: rule 6
            is_its_own = self.survey.signers[self.survey.columns.signers[target]][0] == kid
            if not is_its_own or self.entries.told(target).payload["seq"] != last["seq"]:
                expected = f"number {last['seq']} of key {kid}"
                self._find(
                    "key.last_good", index, expected=expected, found=f"entry {target}", others=(target,)
                )

    def _repeated(self) -> None:
        """Rule 4."""
        for jti, indices in sorted(self._same_jti()):
            first: dict[int, int] = {}
            for index in indices:
                signer = self.survey.columns.signers[index]
                if signer in first:
                    self.survey.columns.flags[index] |= VOID
                first.setdefault(signer, index)
            self._find(
                "record.repeated",
                indices[-1],
                expected="each jti once",
                found=f"jti {jti} in {len(indices)} records",
                others=tuple(indices[:-1]),
            )

    def _same_jti(self) -> Iterator[tuple[str, list[int]]]:
        """Each identifier that stands in several different records. Those of the same bytes were named before."""
        jtis = self.survey.columns.jtis
        parts = -(-len(jtis) // _PART)
        twice: set[int] = set()
        for part in range(parts):
            seen: set[int] = set()
            for jti in jtis:
                if jti % parts == part:
                    if jti in seen:
                        twice.add(jti)
                    seen.add(jti)
        twice.discard(0)  # of records that are none
        alike: dict[str, dict[str, int]] = {}
        for index, jti in enumerate(jtis if twice else ()):
            if jti in twice:
                told = self.entries.told(index)
                alike.setdefault(told.payload["jti"], {}).setdefault(told.leaf, index)
        return ((jti, list(places.values())) for jti, places in alike.items() if len(places) > 1)

    def _chain(self, kid: str, chain: Chain) -> None:
        """Rule 5."""
        if chain.first is not None and chain.first[1].hex() not in (good := self.keyring.first_prevs(kid)):
            index, prev = chain.first
            expected = " or ".join(leaf or "an empty prev, as of a key's first record" for leaf in good)
            self._find("chain.prev", index, expected=expected, found=f"prev {prev.hex() or 'empty'}")
        for fault in chain.faults:
            self._chain_fault(fault)
        last = self.keyring.last_good(kid)
        if last is not None:
            chain.forget_past(last)
        for hole in chain.fold.holes():
            self._hole(hole)

    def _chain_fault(self, fault: ChainFault) -> None:
        others = () if fault.other is None else (fault.other,)
        self._find(fault.rule, fault.index, expected=fault.expected, found=fault.found, others=others)

    def _hole(self, hole: Hole) -> None:
        numbers = f"{hole.first}" if hole.first == hole.last else f"{hole.first} to {hole.last}"
        if hole.is_overdue(self.dating.times, self.limit_s(hole.index)):
            self._find(
                "chain.hole", hole.index, expected=f"number {numbers} of its key", found="no such record"
            )
        else:
            says = f"number {numbers} of {self._iss(hole.index)}: not handed in yet"
            self.open.append(OpenState(Why.NOT_HANDED_IN, "chain.hole", (hole.index,), says))

    def _unknown(self, leaf: bytes, source: int) -> None:
        """Rule 6. A pass that a post was shown is judged with its passage (`pass.unknown`), and not twice."""
        payload = self.entries.told(source).payload
        if payload["evt"] in _SHOWN_A_PASS and payload.get("pass") == leaf.hex():
            return
        covered = self.dating.times.first_covering(source)
        if self.dating.times.has_passed(covered, self.limit_s(source)):
            self._find("reference.unknown", source, expected=f"a record with leaf {leaf.hex()}", found="none")
        else:
            says = f"names {leaf.hex()[:16]}…: not handed in yet"
            self.open.append(OpenState(Why.NOT_HANDED_IN, "reference.unknown", (source,), says))

    def limit_s(self, index: int) -> int | None:
        """The offline limit of the agreement that a record is judged by."""
        agreement = self.keyring.agreement_of(self.survey.columns.versions[index])
        return None if agreement is None else agreement.limits.offline_limit_s


def _of_its_own(entry: Entry) -> tuple[str, ...]:
    """Rule 3: the leaves of what only its own holder may correct or withdraw."""
    payload = entry.payload
    names = ["corrects", "withdraws"]
    if entry.evt == "correction" and "admits" not in payload:
        names.append("of")
    return tuple(dict.fromkeys(payload[name] for name in names if name in payload))
