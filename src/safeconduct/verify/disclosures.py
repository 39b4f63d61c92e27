"""`disclosures.jsonl`: what this reader may see, against what the entries committed to (RECORD §7).

Rules, in the order of the code:
 1. Each line is JCS: `disclosures` sorted, `entry`, and `erased` sorted where something was erased; a line is
    not empty. Lines stand in the order of `entry`, one for each.
 2. Each disclosure has its one spelling, and belongs to a field of its entry by its digest.
 3. Each erased digest is one of a field of its entry, and an erasure record names it.
 4. Where a value and the key of its tag are disclosed with one entry, they give the tag that stands there.
 5. The SHA-256 of all digests, sorted and joined (`shares`), is what the newest disclosure record about a reader says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from safeconduct.core.kernel.canonical import parse_canonical
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.kernel.spelling import decode_base64url, encode_base64url, parse_base64url, sha256
from safeconduct.core.record.disclosure import disclosed_value
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.finding import Finding
from safeconduct.core.record.tag import canonical_value, equality_tag
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.verify.entries import Entries
from safeconduct.verify.files import DISCLOSURES
from safeconduct.verify.rules import finding
from safeconduct.verify.runs import AGAIN, RULE, Run, fault_in
from safeconduct.verify.segments import VOID

_COMPARED = frozenset((b"plate_key", b"seal_key", b"vehicle_name"))
"""A record is parsed only if one of these fields is disclosed."""
_FIELD = b'{"_sd":["%s"]}'
"""A private field in canonical text. No string holds this: its quotes would be escaped there."""
_NAMED = 20


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
    share: range
    """First bytes of the digests that are told; the others are of another share."""


@dataclass(slots=True)
class Part:
    """What a run of lines says."""

    lines: int = 0
    first: int = -1
    last: int = -1
    """The entries that its first and last line are about; -1: none."""
    disclosures: int = 0
    digests: list[bytes] = field(default_factory=list)
    """Of a run those of the share in one, sorted; of several runs one each."""
    erased: dict[int, int] = field(default_factory=dict)
    """How many fields are erased by which record."""
    names: list[tuple[str, str, int]] = field(default_factory=list)
    """(IMO number, ship's name, entry), for a rule over all passages."""
    findings: list[Finding] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, later: Part) -> None:
        """Both together; rule 1 for the order of the lines."""
        if later.lines:
            if later.first <= self.last:
                self.faults.append(_out_of_order(self.lines + 1))
            self.last = later.last
        self.lines += later.lines
        self.disclosures += later.disclosures
        self.digests += later.digests
        for record, count in later.erased.items():
            self.erased[record] = self.erased.get(record, 0) + count
        self.names += later.names
        self.findings += later.findings
        self.faults += later.faults
        del self.faults[_NAMED:]

    def all_faults(self) -> tuple[Fault, ...]:
        """Those of the whole file."""
        if not self.lines and not self.faults:
            return (fault_in("nothing is disclosed: then there is no such file", 1),)
        return tuple(self.faults)


def read_run(disclosed: Disclosed, run: Run) -> Part:
    """Rules 1 to 4 for a run of lines."""
    part = Part()
    lines = run.text.split(b"\n")
    if lines.pop():
        part.faults.append(fault_in("the last line does not end", run.first_line + len(lines)))
    if run.fault is not None:
        part.faults.append(run.fault)
    for number, line in enumerate(lines, run.first_line):
        try:
            _Line(disclosed, part, number).read(line)
        except Malformed as error:
            part.faults.extend(error.faults[:_NAMED])
    part.digests = [_sorted_share(disclosed, part.digests)]
    return part


def read_again(disclosed: Disclosed, run: Run) -> bytes:
    """The digests of the share, sorted, of a run that `read_run` found in order: nothing is checked again.

    A line has one spelling, and its texts none that JSON escapes: cut at the quotes, each second piece is one.
    """
    digests: list[bytes] = []
    for line in run.text.split(b"\n")[:-1]:
        disclosures, _, rest = line.partition(b'],"entry":')
        entry, *erased = rest.split(b'"')
        if _is_record(disclosed, int(entry.strip(b",}"))):
            digests += map(sha256, disclosures.split(b'"')[3::2])
            digests += (parse_base64url(text.decode()) for text in erased[2::2])
    return _sorted_share(disclosed, digests)


def _sorted_share(disclosed: Disclosed, digests: Iterable[bytes]) -> bytes:
    share = disclosed.share
    return b"".join(sorted(digest for digest in digests if digest[0] in share))


class _Content(NamedTuple):
    """What a line holds."""

    entry: int
    disclosures: list[bytes]
    erased: Sequence[str]


