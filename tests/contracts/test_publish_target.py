"""Every place to publish to keeps the numbered promises of `service.publication.PublishTarget`."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeconduct.adapters import publish_folder
from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.core.kernel.errors import Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.service.publication import PublishTarget, publish
from tests.unit.service.publish_targets import MemoryTarget
from tests.unit.service.test_publication import growing, shown, whole


@pytest.fixture(params=["memory", "folder"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> PublishTarget:
    return (
        MemoryTarget(is_damaged=True)
        if request.param == "memory"
        else PublishFolder(tmp_path / "out" / "www")
    )


def test_1_a_file_is_read_as_it_was_written_and_listed_once(target: PublishTarget) -> None:
    with target.alone():
        assert target.write("policy", b"one", immutable=True)
        assert target.write("tile/0/000.p/1", b"two", immutable=True)
        assert not target.write("policy", b"one", immutable=True)
        target.settle()
    assert [*target.paths()] == ["policy", "tile/0/000.p/1"]
    assert [*target.paths("tile/0/000.p")] == ["tile/0/000.p/1"]
    assert [*target.paths("tile/0/001.p")] == []
    assert (target.read("policy"), target.read("tile/0/000.p/1")) == (b"one", b"two")
    assert target.read("checkpoint") is None


def test_2_what_never_changes_stays_and_what_moves_is_replaced(target: PublishTarget) -> None:
    with target.alone():
        target.write("policy", b"one", immutable=True)
        with pytest.raises(Disproved):
            target.write("policy", b"two", immutable=True)
        assert target.write("checkpoint", b"one", immutable=False)
        assert not target.write("checkpoint", b"one", immutable=False)
        assert target.write("checkpoint", b"two", immutable=False)
    assert (target.read("policy"), target.read("checkpoint")) == (b"one", b"two")


def test_what_is_taken_away_is_gone_and_may_be_gone_already(target: PublishTarget) -> None:
    with target.alone():
        target.write("tile/0/000.p/1", b"two", immutable=True)
        target.remove("tile/0/000.p/1")
        target.remove("tile/0/000.p/1")
    assert [*target.paths()] == []
    assert target.read("tile/0/000.p/1") is None


# A folder


def test_no_path_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = PublishFolder(tmp_path / "www")
    with folder.alone():
        for path in ("../secret", "/etc/passwd", "a/../../secret", ".", ""):
            for act in (
                lambda path=path: folder.read(path),
                lambda path=path: folder.write(path, b"x", immutable=False),
                lambda path=path: folder.remove(path),
            ):
                with pytest.raises(Malformed):
                    act()
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_a_folder_where_a_file_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "www" / "policy").mkdir(parents=True)
    folder = PublishFolder(tmp_path / "www")
    with folder.alone(), pytest.raises(SafeconductError):
        folder.write("policy", b"x", immutable=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SafeconductError), PublishFolder(tmp_path / "file").alone():
        pass


def test_4_of_two_programs_one_waits_and_then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_folder, "_PATIENCE_S", 0.2)
    first, second = PublishFolder(tmp_path / "www"), PublishFolder(tmp_path / "www")
    busy = pytest.raises(Unavailable, match="another program is publishing here")
    with first.alone(), busy, second.alone():
        pass
    with second.alone():
        pass


def test_4_the_second_goes_on_once_the_first_is_done(tmp_path: Path) -> None:
    first, entered = PublishFolder(tmp_path / "www"), threading.Event()

    def other() -> None:
        with PublishFolder(tmp_path / "www").alone():
            entered.set()

    with first.alone():
        thread = threading.Thread(target=other)
        thread.start()
        assert not entered.wait(0.2)
    thread.join(5)
    assert entered.is_set()


def test_4_the_lock_of_a_killed_program_is_free(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        descriptor = os.open(tmp_path / "www", os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(writer, b"x")
        signal.pause()
    os.read(reader, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    with PublishFolder(tmp_path / "www").alone():
        pass


CALLS = ("open", "fsync", "unlink", "rmdir", "mkdir", "rename", "replace")
"""What a publication asks of the operating system that leaves something behind."""


class Kill(BaseException):
    """What stops a program right here: nobody catches it."""


def failing(
    count: list[int], how: Callable[[], BaseException], *, done_first: bool
) -> Callable[[Any], Callable[..., Any]]:
    """Wraps a call: of all calls, the one at which the count is used up fails, before or after it is done."""

    def wrap(call: Any) -> Callable[..., Any]:
        def instead(*arguments: Any, **named: Any) -> Any:
            count[0] -= 1
            if count[0] == 0 and not done_first:
                raise how()
            result = call(*arguments, **named)
            if count[0] == 0:
                if isinstance(result, int):
                    os.close(result)
                raise how()
            return result

        return instead

    return wrap


WAYS: dict[str, tuple[Callable[[], BaseException], bool]] = {
    "killed before it": (Kill, False),
    "killed after it": (Kill, True),
    "disk full": (lambda: OSError(errno.ENOSPC, "No space left on device"), False),
    "input/output error": (lambda: OSError(errno.EIO, "Input/output error"), False),
}


@pytest.mark.parametrize("way", WAYS)
def test_5_stopped_at_any_call_the_head_there_is_whole_and_a_repeat_does_the_rest(
    tmp_path: Path, way: str
) -> None:
    how, done_first = WAYS[way]
    scene, heads = growing(250, 300)
    policy, stops = scene.log.founding.policy(), 0

    def put(folder: Path, number: int) -> None:
        publish(scene.store, scene.log.hashes, heads[number], policy, PublishFolder(folder))

    def found(folder: Path) -> dict[str, bytes]:
        archive = PublishFolder(folder)
        return shown(MemoryTarget({path: archive.read(path) or b"" for path in archive.paths()}))

    for left in range(1, 200):
        folder = tmp_path / str(left)
        put(folder, 0)
        count = [left]
        wrap = failing(count, how, done_first=done_first)
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name in CALLS:
                    patch.setattr(os, name, wrap(getattr(os, name)))
                put(folder, 1)
        except (Kill, Unavailable):
            stops += 1
        if count[0] > 0:
            break
        assert found(folder) in (whole(scene, heads[0]), whole(scene, heads[1])), left
        put(folder, 1)
        assert found(folder) == whole(scene, heads[1]), left
        assert not (folder / ".new").exists()
    assert 20 < stops < left


def _publish_for_ever(folder: Path, begun: Any) -> None:
    scene, heads = growing(5, 200, 300, 600)
    begun.set()
    while True:
        for head in heads:
            publish(scene.store, scene.log.hashes, head, scene.log.founding.policy(), PublishFolder(folder))
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()


def test_a_program_that_is_killed_leaves_a_folder_that_the_next_one_completes(tmp_path: Path) -> None:
    scene, heads = growing(5, 200, 300, 600)
    context = multiprocessing.get_context("fork")
    for number in range(5):
        folder, begun = tmp_path / str(number), context.Event()
        child = context.Process(target=_publish_for_ever, args=(folder, begun))
        child.start()
        begun.wait(20)
        child.join(0.02 + 0.013 * number)
        child.kill()
        child.join()
        publish(scene.store, scene.log.hashes, heads[3], scene.log.founding.policy(), PublishFolder(folder))
        archive = PublishFolder(folder)
        files = {path: archive.read(path) or b"" for path in archive.paths()}
        assert shown(MemoryTarget(files)) == whole(scene, heads[3])
