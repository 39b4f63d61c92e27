"""One honest file of every kind that a command reads; and the command without the start of its interpreter."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeconduct.adapters.keys import print_key, print_public_key
from safeconduct.cli.main import main
from safeconduct.sim.stage import SEATS, Stage, corridor_file
from safeconduct.wiring.offline import new_store
from tests.cli.test_demo import few
from tests.cli.typed import Run, Said, heard

SEED = "honest"

STARTED_ALREADY = """
import importlib, json, os, sys, tempfile, traceback
from safeconduct.cli.main import COMMANDS, main
for command in COMMANDS.values():
    importlib.import_module(command.module)
import safeconduct.cli.run
for line in sys.stdin:
    folder, words = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.chdir(folder)
            for number, file in enumerate((open(os.devnull), out, err)):
                os.dup2(file.fileno(), number)
            try:
                code = main(words)
                sys.stdout.flush()
            except BaseException:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = [os.pread(file.fileno(), 1 << 24, 0).decode("latin-1") for file in (out, err)]
    print(json.dumps([code, *said]), flush=True)
"""
"""The command without the start of its interpreter, which would be most of the time of hundreds of runs."""


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One honest file of every kind that a command reads: a corridor `dir`, its archive `out`, and all else."""
    base = tmp_path_factory.mktemp("honest") / "made"
    stage = Stage(SEED, watching=False)
    keys = {name: stage.key(name) for name in ("log", "service")}
    keys |= {f"witness-{seat}": stage.key(f"{seat}/witness") for seat in SEATS}
    with new_store(base / "dir", keys=keys, seed=SEED.encode()) as store:
        stage = Stage(SEED, store=store)
        movement = stage.declare()
        movement.grant()
        seen = movement.arrive()
        movement.enter()
        movement.exit()
        stage.close_watches()
        stage.publish()
        (base / "receipt").write_bytes(stage.receipt(seen))
    (base / "entry").write_bytes(seen.entry)
    (base / "offers").write_bytes(seen.entry + b"\n")
    assert main(["--quiet", "export", str(base / "dir"), str(base / "out"), "--for", "orva"]) == 0
    shutil.copy(base / "out" / "checkpoint", base / "head")
    shutil.copy(base / "out" / "policy", base / "policy")
    for name in ("agreement.toml", "route.geojson"):
        (base / name).write_text(corridor_file(name), encoding="utf-8")
    (base / "mission.jwk").write_text(print_key(stage.key("mission/root")))
    (base / "mission.jwk").chmod(0o600)
    (base / "orva.pub").write_text(print_public_key(stage.key("orva/root").public_key))
    few(base / "examples")
    vectors = Path(__file__).parents[2] / "vectors"
    shutil.copy(vectors / "ed25519" / "edge_points.json", base)
    return base


@pytest.fixture
def here(honest: Path, tmp_path: Path) -> Path:
    shutil.copytree(honest, tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture(scope="session")
def started() -> Iterator[Run]:
    with subprocess.Popen(
        [sys.executable, "-c", STARTED_ALREADY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(here: Path, words: list[str]) -> Said:
            line = [*words, "--json"]
            pipe, answers = process.stdin, process.stdout
            assert pipe is not None
            assert answers is not None
            pipe.write(json.dumps([str(here), line]) + "\n")
            pipe.flush()
            code, out, err = json.loads(answers.readline())
            return heard(line, code, out.encode("latin-1"), err.encode("latin-1"))

        yield run
        assert process.stdin is not None
        process.stdin.close()
