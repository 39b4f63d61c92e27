"""Archives as folders, as .zip and over HTTP: the promises of `verify.ports.ArchiveBytes`, and what is refused."""

from __future__ import annotations

import os
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.adapters import archives
from safeconduct.adapters.archives import (
    FolderArchive,
    ZipArchive,
    check_path,
    largest,
    open_archive,
    write_archives,
)
from safeconduct.adapters.http_archive import open_http_archive
from safeconduct.core.kernel.errors import Conflict, Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, Signature
from safeconduct.verify.ports import ArchiveBytes
from tests.http_server import files_in, serving


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


Write = Callable[[dict[str, bytes]], ArchiveBytes]


def files_of(size: int = 1, first: bytes = b"founding") -> dict[str, bytes]:
    text = Checkpoint("log", size, bytes(32)).print()
    bundle = b"".join(len(entry).to_bytes(2, "big") + entry for entry in [first, *[b"entry"] * (size - 1)])
    note = Note(text, (Signature("log", b"1234", bytes(64)),)).print().encode()
    return {
        "checkpoint": note,
        "policy": b"quorum none\n",
        f"tile/0/000.p/{size}": bytes(32 * size),
        f"tile/entries/000.p/{size}": bundle,
    }


CORRIDOR = sha256(b"founding").hex()


@pytest.fixture(params=["folder", "zip", "http"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Write]:
    target = tmp_path / ("archive.zip" if request.param == "zip" else "archive")
    with ExitStack() as opened:

        def written(files: dict[str, bytes]) -> ArchiveBytes:
            write_archives({target: files.items()}, corridor=CORRIDOR, size=1)
            if request.param != "http":
                return open_archive(target)
            served = opened.enter_context(serving(files_in(target)))
            return opened.enter_context(open_http_archive(served.url))

        yield written


def test_1_2_every_file_is_named_once_and_read_whole(write: Write) -> None:
    archive = write(files_of())
    assert list(archive.paths()) == sorted(files_of())
    assert {path: archive.read(path) for path in archive.paths()} == files_of()
    assert archive.read("policy") == archive.read("policy")


def test_3_a_file_that_is_not_there_is_unavailable(write: Write) -> None:
    with pytest.raises(Unavailable, match="no such file"):
        write(files_of()).read("disclosures.jsonl")


def test_2_another_process_reads_the_same(write: Write) -> None:
    archive = write(files_of())
    assert archive.read("policy")  # the parent's file is open
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, archive.read("checkpoint"))
        os._exit(0)
    os.close(writer)
    assert archive.read("policy") == files_of()["policy"]
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == files_of()["checkpoint"]
    os.waitpid(child, 0)


def test_a_file_larger_than_its_name_allows_is_refused(write: Write) -> None:
    archive = write(files_of() | {"tile/0/000.p/1": bytes(33)})
    with pytest.raises(Malformed, match=r"tile/0/000\.p/1 is larger than 32 bytes"):
        archive.read("tile/0/000.p/1")


def test_the_same_archive_is_the_same_zip_to_the_byte(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_archives({tmp_path / name: files_of().items()}, corridor=CORRIDOR, size=1)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


BAD_PATHS = [
    "/policy",
    "../policy",
    "a/../policy",
    "a//b",
    "./policy",
    "a\\b",
    "a/\x1b[2J",
    "a\nb",
    "C:\\x",
    "",
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_no_path_leads_out_of_an_archive(path: str, tmp_path: Path) -> None:
    (tmp_path / "policy").write_bytes(b"outside")
    (tmp_path / "in").mkdir()
    with pytest.raises(Malformed):
        FolderArchive(tmp_path / "in").read(path)


@pytest.mark.parametrize("path", [path for path in BAD_PATHS if path])
def test_a_zip_whose_member_leads_out_is_refused_with_its_name(path: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr("policy", b"")
        made.writestr(zipfile.ZipInfo(path), b"")
    with pytest.raises(Malformed) as caught:
        ZipArchive(tmp_path / "x.zip").paths()
    assert repr(path) in str(caught.value)


def test_a_zip_with_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr("policy", b"")
        made.writestr("Q", b"")
    data = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(data.replace(b"Q", b"\0"))
    with pytest.raises(Malformed, match="'' hides a part of its name"):
        ZipArchive(tmp_path / "x.zip").paths()


def test_a_zip_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.writestr("policy", b"one")
        made.writestr("policy", b"two")
    with pytest.raises(Malformed, match="'policy' stands there twice"):
        ZipArchive(tmp_path / "x.zip").read("policy")


def test_a_link_in_a_folder_or_a_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "policy").symlink_to(tmp_path / "secret")
    with pytest.raises(Malformed, match="'policy' is a link"):
        FolderArchive(folder).paths()
    with pytest.raises(SafeconductError):
        FolderArchive(folder).read("policy")
    link = zipfile.ZipInfo("policy")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr(link, b"../secret")
    with pytest.raises(Malformed, match="'policy' is a link"):
        ZipArchive(tmp_path / "x.zip").read("policy")


def test_a_pipe_in_a_folder_does_not_hang_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "checkpoint")
    with pytest.raises(Malformed, match="'checkpoint' is a link, a device"):
        FolderArchive(tmp_path).paths()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("checkpoint", bytes(50_000_000))
    assert (tmp_path / "x.zip").stat().st_size < 100_000
    with pytest.raises(Malformed, match="checkpoint is larger than 262144 bytes"):
        ZipArchive(tmp_path / "x.zip").paths()


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("checkpoint", bytes(50_000_000))
    data = path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(Malformed, match=r"cannot be unpacked|larger"):
        ZipArchive(path).read("checkpoint")


def test_a_zip_of_too_many_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MAX_MEMBERS", 2)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        for name in "abc":
            made.writestr(name, b"")
    with pytest.raises(Malformed, match="more than 2 members"):
        ZipArchive(tmp_path / "x.zip").paths()


def test_folders_in_a_zip_are_no_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.mkdir("tile")
        made.writestr("policy", b"")
    assert ZipArchive(tmp_path / "x.zip").paths() == ["policy"]


def test_what_is_no_archive_is_malformed_and_what_is_not_there_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"text")
    with pytest.raises(Malformed, match=r"neither a folder nor a \.zip"):
        open_archive(tmp_path / "text").paths()
    with pytest.raises(Unavailable, match="no such file"):
        open_archive(tmp_path / "nothing")


