"""The demonstration's folder: made anew if it is one of its own, and never half."""

from pathlib import Path

import pytest

from safeconduct.adapters.demo_folder import MARK, fresh_folder
from safeconduct.core.kernel.errors import Conflict, Malformed


def fill(folder: Path, text: str = "one") -> None:
    with fresh_folder(folder) as making:
        (making / "corridor").mkdir()
        (making / "corridor" / "file").write_text(text, encoding="utf-8")


def test_a_folder_of_its_own_is_replaced_as_a_whole(tmp_path: Path) -> None:
    fill(tmp_path / "demo", "one")
    fill(tmp_path / "demo", "two")
    assert (tmp_path / "demo" / "corridor" / "file").read_text(encoding="utf-8") == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_after_an_error_the_older_one_is_still_there(tmp_path: Path) -> None:
    fill(tmp_path / "demo", "one")
    with pytest.raises(ZeroDivisionError), fresh_folder(tmp_path / "demo"):
        raise ZeroDivisionError
    assert (tmp_path / "demo" / "corridor" / "file").read_text(encoding="utf-8") == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    fill(tmp_path / "demo")
    assert (tmp_path / "demo" / MARK).is_file()


@pytest.mark.parametrize("name", ["letter.txt", "corridor"])
def test_somebody_elses_folder_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict):
        fill(tmp_path / "demo")
    assert (tmp_path / "demo" / name).read_text(encoding="utf-8") == "mine"


def test_a_folder_of_its_own_with_a_strangers_file_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path / "demo")
    (tmp_path / "demo" / "notes").write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict):
        fill(tmp_path / "demo")


def test_a_mark_that_says_something_else_is_no_mark(tmp_path: Path) -> None:
    fill(tmp_path / "demo")
    (tmp_path / "demo" / MARK).write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict):
        fill(tmp_path / "demo")


def test_a_link_or_a_file_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for name in ("link", "file"):
        with pytest.raises(Conflict):
            fill(tmp_path / name)


@pytest.mark.parametrize("name", [".", ".."])
def test_the_folder_that_somebody_is_in_is_not_moved_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Malformed):
        fill(Path(name))
    assert tmp_path.is_dir()
