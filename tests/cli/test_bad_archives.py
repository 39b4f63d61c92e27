"""Archives that somebody has prepared, cut or changed: refused, with the file named, and nothing unpacked."""

from __future__ import annotations

import os
import random
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from safeconduct.adapters.archives import FolderArchive
from tests.cli.typed import Run, check_refused, tree, type_in


def packed(folder: Path) -> dict[str, bytes]:
    archive = FolderArchive(folder)
    return {path: archive.read(path) for path in archive.paths()}


def zipped(file: Path, members: list[tuple[zipfile.ZipInfo | str, bytes]], *, deflated: bool = False) -> None:
    how = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(name, data)


def link_member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "C:\\out", "tile/\x1b[2J", "./policy"])
def test_a_zip_that_leads_out_is_refused_and_nothing_is_unpacked(here: Path, started: Run, name: str) -> None:
    zipped(here / "a.zip", [*packed(here / "out").items(), (name, b"x")])
    before = tree(here.parent)
    for words in (["audit", "a.zip"], ["show", "a.zip", "0"]):
        check_refused(started(here, words), 2, says="is no path inside an archive")
    assert tree(here.parent) == before


def test_a_zip_with_a_link_a_bomb_or_a_name_twice_is_refused(here: Path, started: Run) -> None:
    honest: list[tuple[zipfile.ZipInfo | str, bytes]] = [*packed(here / "out").items()]
    bomb = bytes(300_000_000)
    for members, says in (
        ([*honest, (link_member("attachments/a"), b"/etc/passwd")], "is a link"),
        ([*honest, ("policy", b"quorum none\n")], "stands there twice"),
        ([(name, bomb if name == "checkpoint" else data) for name, data in honest], "checkpoint is larger"),
        ([*honest, ("stray", bomb)], "stray is larger"),
        ([("disclosures.jsonl/", b"") if name == "disclosures.jsonl" else (name, data) for name, data in honest],
         "is a folder"),
        ([], "checkpoint"),
    ):  # fmt: skip
        zipped(here / "a.zip", list(members), deflated=True)
        assert (here / "a.zip").stat().st_size < 1_000_000
        for words in (["audit", "a.zip"], ["show", "a.zip", "0"]):
            check_refused(started(here, words), 2, 5, says=says)


def test_a_zip_that_lies_or_is_cut_or_changed_is_refused(here: Path, started: Run) -> None:
    zipped(here / "a.zip", list(packed(here / "out").items()), deflated=True)
    good = (here / "a.zip").read_bytes()
    assert started(here, ["audit", "a.zip"]).code == 0
    size = len(packed(here / "out")["checkpoint"])
    lies = good.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    for data in (lies, good[:-10], good[: len(good) // 2], good[200:], b"PK\x05\x06" + bytes(18), b""):
        (here / "a.zip").write_bytes(data)
        check_refused(started(here, ["audit", "a.zip"]))
        check_refused(started(here, ["show", "a.zip", "0"]))


def test_a_folder_with_a_link_a_pipe_or_a_stray_file_is_refused(here: Path, started: Run) -> None:
    out = here / "out"
    for make, says in (
        (lambda: (out / "batches").symlink_to("/etc"), "'batches' is a link"),
        (lambda: os.mkfifo(out / "batches"), "'batches' is a link, a device"),
        (lambda: (out / "batches").write_bytes(b"x"), "batches"),
    ):
        make()
        check_refused(started(here, ["audit", "out"]), 2, says=says)
        (out / "batches").unlink()
    moved = here / "policy-elsewhere"
    (out / "policy").rename(moved)
    (out / "policy").symlink_to(moved)
    check_refused(started(here, ["audit", "out"]), 2, says="'policy' is a link")


def test_each_of_20_flipped_bytes_ends_the_audit_with_the_file_or_entry_named(here: Path) -> None:
    """All of them as typed: the command of the story, on an archive that is sound and has no findings."""
    honest = type_in(here, "audit", "out")
    assert honest.code == 0
    assert honest.document["head"]["size"] <= 200
    drawn = random.Random(2_026)  # noqa: S311 - which bytes, not which secrets
    files = packed(here / "out")
    for number in range(20):
        path = sorted(files)[number % len(files)]
        data = bytearray(files[path])
        data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
        (here / "out" / path).write_bytes(data)
        said = type_in(here, "audit", "out")
        assert 1 <= said.code <= 5, (path, said)
        assert path in said.named, (path, said)
        (here / "out" / path).write_bytes(files[path])
