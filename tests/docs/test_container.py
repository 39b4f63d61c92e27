"""`Containerfile` and `compose.yaml`, by hand: what is copied is built, and what is built runs as it is told to."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from safeconduct.cli import serve
from safeconduct.cli.run import Parser
from tests.cli.test_cli_publish import corridor
from tests.docs.test_how_to import ROOT
from tests.docs.test_how_to_http import free_port

STEPS: list[tuple[str, str]] = re.findall(
    r"^([A-Z]+) (.+)$", (ROOT / "Containerfile").read_text().replace("\\\n", " "), re.MULTILINE
)
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COPIED = [name for step, words in STEPS if step == "COPY" for name in words.split()[:-1]]


def only(step: str) -> str:
    (words,) = [words for name, words in STEPS if name == step]
    return words


def health_check() -> list[str]:
    words: list[str] = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    return words


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its last `pip install` makes of what was copied until then, and of nothing else."""
    place = tmp_path_factory.mktemp("built")
    context, installed = place / "context", place / "installed"
    context.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, context / name)
    for path in (context, *context.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    pip, *words = shlex.split([words for step, words in STEPS if step == "RUN"][-1])
    command = [sys.executable, "-m", pip, *words, "--target", str(installed), "--quiet"]
    subprocess.run([*command, "--disable-pip-version-check"], cwd=context, check=True, capture_output=True)
    for path in (context, *context.rglob("*")):
        path.chmod(0o755)  # so that it can be thrown away
    return installed


def test_what_is_copied_is_there_and_is_sent_to_whoever_builds_and_nothing_else_is() -> None:
    assert all((ROOT / name).exists() for name in COPIED)
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(
        name.removeprefix("./") for name in COPIED
    )


def test_what_is_built_holds_every_file_of_the_project(built: Path) -> None:
    def files(folder: Path) -> set[str]:
        found = (path for path in (folder / "safeconduct").rglob("*") if path.is_file())
        return {str(path.relative_to(folder)) for path in found if "__pycache__" not in path.parts}

    assert files(built) == files(ROOT / "src")


def test_the_lock_has_what_the_server_needs_and_what_builds_it() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["server"], "flit-core"]
    assert {re.split(r"[\[<>=]", one)[0] for one in needed} <= locked


def test_its_command_is_one_of_ours_and_its_places_are_mounted() -> None:
    assert json.loads(only("ENTRYPOINT")) == [*PROJECT["scripts"]]
    name, *words = json.loads(only("CMD"))
    assert name == "serve"
    parser = Parser()
    serve.configure(parser)
    told = parser.parse_args(words)
    mounted = [Path(volume.split(":")[1]) for volume in SERVICES["server"]["volumes"]]
    assert {told.folder, told.high_water.parent} <= set(mounted)
    assert str(told.high_water) == SERVICES["server"]["environment"]["SAFECONDUCT_HIGH_WATER"]
    assert only("EXPOSE") == str(told.port)
    assert [port.rsplit(":", 2)[1:] for port in SERVICES["server"]["ports"]] == [[str(told.port)] * 2]
    assert f":{told.port}/health" in health_check()[-1]
    assert SERVICES["server"]["healthcheck"]["test"] == ["CMD", *health_check()]


def test_the_database_is_waited_for_at_its_address_and_keeps_what_it_writes() -> None:
    database = SERVICES["database"]
    assert "--host" in database["healthcheck"]["test"]  # its socket answers before its first start is over
    image = re.search(r"/postgres:(\d+)-", database["image"])
    assert image is not None
    assert int(image[1]) >= 18  # from then on its files lie under this folder
    assert database["volumes"] == ["database:/var/lib/postgresql"]
    named = SERVICES["server"]["environment"]["DATABASE_URL"]
    assert re.fullmatch(r"postgres://corridor:\$\{POSTGRES_PASSWORD:\?.+\}@database/corridor", named)
    assert {database["environment"][f"POSTGRES_{name}"] for name in ("USER", "DB")} == {"corridor"}


def test_what_is_built_serves_is_found_healthy_and_stops_when_it_is_told_to(
    built: Path, tmp_path: Path
) -> None:
    port = str(free_port())
    ask = [sys.executable, *health_check()[1:-1], health_check()[-1].replace("8000", port)]
    assert subprocess.run(ask, check=False, capture_output=True).returncode != 0
    corridor(tmp_path / "corridor", delay="0 s")
    (tmp_path / "high-water").mkdir()
    words = [
        word.replace("/corridor", f"{tmp_path}/corridor").replace("/high-water", f"{tmp_path}/high-water")
        if word.startswith("/") else word
        for word in json.loads(only("CMD"))
    ]  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, built / "bin" / json.loads(only("ENTRYPOINT"))[0], *words, "--port", port],
        env={**os.environ, "PYTHONPATH": str(built)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        while "Stop it with" not in (line := server.stdout.readline()):
            assert line
        assert subprocess.run(ask, check=False, capture_output=True).returncode == 0
        server.send_signal(getattr(signal, only("STOPSIGNAL")))
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    assert (tmp_path / "high-water" / "head").exists()
