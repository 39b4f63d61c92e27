"""`disclosures.jsonl`: what this reader may see, against what the entries committed to (RECORD §7).

Rules, in the order of the code:
 1. Each line is JCS: `disclosures` sorted, `entry`, and `erased` sorted where something was erased; a line is
    not empty. Lines stand in the order of `entry`, one for each.
 2. Each disclosure has its one spelling, and belongs to a field of its entry by its digest.
 3. Each erased digest is one of a field of its entry, and an erasure record names it.
 4. Where a value and the key of its tag are disclosed with one entry, they give the tag that stands there.
 5. The SHA-256 of all digests, sorted and joined, is what the newest disclosure record about a reader says.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from safeconduct.core.kernel.canonical import parse_canonical
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.spelling import decode_base64url, parse_base64url, print_base64url
from safeconduct.core.record.disclosure import (
    Place,
    digest_bytes,
    digests_in,
    parse_disclosure,
    private_fields,
)
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.tag import canonical_value, equality_tag
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.verify.entries import Entries
from safeconduct.verify.files import DISCLOSURES
from safeconduct.verify.rules import finding
from safeconduct.verify.segments import VOID

_RULE = "disclosures.spelling"
_COMPARED = tuple(f'"{name}":{{"_sd":["' for name in ("plate_key", "seal_key", "vehicle_name"))
"""What stands before the digests of these fields: a record is parsed only if one of them is disclosed."""
_NAMED = 20
_LONGEST_LINE = 16 * 2**20
_AGAIN = "Ask for it again; a line is what `safeconduct export` writes"


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What the records say about the file."""

    entries: Entries
    corridor: str
    flags: Sequence[int]
    """Of each entry (`segments`)."""
    erased_by: Mapping[str, int]
    """By digest: the erasure record that names it."""
    look_alikes: Mapping[int, Mapping[str, str]]
    """By version of the agreement."""


@dataclass(slots=True)
class Part:
    """What a run of lines says."""

    lines: int = 0
    first: int = -1
    last: int = -1
    """The entries that its first and last line are about; -1: none."""
    disclosures: int = 0
    digests: list[bytes] = field(default_factory=list)
    """Of a run all digests in one, sorted; of several runs one each: a million records have many digests."""
    erased: dict[int, int] = field(default_factory=dict)
    """How many fields are erased by which record."""
    names: list[tuple[str, str, int]] = field(default_factory=list)
    """(IMO number, ship's name, entry), for a rule over all passages."""
    findings: list[Finding] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """Some whole lines of the file; of the last run the end, whole or not."""

    text: bytes
    first_line: int


def runs_of(chunks: Iterable[bytes]) -> Iterator[Run]:
    """The file in runs of lines, in its order."""
    rest, line = b"", 1
    for chunk in chunks:
        text = rest + chunk
        stop = text.rfind(b"\n") + 1
        if stop:
            yield Run(text[:stop], line)
            line += text.count(b"\n", 0, stop)
        rest = text[stop:]
        if len(rest) > _LONGEST_LINE:
            raise Malformed(
                "this line is too long", where=f"{DISCLOSURES} line {line}", next_step=_AGAIN, rule=_RULE
            )
    if rest:
        yield Run(rest, line)


def read_run(disclosed: Disclosed, run: Run) -> Part:
    """Rules 1 to 4 for a run of lines."""
    part = Part()
    lines = run.text.split(b"\n")
    if lines.pop():
        part.faults.append(_fault("the last line does not end", run.first_line + len(lines)))
    for number, line in enumerate(lines, run.first_line):
        try:
            _Line(disclosed, part, number).read(line)
        except Malformed as error:
            part.faults.extend(error.faults[:_NAMED])
    part.digests = [b"".join(sorted(part.digests))]
    return part


def merge(parts: Iterable[Part]) -> Part:
    """All parts as one; rule 1 for the order of the lines."""
    whole = Part()
    for part in parts:
        if part.lines:
            if part.first <= whole.last:
                whole.faults.append(_out_of_order(whole.lines + 1))
            whole.last = part.last
        whole.lines += part.lines
        whole.disclosures += part.disclosures
        whole.digests += part.digests
        for record, count in part.erased.items():
            whole.erased[record] = whole.erased.get(record, 0) + count
        whole.names += part.names
        whole.findings += part.findings
        whole.faults += part.faults
        del whole.faults[_NAMED:]
    if not whole.lines and not whole.faults:
        whole.faults.append(_fault("nothing is disclosed: then there is no such file", 1))
    return whole


def whole_digest(part: Part) -> str:
    """Rule 5: the digest over all digests; at once only those that begin with one byte are taken apart."""
    whole = hashlib.sha256()
    for first in range(256):
        whole.update(b"".join(sorted(chain.from_iterable(_beginning(first, run) for run in part.digests))))
    return whole.hexdigest()


