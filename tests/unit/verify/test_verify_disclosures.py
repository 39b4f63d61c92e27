"""`disclosures.jsonl`: its spelling, its values, its whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_base64url, sha256
from safeconduct.core.record.disclosure import digest_of, disclose, parse_disclosure
from safeconduct.core.record.entry import parse_entry
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import Stage
from safeconduct.verify.disclosures import Part
from safeconduct.verify.report import Report
from safeconduct.verify.runs import Run, runs_of, runs_until
from safeconduct.verify.shares import shares_of, whole_digest
from tests.unit.verify.verify_scene import named, said

FILE = "disclosures.jsonl"
Line = dict[str, Any]


@cache
def _played() -> tuple[Stage, tuple[tuple[str, bytes], ...]]:
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    passage.arrive()
    passage.affix_seal("S-1")
    return stage, tuple(stage.archive().files.items())


def lines() -> list[Line]:
    data = dict(_played()[1])[FILE]
    return [parse_canonical(line) for line in data.split(b"\n")[:-1]]


def with_file(data: bytes) -> Report:
    stage, files = _played()
    return stage.audit(MemoryArchive(dict(files) | {FILE: data}))


def with_lines(changed: list[Line]) -> Report:
    return with_file(b"".join(canonical(line) + b"\n" for line in changed))


def test_the_honest_file_is_in_order() -> None:
    report = with_lines(lines())
    assert report.exit_code == 0
    assert report.checked.disclosures == sum(len(line["disclosures"]) for line in lines())


def no_line_feed(told: list[Line]) -> bytes:
    return b"\n".join(map(canonical, told))


def in_another_order(told: list[Line]) -> bytes:
    return _spelled([told[1], told[0], *told[2:]])


def _spelled(told: list[Line]) -> bytes:
    return b"".join(canonical(line) + b"\n" for line in told)


def changed(**members: Any) -> Callable[[list[Line]], bytes]:
    return lambda told: _spelled([{**told[0], **members}, *told[1:]])


def without(member: str) -> Callable[[list[Line]], bytes]:
    return lambda told: _spelled([{name: told[0][name] for name in told[0] if name != member}, *told[1:]])


@pytest.mark.parametrize(
    ("spelled", "line"),
    [
        (lambda _: b"", 1),
        (lambda _: b"\n", 1),
        (lambda _: b"\xff\n", 1),
        (lambda _: b"[]\n", 1),
        (lambda _: b"[" * 100_000 + b"\n", 1),
        (no_line_feed, None),
        (in_another_order, 2),
        (lambda told: _spelled([told[0], *told]), 2),
        (lambda told: b" " + _spelled(told), 1),
        (changed(entry=-1), 1),
        (changed(entry=10**6), 1),
        (changed(entry=True), 1),
        (changed(entry="1"), 1),
        (changed(disclosures=[]), 1),
        (changed(disclosures="x"), 1),
        (changed(disclosures=[1]), 1),
        (changed(disclosures=["b", "a"]), 1),
        (changed(disclosures=["a", "a"]), 1),
        (changed(disclosures=["a"]), 1),
        (changed(erased=[]), 1),
        (changed(erased=["b", "a"]), 1),
        (changed(erased=["AAAA"]), 1),
        (changed(erased=["?"]), 1),
        (changed(more=1), 1),
        (without("entry"), 1),
        (without("disclosures"), 1),
    ],
)
def test_another_spelling_is_malformed_and_its_line_is_named(
    spelled: Callable[[list[Line]], bytes], line: int | None
) -> None:
    report = with_file(spelled(lines()))
    assert said(report) == (2, {"disclosures.spelling"})
    assert report.faults[0].where == f"{FILE} line {len(lines()) if line is None else line}"


def test_of_many_faults_some_are_told() -> None:
    assert len(with_file(b"x\n" * 100).faults) == 20


def other_value(told: list[Line]) -> list[Line]:
    value = disclose(b"s" * 16, "another")
    return [{**told[0], "disclosures": sorted([*told[0]["disclosures"][1:], value])}, *told[1:]]


def of_another_entry(told: list[Line]) -> list[Line]:
    return [{**told[0], "disclosures": told[1]["disclosures"]}, *told[1:]]


def erased_by_no_record(told: list[Line]) -> list[Line]:
    first, *rest = told[0]["disclosures"]
    return [{**told[0], "disclosures": rest, "erased": [digest_of(first)]}, *told[1:]]


def erased_of_no_field(told: list[Line]) -> list[Line]:
    return [{**told[0], "erased": [digest_of("nothing")]}, *told[1:]]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (other_value, {"disclosures.false", "disclosures.digest"}),
        (of_another_entry, {"disclosures.false", "disclosures.digest"}),
        (erased_by_no_record, {"disclosures.false"}),
        (erased_of_no_field, {"disclosures.false", "disclosures.digest"}),
        (lambda told: told[1:], {"disclosures.digest"}),
    ],
)
def test_what_the_entries_did_not_commit_to_is_named(
    change: Callable[[list[Line]], list[Line]], rules: set[str]
) -> None:
    report = with_lines(change(lines()))
    assert said(report) == (1, rules)
    assert all(FILE in finding.found for finding in report.findings)


def test_without_any_disclosure_record_nothing_says_what_a_reader_holds() -> None:
    stage = Stage()
    passage = stage.declare()
    archive = stage.archive("public")
    assert passage.declaration is not None
    index = stage.index_of(passage.declaration)
    archive.files[FILE] = canonical({"disclosures": sorted(passage.declaration.disclosures), "entry": index})
    archive.files[FILE] += b"\n"
    report = stage.audit(archive)
    assert report.rules == {"disclosures.digest"}
    assert "any reader" in report.findings[0].found


def test_what_was_erased_is_said_and_is_no_finding() -> None:
    stage = Stage()
    passage = stage.declare()
    assert passage.declaration is not None
    plate = next(
        text for text in passage.declaration.disclosures if parse_disclosure(text).value == "KM 4711"
    )
    stage.hand("mission/root").record("erasure", clear={"digests": [digest_of(plate)]})
    report = stage.audit()
    erasure = next(n for n, entry in enumerate(stage.entries()) if parse_entry(entry).evt == "erasure")
    assert report.exit_code == 0
    assert report.not_checkable == (f"1 private fields: erased by record {erasure}",)


def tags(**private: Any) -> Report:
    """A declaration whose plate, its key and its tag may not fit."""
    stage = Stage()
    passage = stage.passage()
    passage.goods = ()
    stage_tag = passage.tag("plate", "KM 4711")
    fields = dict.fromkeys(("driver", "name", "plate", "plate_key", "reason", "seal_key", "trip_key"))
    clear = {"class": "humanitarian", "direction": "in", "trip": "one-way", "plate_tag": stage_tag}
    key = passage._printed_key("plate")
    private = {**fields, "plate": "KM 4711", "plate_key": key, **private}
    stage.hand("relief-one").record(
        "declaration", passage=passage.psg, clear=clear, private=private, lines=[]
    )
    return stage.audit()


@pytest.mark.parametrize(
    ("private", "ok"),
    [
        ({}, True),
        ({"plate": "km-4711"}, True),
        ({"plate": None}, True),
        ({"plate_key": None}, True),
        ({"plate": "KM 4712"}, False),
        ({"plate": " "}, False),
        ({"plate": 4711}, False),
        ({"plate_key": "AAAA"}, False),
        ({"plate_key": 1}, False),
        ({"plate_key": "?"}, False),
    ],
)
def test_a_disclosed_value_gives_the_tag_beside_it(*, private: dict[str, Any], ok: bool) -> None:
    assert (named(tags(**private), "disclosures.false") == []) == ok


def test_a_disclosure_of_what_is_no_record_is_false() -> None:
    stage = Stage()
    index = stage.log_raw(b"no record")
    archive = stage.archive()
    data = archive.files.get(FILE, b"")
    line = canonical({"disclosures": [disclose(b"s" * 16, "x")], "entry": index}) + b"\n"
    archive.files[FILE] = data + line
    assert "disclosures.false" in stage.audit(archive).rules


def held() -> tuple[Stage, MemoryArchive]:
    """Disclosed values, an erased one, and a line about what is no record."""
    stage = Stage()
    passage = stage.declare()
    passage.grant()
    assert passage.declaration is not None
    stage.hand("mission/root").record(
        "erasure", clear={"digests": [digest_of(passage.declaration.disclosures[0])]}
    )
    index = stage.log_raw(b"no record")
    archive = stage.archive()
    archive.files[FILE] += canonical({"disclosures": [disclose(b"s" * 16, "x")], "entry": index}) + b"\n"
    return stage, archive


def digests_of(data: bytes) -> list[bytes]:
    """The digests in the file's lines but for the last one, which is about no record."""
    told = [parse_canonical(line) for line in data.split(b"\n")[:-2]]
    shown = [sha256(text.encode()) for line in told for text in line["disclosures"]]
    return shown + [parse_base64url(text) for line in told for text in line.get("erased", ())]


