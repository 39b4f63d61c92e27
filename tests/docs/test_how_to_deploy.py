"""`deploy.md`, typed: a corridor is served, asked, audited from elsewhere; then prepared for containers."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from safeconduct.sim.stage import corridor_file
from tests.cli.test_cli_publish import corridor
from tests.docs.test_how_to import BIN, DOCS, ROOT, blocks, type_in
from tests.docs.test_how_to_http import free_port
from tests.web.running import running

PLACE, SERVE, ASK, AUDIT, APART = blocks("how-to/deploy.md")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    assert "publication_delay" in corridor_file("agreement.toml")
    corridor(tmp_path / "corridor", delay="0 s")
    return tmp_path


def test_a_stranger_serves_asks_and_audits_as_the_page_says(here: Path) -> None:
    port = free_port()
    assert type_in(PLACE, here)[0] == 0
    words = f"exec {BIN}/{SERVE.strip()} --port {port}"
    server = subprocess.Popen(
        ["bash", "-c", words], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert server.stdout is not None
        said = b"".join(iter(server.stdout.readline, b"")) if server.poll() else server.stdout.readline()
        while b"Stop it with" not in said:
            said += server.stdout.readline()
        identifier = re.findall(r"--corridor ([0-9a-f]{64})", said.decode())[0]
        code, asked = type_in(ASK.replace("8000", port), here)
        assert (code, '"status": "ready"' in asked) == (0, True), asked
        assert "✓ head: a head of" in asked
        audit = AUDIT.replace("8000", port).replace("IDENTIFIER", identifier)
        end = time.monotonic() + 20
        while (answer := type_in(audit, here))[0] == 5 and time.monotonic() < end:
            time.sleep(0.1)
        assert answer[0] == 0, answer[1]
        assert f"✓ sound for corridor {identifier}\n" in answer[1]
        server.terminate()
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()
    assert (here / "elsewhere" / "high-water").exists()


def test_keys_and_vault_may_lie_in_places_of_their_own(here: Path) -> None:
    """As the containers have it: two links stand for what is mounted there."""
    code, said = type_in(APART.replace("/vault/", f"{here}/corridor-vault/"), here)
    assert code == 0, said
    (here / "corridor" / "keys").rmdir()
    (here / "corridor" / "keys").symlink_to(here / "corridor-keys")
    with running(here / "corridor") as served:
        assert served.said["takes_records"]
        served.until_published()
    assert sorted(path.name for path in (here / "corridor-vault").iterdir()) == ["vault.db"]


def test_the_containers_keep_apart_what_the_page_says() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    places = dict(volume.split(":") for volume in services["server"]["volumes"])
    assert places == {
        "./corridor": "/corridor",
        "./corridor-keys": "/corridor/keys",
        "./corridor-vault": "/vault",
        "./high-water": "/high-water",
    }
    assert all("healthcheck" in service for service in services.values())
    assert services["server"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert all(port.startswith("127.0.0.1:") for port in services["server"]["ports"])
    container = (ROOT / "Containerfile").read_text()
    assert "--require-hashes" in container
    assert "\nUSER corridor\n" in container


def test_what_the_page_says_that_is_said_is_said() -> None:
    program = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    text = (DOCS / "how-to" / "deploy.md").read_text(encoding="utf-8")
    table = text.partition("## When it takes no records")[2]
    said = re.findall(r"^\| \*(.+?)\* \|", table, re.MULTILINE)
    assert len(said) == 5
    assert all(words in program for words in said)
