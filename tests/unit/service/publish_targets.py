"""A place to publish to in memory, and one that fails where it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from safeconduct.core.kernel.errors import Disproved, Unavailable
from safeconduct.core.tlog.tiles import WIDTH, Tile, tiles_of
from safeconduct.service.publication import PUBLIC_HEAD
from safeconduct.service.shown import size_of


@dataclass
class MemoryTarget:
    """Keeps the promises of `PublishTarget`, and checks after each step that no head lacks a tile."""

    files: dict[str, bytes] = field(default_factory=dict)
    settled: dict[str, bytes] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    is_alone: bool = False
    is_damaged: bool = False
    """By the test itself, before anything is published to it."""

    def paths(self, under: str = "") -> list[str]:
        return sorted(path for path in self.files if not under or path.startswith(f"{under}/"))

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, data: bytes, *, immutable: bool) -> bool:
        assert self.is_alone
        if self.files.get(path) == data:
            return False
        if immutable and path in self.files:
            raise Disproved("other bytes", where=path)
        self.files[path] = data
        self.writes.append(path)
        self.check()
        return True

    def remove(self, path: str) -> None:
        assert self.is_alone
        self.files.pop(path, None)
        self.check()

    def settle(self) -> None:
        self.settled = dict(self.files)

    @contextmanager
    def alone(self) -> Iterator[None]:
        assert not self.is_alone
        self.is_alone = True
        try:
            yield
        finally:
            self.is_alone = False

    def check(self) -> None:
        """Whatever head is shown, all of it is there; and it survives a power cut."""
        if "checkpoint" in self.files and not self.is_damaged:
            names = {"policy", *(tile.path for tile in tiles_of(size_of(self.files["checkpoint"])))}
            assert names <= self.files.keys(), names - self.files.keys()
            assert all(self.settled.get(name) == self.files[name] for name in names)
        for path in self.files.keys() - {"policy", "checkpoint", PUBLIC_HEAD}:
            assert Tile.parse(path).width <= WIDTH


@dataclass
class FailingTarget(MemoryTarget):
    """Fails at one operation: before it is done, or after it, with the answer lost."""

    left: int = 0
    done_first: bool = False

    def _step(self, *, after: bool) -> None:
        if after is self.done_first:
            self.left -= 1
            if self.left == 0:
                raise Unavailable("killed here")

    def write(self, path: str, data: bytes, *, immutable: bool) -> bool:
        self._step(after=False)
        written = super().write(path, data, immutable=immutable)
        self._step(after=True)
        return written

    def remove(self, path: str) -> None:
        self._step(after=False)
        super().remove(path)
        self._step(after=True)

    def settle(self) -> None:
        self._step(after=False)
        super().settle()
        self._step(after=True)