@pytest.mark.parametrize("at_once", [1, 3, 2**19])
def test_the_digest_share_by_share_is_the_digest_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("safeconduct.verify.shares._AT_ONCE", at_once)
    asked: list[str] = []

    def noted(shares: Iterable[tuple[range, list[bytes]]]) -> str:
        asked.append(whole_digest(shares))
        return asked[0]

    monkeypatch.setattr("safeconduct.verify.merge.whole_digest", noted)
    stage, archive = held()
    report = stage.audit(archive)
    assert asked == [sha256(b"".join(sorted(digests_of(archive.files[FILE])))).hex()]
    assert "disclosures.digest" not in report.rules


@pytest.mark.parametrize(("size", "at_once"), [(1, 9), (9, 9), (10, 9), (1000, 9), (1000, 1)])
def test_shares_are_all_first_bytes_each_once(
    monkeypatch: pytest.MonkeyPatch, size: int, at_once: int
) -> None:
    monkeypatch.setattr("safeconduct.verify.shares._AT_ONCE", at_once)
    shares = shares_of(size)
    assert [first for share in shares for first in share] == list(range(256))
    assert all(shares)
    assert len(shares) == min(256, -(-size // at_once))


def chunks_of(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pieces_of_any_size_make_the_same_lines(size: int) -> None:
    data = b"one\ntwo\n\nfour\nhalf"
    runs = list(runs_of(chunks_of(data, size)))
    assert b"".join(run.text for run in runs) == data
    line = 1
    for run in runs:
        assert run.first_line == line
        line += run.text.count(b"\n")
    assert runs[-1] == Run(b"half", 5)


def added(*parts: Part) -> Part:
    whole = Part()
    for part in parts:
        whole.add(part)
    return whole


def test_lines_are_in_order_over_all_runs() -> None:
    assert added(Part(lines=2, first=1, last=4), Part(), Part(lines=1, first=5, last=5)).all_faults() == ()
    (fault,) = added(Part(lines=2, first=1, last=4), Part(lines=1, first=4, last=4)).all_faults()
    assert fault.where == f"{FILE} line 3"


def line_about(entry: int) -> bytes:
    return canonical({"disclosures": ["x" * (entry % 7)], "entry": entry}) + b"\n"


@given(
    entries=st.lists(st.integers(0, 99), unique=True).map(sorted),
    stops=st.lists(st.integers(1, 99), unique=True, min_size=1).map(sorted),
    size=st.integers(1, 400),
)
def test_each_run_has_the_lines_about_entries_below_its_stop(
    entries: list[int], stops: list[int], size: int
) -> None:
    data = b"".join(map(line_about, entries))
    runs = list(runs_until(stops, runs_of(chunks_of(data, size))))
    assert b"".join(run.text for run in runs) == data
    first = 1
    for start, stop, run in zip([0, *stops], [*stops[:-1], 100], runs, strict=False):
        assert run.text == b"".join(line_about(entry) for entry in entries if start <= entry < stop)
        assert run.first_line == first or not run.text
        first += run.text.count(b"\n")


@given(data=st.lists(st.sampled_from([line_about(3), line_about(70), b"{}\n", b"half", b"\n"])).map(b"".join))
def test_lines_in_any_order_are_all_read_once(data: bytes) -> None:
    runs = list(runs_until([10, 50, 100], runs_of([data])))
    assert len(runs) == 3
    assert b"".join(run.text for run in runs) == data


def names_of(*ships: str) -> Report:
    """One IMO number, declared under these names."""
    stage = Stage()
    fields = dict.fromkeys(("driver", "name", "plate", "plate_key", "reason", "seal_key", "trip_key"))
    for ship in ships:
        clear = {"class": "humanitarian", "direction": "in", "trip": "one-way", "imo": "9074729"}
        lines: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"hs": "1001", "quantity": 1, "unit": "TNE"}, {"vehicle_name": ship, "description": "wheat"}),
            ({"hs": "1001", "quantity": 1, "unit": "TNE"}, {"vehicle_name": None}),
        ]
        psg = stage.passage().psg
        stage.hand("relief-one").record("declaration", passage=psg, clear=clear, private=fields, lines=lines)
    return stage.audit()


def test_ships_names_that_are_disclosed_are_compared_over_all_passages() -> None:
    assert named(names_of("Aurora", "Aurora"), "vehicle.two_names") == []
    assert len(named(names_of("Aurora", "Borealis"), "vehicle.two_names")) == 1


def test_a_line_without_end_is_not_waited_for() -> None:
    endless = [b"one\n", *[b"x" * 2**20] * 17]
    *_, last = runs_until([10, 20], runs_of(endless))
    assert last.fault is not None
    assert last.fault.where == f"{FILE} line 2"
    assert with_file(b"".join(endless)).exit_code == Malformed.exit_code
