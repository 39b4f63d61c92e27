"""A corridor in its folder that somebody goes on writing, and that gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.core.record.disclosure import digest_of
from safeconduct.service.publication import publish
from safeconduct.sim.hand import Written
from safeconduct.sim.stage import SEATS, Stage
from safeconduct.wiring.offline import new_store, open_store
from tests.cli.test_cli_corridor import Shell

SEED = "recovery"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@dataclass
class Running:
    """A corridor that somebody goes on writing, in its folder."""

    base: Path
    stage: Stage

    @property
    def dir(self) -> Path:
        return self.base / "dir"

    def published(self) -> None:
        """As a server does after each commit."""
        self.stage.publish()
        log = self.stage.log
        policy = self.stage.founding.policy()
        publish(self.stage.store, log.hashes, log.newest, policy, PublishFolder(self.dir / "published"))

    def lost(self) -> None:
        """The disk with the log and the vault is gone."""
        getattr(self.stage.store, "close")()  # noqa: B009 - a store of the tests' own
        for name in ("corridor.db", "vault.db"):
            (self.dir / name).unlink()

    def backed_up(self, shell: Shell) -> None:
        words = ["backup", self.dir, self.base / "a" / "log.db", "--vault", self.base / "b" / "vault.db"]
        assert shell(*words, "--keys", self.base / "c" / "keys") == 0


COPIES = ("a/log.db", "b/vault.db", "c/keys")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    stage = Stage(SEED, watching=False)
    keys = {name: stage.key(name) for name in ("log", "service")}
    keys |= {f"witness-{seat}": stage.key(f"{seat}/witness") for seat in SEATS}
    with new_store(tmp_path / "dir", keys=keys, seed=SEED.encode()) as store:
        stage = Stage(SEED, store=store)
        stage.declare(plate="KM 4711")
        stage.publish()
    stage.store = opened = open_store(tmp_path / "dir")
    stage.open_log()
    yield Running(tmp_path, stage)
    opened.close()


def declared(stage: Stage, plate: str) -> Written:
    """A declaration, logged; its plate is a private value."""
    made = stage.declare(plate=plate).declaration
    assert made is not None
    stage.publish()
    return made


def plate_in(made: Written) -> str:
    """The digest of its plate."""
    return next(
        digest_of(text) for text in made.disclosures if digest_of(text) in made.payload["plate"]["_sd"]
    )


def erase(stage: Stage, digest: str) -> None:
    stage.hand("mission/root").record("erasure", clear={"digests": [digest]})
    stage.publish()