def _beginning(first: int, run: bytes) -> list[bytes]:
    """Those digests of a sorted run that begin with this byte."""
    starts = range(0, len(run), 32)
    low = bisect_left(starts, first, key=run.__getitem__)
    high = bisect_right(starts, first, lo=low, key=run.__getitem__)
    return [run[start : start + 32] for start in starts[low:high]]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, while it is read."""

    disclosed: Disclosed
    part: Part
    number: int

    @property
    def where(self) -> str:
        return f"{DISCLOSURES} line {self.number}"

    def read(self, data: bytes) -> None:
        """Rules 1 to 4."""
        line = self._parse(data)
        index = line["entry"]
        self._place(index)
        if not self._is_record(index):
            return
        text = self.disclosed.entries.payload_text(index)
        known = frozenset(digests_in(text))
        values: dict[str, Any] = {}
        where = self.where
        for disclosure in line["disclosures"]:  # 2
            value = parse_disclosure(disclosure, where=where).value
            raw = digest_bytes(disclosure)
            digest = print_base64url(raw)
            self.part.digests.append(raw)
            if digest in known:
                values[digest] = value
            else:
                self._false(index, "a disclosure of one of its fields", f"one with digest {digest}")
        for digest in line.get("erased", ()):  # 3
            self._erased(index, digest, known=digest in known)
        if any(field + digest in text for digest in values for field in _COMPARED):
            self._compare(json.loads(text), index, values)
        self.part.disclosures += len(line["disclosures"])

    def _is_record(self, index: int) -> bool:
        """Whatever is evidence was read as a record before; where an entry is none, that is a finding."""
        if self.disclosed.flags[index] & VOID:
            try:
                parse_entry(self.disclosed.entries.read(index))
            except Malformed:
                self._false(index, "a record with private fields", "a malformed one")
                return False
        return True

    def _compare(self, payload: dict[str, Any], index: int, values: Mapping[str, Any]) -> None:
        """Rule 4, and the names of ships: `values` by digest."""
        places = private_fields(payload)
        revealed = {place: values[digest] for place, digest in places if digest in values}
        self._tags(payload, index, revealed)
        self._names(payload, index, revealed)

    def _parse(self, data: bytes) -> dict[str, Any]:
        """Rule 1."""
        try:
            line: dict[str, Any] = parse_canonical(data, where=self.where)
        except Malformed as error:
            fault = error.faults[0]
            raise Malformed(fault.message, where=self.where, next_step=fault.next_step, rule=_RULE) from error
        lists = ("disclosures", "erased")
        good = type(line) is dict and {"disclosures", "entry"} <= line.keys() <= {
            "disclosures",
            "entry",
            "erased",
        }
        if not good or not all(_sorted_texts(line[name]) for name in lists if name in line):
            raise self._malformed('this is not {"disclosures":[…],"entry":n} with sorted lists')
        if line.get("erased") == [] or not (line["disclosures"] or "erased" in line):
            raise self._malformed("a list is empty")
        if type(line["entry"]) is not int or not 0 <= line["entry"] < self.disclosed.entries.size:
            raise self._malformed("it names no entry of this log")
        return line

    def _place(self, entry: int) -> None:
        """Rule 1, within the run."""
        part = self.part
        if part.lines and entry <= part.last:
            part.faults.append(_out_of_order(self.number))
        part.first = part.first if part.lines else entry
        part.last = entry
        part.lines += 1

    def _malformed(self, message: str) -> Malformed:
        return Malformed(message, where=self.where, next_step=_AGAIN, rule=_RULE)

    def _erased(self, index: int, digest: str, *, known: bool) -> None:
        record = self.disclosed.erased_by.get(digest)
        raw = decode_base64url(digest.encode("utf-8", "replace")) or b""
        if len(raw) != 32:
            raise self._malformed("an erased digest is not 32 bytes in base64url")
        self.part.digests.append(raw)
        if not known:
            self._false(index, "the digest of one of its fields", f"erased {digest}")
        elif record is None:
            self._false(index, "an erasure record that names the digest", f"erased {digest}, by no record")
        else:
            self.part.erased[record] = self.part.erased.get(record, 0) + 1

    def _tags(self, payload: Mapping[str, Any], index: int, revealed: Mapping[Place, Any]) -> None:
        for name in ("plate", "seal"):
            value, key, tag = (
                revealed.get(name),
                revealed.get(f"{name}_key"),
                payload.get(f"{name}_tag"),
            )
            if value is None or key is None or tag is None:
                continue
            if self._tag(payload["agr"], name, value, key) != tag:
                self._false(index, f"the {name}_tag that the disclosed value and key give", f"{tag}")

    def _tag(self, version: int, name: str, value: Any, key: Any) -> str | None:
        """The tag of a disclosed value; None where value or key are none that have a tag."""
        if type(value) is not str or type(key) is not str:
            return None
        look_alikes = self.disclosed.look_alikes.get(version, {})
        try:
            canonical = canonical_value(value, look_alikes)
            return equality_tag(parse_base64url(key), self.disclosed.corridor, name, canonical)
        except Malformed:
            return None

    def _names(self, payload: Mapping[str, Any], index: int, revealed: Mapping[Place, Any]) -> None:
        imo = payload.get("imo")
        if payload["evt"] == "declaration" and imo is not None:
            for place, value in revealed.items():
                if type(place) is tuple and place[1] == "vehicle_name" and type(value) is str:
                    self.part.names.append((imo, value, index))

    def _false(self, index: int, expected: str, found: str) -> None:
        leaf = leaf_hash(self.disclosed.entries.read(index)).hex()
        found = f"{self.where}: {found}"
        self.part.findings.append(finding("disclosures.false", index, leaf, expected=expected, found=found))


def _sorted_texts(values: Any) -> bool:
    """Whether it is a list of distinct strings in order."""
    if type(values) is not list or not all(type(value) is str for value in values):
        return False
    return bool(values == sorted(set(values)))


def _out_of_order(line: int) -> Fault:
    return _fault("the lines are not in the order of their entries", line)


def _fault(message: str, line: int) -> Fault:
    return Fault(message, f"{DISCLOSURES} line {line}", _AGAIN, _RULE)
