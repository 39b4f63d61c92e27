"""Whatever is changed in an archive after it was signed is noticed, and the file is named.

The one exception: without any `disclosures.jsonl` the report says that there are none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from safeconduct.adapters.archives import open_archive, write_archives
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import Stage
from safeconduct.verify.audit import audit
from safeconduct.verify.report import Report
from tests.stories.told import journey

FLIPS = 2_000
PARTS = 8
DISCLOSURES = "disclosures.jsonl"


@cache
def honest() -> tuple[Stage, dict[str, bytes]]:
    stage = Stage()
    journey(stage)
    stage.close_watches()
    archive = stage.archive()
    report = stage.audit(archive)
    assert (report.exit_code, report.head and report.head.size <= 200) == (0, True)
    return stage, archive.files


@dataclass(frozen=True, slots=True)
class Flip:
    path: str
    place: int
    bit: int


def flips() -> Iterator[Flip]:
    """Evenly over the files, then evenly over their bytes, so that small files are not left out."""
    _, files = honest()
    drawn = random.Random(2_026)  # noqa: S311 - which bits, not which secrets
    for number in range(FLIPS):
        path = sorted(files)[number % len(files)]
        yield Flip(path, drawn.randrange(len(files[path])), drawn.randrange(8))


def flipped(data: bytes, flip: Flip) -> bytes:
    return data[: flip.place] + bytes([data[flip.place] ^ 1 << flip.bit]) + data[flip.place + 1 :]


def names(report: Report, path: str) -> bool:
    """Whether a fault stands at this file, or a finding says its name; a word like *policy* is not enough."""
    places = [fault.where.partition(" ")[0].rstrip(":,") for fault in report.faults]
    said = [f"{finding.expected} {finding.found}" for finding in report.findings]
    return path in places or any(path in words for words in said)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_flipped_bit_is_noticed_and_its_file_is_named(part: int) -> None:
    stage, files = honest()
    missed = []
    for number, flip in enumerate(flips()):
        if number % PARTS == part:
            archive = MemoryArchive({**files, flip.path: flipped(files[flip.path], flip)})
            report = stage.audit(archive)
            if not 1 <= report.exit_code <= 5 or not names(report, flip.path):
                missed.append((flip, report.exit_code, list(report.lines())[:4]))
    assert missed == []


def test_every_removed_file_is_noticed_and_named() -> None:
    stage, files = honest()
    for path in files:
        archive = MemoryArchive({name: data for name, data in files.items() if name != path})
        report = stage.audit(archive)
        if path == DISCLOSURES:
            assert report.exit_code == 0
            assert any("no disclosures in this archive" in line for line in report.lines())
        else:
            assert 1 <= report.exit_code <= 5, path
            assert names(report, path)


def test_every_added_file_is_noticed_and_named() -> None:
    stage, files = honest()
    for path in ("notes.txt", "tile/entries/001.p/1", "tile/9/000.p/1", "attachments/00"):
        report = stage.audit(MemoryArchive({**files, path: b"x"}))
        assert 1 <= report.exit_code <= 5, path
        assert names(report, path)


@pytest.mark.parametrize(
    "change", [bytes.upper, lambda data: data + b"\n", lambda data: data[:-1], lambda _: b""]
)
def test_every_file_has_one_spelling(change: object) -> None:
    assert callable(change)
    stage, files = honest()
    for path, data in files.items():
        if change(data) != data:
            report = stage.audit(MemoryArchive({**files, path: change(data)}))
            assert 1 <= report.exit_code <= 5, path
            assert names(report, path), path


def as_zip(folder: Path, files: Mapping[str, bytes]) -> bytes:
    stage, _ = honest()
    target = folder / "archive.zip"
    write_archives({target: sorted(files.items())}, corridor=stage.cor, size=0)
    data = target.read_bytes()
    target.unlink()
    return data


def audit_zip(folder: Path, data: bytes) -> tuple[int, str]:
    """Exit code and words, of the report or of the error that the command would end with."""
    file = folder / "received.zip"
    file.write_bytes(data)
    try:
        report = audit(open_archive(file), workers=SerialWorkers())
    except SafeconductError as error:
        return error.exit_code, str(error)
    return report.exit_code, "\n".join(report.lines())


def test_every_member_of_a_zip_is_held_to_the_same(tmp_path: Path) -> None:
    _, files = honest()
    assert audit_zip(tmp_path, as_zip(tmp_path, files))[0] == 0
    for flip in islice(flips(), 20 * len(files)):
        changed = {**files, flip.path: flipped(files[flip.path], flip)}
        code, words = audit_zip(tmp_path, as_zip(tmp_path, changed))
        assert 1 <= code <= 5, flip
        assert flip.path in words, flip
    for path in files:
        code, words = audit_zip(
            tmp_path, as_zip(tmp_path, {name: files[name] for name in files if name != path})
        )
        assert (code == 0) == (path == DISCLOSURES)
        assert path in words or path == DISCLOSURES


def test_a_bit_flipped_in_the_content_of_a_zips_member_is_noticed_where_it_lies(tmp_path: Path) -> None:
    """A zip's own tables say nothing that is audited: only its members' content is the archive."""
    _, files = honest()
    packed = as_zip(tmp_path, files)
    for flip in islice(flips(), 20 * len(files)):
        start = packed.index(files[flip.path])  # members are stored as they are
        changed = flipped(packed, Flip(flip.path, start + flip.place, flip.bit))
        code, words = audit_zip(tmp_path, changed)
        assert 1 <= code <= 5, flip
        assert flip.path in words, flip