@settings(max_examples=300)
@given(st.data())
def test_any_damage_to_a_zip_gives_its_content_or_one_of_our_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    sound = tmp_path_factory.getbasetemp() / "sound.zip"
    if not sound.exists():
        write_archives({sound: files_of().items()}, corridor=CORRIDOR, size=1)
    whole = bytearray(sound.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))]))
    try:
        archive = open_archive(path)
        found = {name: archive.read(name) for name in archive.paths()}
    except SafeconductError:
        return
    assert all(found[name] == files_of()[name] for name in found.keys() & files_of().keys())


@given(st.text())
def test_a_path_is_inside_or_refused(path: str) -> None:
    try:
        check_path(path, "")
    except Malformed:
        return
    assert os.path.normpath(path) == path
    assert not Path(path).is_absolute()


@pytest.mark.parametrize("name", ["a\u202egpj", "\U000897e6", "a\u200b", "\x7f", "\ue000", "\udcff"])
def test_a_path_that_readers_would_see_otherwise_is_refused_in_any_python(name: str) -> None:
    check_path("notes/سجل É.txt", "")
    with pytest.raises(Malformed, match="no path inside an archive"):
        check_path(f"notes/{name}", "")


def test_each_file_of_the_layout_has_a_bound() -> None:
    assert largest("tile/0/x001/000") == 8192
    assert largest("tile/entries/000.p/3") == largest("tile/entries/000") == 256 * 65_537
    assert largest("attachments/00") == 256 * 2**20
    assert largest("readme.txt") is None
    assert largest("batches/") is None
    assert largest("tile/0/01") is None


# Writing


def test_an_older_archive_of_the_same_corridor_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "archive"
    write_archives({target: files_of(1).items()}, corridor=CORRIDOR, size=1)
    write_archives({target: files_of(2).items()}, corridor=CORRIDOR, size=2)
    assert FolderArchive(target).paths() == sorted(files_of(2))
    assert names(tmp_path) == ["archive"]


def test_a_newer_archive_is_kept_because_it_proves_what_the_log_has_held(tmp_path: Path) -> None:
    target = tmp_path / "archive"
    write_archives({target: files_of(2).items()}, corridor=CORRIDOR, size=2)
    with pytest.raises(Conflict, match=r"has 2 entries, this one 1.*old copy"):
        write_archives({target: files_of(1).items()}, corridor=CORRIDOR, size=1)
    assert FolderArchive(target).paths() == sorted(files_of(2))


def test_an_archive_of_another_corridor_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "archive.zip"
    write_archives({target: files_of(1, b"another").items()}, corridor=CORRIDOR, size=1)
    before = target.read_bytes()
    with pytest.raises(Conflict, match="another corridor"):
        write_archives({target: files_of(2).items()}, corridor=CORRIDOR, size=2)
    assert target.read_bytes() == before


@pytest.mark.parametrize("stray", ["notes.txt", "tile/notes.txt"])
def test_a_folder_with_somebodys_files_is_kept(tmp_path: Path, stray: str) -> None:
    target = tmp_path / "archive"
    write_archives({target: files_of(1).items()}, corridor=CORRIDOR, size=1)
    (target / stray).write_text("mine")
    with pytest.raises(Conflict, match="nothing is overwritten"):
        write_archives({target: files_of(2).items()}, corridor=CORRIDOR, size=2)
    assert (target / stray).read_text() == "mine"


def test_an_empty_folder_is_used_and_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_archives({tmp_path / "empty": files_of(1).items()}, corridor=CORRIDOR, size=1)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    write_archives({tmp_path / "other": files_of(1).items()}, corridor=CORRIDOR, size=1)
    with pytest.raises(Conflict):
        write_archives({tmp_path / "link": files_of(1).items()}, corridor=CORRIDOR, size=1)


def test_where_one_archive_fails_none_is_there(tmp_path: Path) -> None:
    def broken() -> list[tuple[str, bytes]]:
        raise Unavailable("the store failed")

    class Breaks:
        def __iter__(self) -> object:
            yield "policy", b""
            broken()

    targets = {tmp_path / "out" / "a": files_of().items(), tmp_path / "out" / "b": Breaks()}
    with pytest.raises(Unavailable, match="the store failed"):
        write_archives(targets, corridor=CORRIDOR, size=1)  # type: ignore[arg-type]
    assert names(tmp_path / "out") == []


def test_a_file_where_a_folder_should_be_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Conflict, match="nothing is overwritten"):
        write_archives({tmp_path / "file" / "archive": files_of().items()}, corridor=CORRIDOR, size=1)