_BEGIN, _BEFORE_ENTRY = b'{"disclosures":["', b'"],"entry":'


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
        index, disclosures, erased = self._plain(data) or self._parse(data)
        self._place(index)
        if not self._is_record(index):
            return
        text = self.disclosed.entries.payload_text(index)
        values: dict[bytes, Any] = {}
        where, digests, compared = self.where, self.part.digests, False
        for disclosure in disclosures:  # 2
            value = disclosed_value(disclosure, where=where)
            raw = sha256(disclosure)
            digests.append(raw)
            digest = encode_base64url(raw)
            at = text.find(_FIELD % digest)
            if at < 0:
                self._false(index, "a disclosure of one of its fields", f"one with digest {digest.decode()}")
                continue
            values[digest] = value
            compared = compared or text[text.rfind(b'"', 0, at - 2) + 1 : at - 2] in _COMPARED
        for name in erased:  # 3
            self._erased(index, name, text)
        if compared:
            self._compare(json.loads(text), index, values)
        self.part.disclosures += len(disclosures)

    def _is_record(self, index: int) -> bool:
        """Whatever is evidence was read as a record before; where an entry is none, that is a finding."""
        if _is_record(self.disclosed, index):
            return True
        self._false(index, "a record with private fields", "a malformed one")
        return False

    def _compare(self, payload: dict[str, Any], index: int, values: Mapping[bytes, Any]) -> None:
        """Rule 4, and the names of ships: `values` by digest."""
        for name in ("plate", "seal"):
            tag = payload.get(f"{name}_tag")
            value, key = (_revealed(payload.get(field), values) for field in (name, f"{name}_key"))
            if tag is None or value is None or key is None:
                continue
            if self._tag(payload["agr"], name, value, key) != tag:
                self._false(index, f"the {name}_tag that the disclosed value and key give", f"{tag}")
        imo = payload.get("imo")
        if payload["evt"] == "declaration" and imo is not None:
            for line in payload["lines"]:
                value = _revealed(line.get("vehicle_name"), values)
                if type(value) is str:
                    self.part.names.append((imo, value, index))

    def _plain(self, data: bytes) -> _Content | None:
        """Rule 1, for nearly every line. What stands between the quotes is held to its spelling by rule 2."""
        end = data.rfind(_BEFORE_ENTRY)
        entry = data[end + len(_BEFORE_ENTRY) : -1]
        if end < 0 or not (
            data.startswith(_BEGIN) and data.endswith(b"}") and entry.isdigit() and len(entry) < 16
        ):
            return None
        index, disclosures = int(entry), data[len(_BEGIN) : end].split(b'","')
        good = index < self.disclosed.entries.size and b"%d" % index == entry
        return _Content(index, disclosures, ()) if good and disclosures == sorted(set(disclosures)) else None

    def _parse(self, data: bytes) -> _Content:
        """Rule 1."""
        try:
            line: dict[str, Any] = parse_canonical(data, where=self.where)
        except Malformed as error:
            fault = error.faults[0]
            raise Malformed(fault.message, where=self.where, next_step=fault.next_step, rule=RULE) from error
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
        disclosures = [text.encode("utf-8", "replace") for text in line["disclosures"]]
        return _Content(line["entry"], disclosures, line.get("erased", ()))

    def _place(self, entry: int) -> None:
        """Rule 1, within the run."""
        part = self.part
        if part.lines and entry <= part.last:
            part.faults.append(_out_of_order(self.number))
        part.first = part.first if part.lines else entry
        part.last = entry
        part.lines += 1

    def _malformed(self, message: str) -> Malformed:
        return Malformed(message, where=self.where, next_step=AGAIN, rule=RULE)

    def _erased(self, index: int, digest: str, text: bytes) -> None:
        record = self.disclosed.erased_by.get(digest)
        raw = decode_base64url(digest.encode("utf-8", "replace")) or b""
        if len(raw) != 32:
            raise self._malformed("an erased digest is not 32 bytes in base64url")
        self.part.digests.append(raw)
        if _FIELD % digest.encode() not in text:
            self._false(index, "the digest of one of its fields", f"erased {digest}")
        elif record is None:
            self._false(index, "an erasure record that names the digest", f"erased {digest}, by no record")
        else:
            self.part.erased[record] = self.part.erased.get(record, 0) + 1

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

    def _false(self, index: int, expected: str, found: str) -> None:
        leaf = leaf_hash(self.disclosed.entries.read(index)).hex()
        found = f"{self.where}: {found}"
        self.part.findings.append(finding("disclosures.false", index, leaf, expected=expected, found=found))


def _revealed(member: Any, values: Mapping[bytes, Any]) -> Any:
    """The disclosed value of a private field; None where it is none, or not disclosed."""
    return values.get(member["_sd"][0].encode()) if type(member) is dict and "_sd" in member else None


def _is_record(disclosed: Disclosed, index: int) -> bool:
    if disclosed.flags[index] & VOID:
        try:
            parse_entry(disclosed.entries.read(index))
        except Malformed:
            return False
    return True


def _sorted_texts(values: Any) -> bool:
    """Whether it is a list of distinct strings in order."""
    if type(values) is not list or not all(type(value) is str for value in values):
        return False
    return bool(values == sorted(set(values)))


def _out_of_order(line: int) -> Fault:
    return fault_in("the lines are not in the order of their entries", line)
